# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs tenants against a real API server that knows Istio's, KServe's and Gateway API's kinds."""

from __future__ import annotations

import itertools
import os
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.plugins.module_utils.kube.remove import delete_all
from ansible_collections.bentobox.platform.plugins.module_utils.kube.wait import readiness
from ansible_collections.bentobox.platform.plugins.module_utils.tenancy.apply import TenantRun
from ansible_collections.bentobox.platform.plugins.module_utils.tenancy.options import tenant_argument_spec
from ansible_collections.bentobox.platform.tests.support.control_plane import ControlPlane
from ansible_collections.bentobox.platform.tests.support.waiting import eventually

_numbers = itertools.count(1)
Obj = dict[str, Any]
_DEFINITION = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")

NEEDED = (
    "authorizationpolicies.security.istio.io",
    "peerauthentications.security.istio.io",
    "requestauthentications.security.istio.io",
    "referencegrants.gateway.networking.k8s.io",
    "inferenceservices.serving.kserve.io",
)


class Subject:
    """One tenant: run it, look at the cluster."""

    def __init__(self, plane: ControlPlane, name: str) -> None:
        self.plane, self.name = plane, name
        self.client = Client.from_params(plane.params())
        self.warned: list[str] = []

    def __call__(self, *, check: bool = False, diff: bool = True, **options: Any) -> dict[str, Any]:
        """The module's result; an error as it would be reported."""
        validation = ArgumentSpecValidator(tenant_argument_spec()).validate({"name": self.name, **options})
        assert not validation.error_messages
        run = TenantRun(
            self.client, validation.validated_parameters, check_mode=check, diff=diff, warn=self.warned.append
        )
        return run.absent() if options.get("state") == "absent" else run.present()

    def steps(self, **options: Any) -> dict[str, Any]:
        """Check, real, real again, check again. Returns what the first real run returned."""
        mark = self.plane.mark()
        predicted = self(check=True, **options)
        assert self.plane.writes(mark) == []
        done = self(**options)
        assert predicted["changed"] == done["changed"]
        for what in ("created", "updated", "pruned"):
            assert sorted(predicted["objects"][what]) == sorted(done["objects"][what]), what
        mark = self.plane.mark()
        for again in (self(**options), self(check=True, **options)):
            assert not again["changed"], again["objects"]
        assert self.plane.writes(mark) == []
        return done

    def get(self, api_version: str, kind: str, name: str) -> Obj | None:
        return self.client.get_or_none(api_version, kind, name, self.name)

    def may(self, user: str, verb: str, resource: str) -> bool:
        """Whether the API server would let a user do that in the tenant's namespace."""
        group, _dot, name = resource.rpartition("/")
        attributes = {"namespace": self.name, "verb": verb, "group": group, "resource": name}
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {"user": user, "groups": ["system:authenticated"], "resourceAttributes": attributes},
        }
        path = "/apis/authorization.k8s.io/v1/subjectaccessreviews"
        return bool(self.client.request("POST", path, body=review)["status"]["allowed"])


@pytest.fixture
def tenant(control_plane: ControlPlane) -> Subject:
    return Subject(control_plane, f"tenant-{next(_numbers)}")


def _documents() -> Iterator[Obj]:
    """All manifests of the charts and release files that the platform is made of."""
    charts = os.environ.get("BENTOBOX_CHARTS_DIR")
    if not charts:
        from lab.artifacts import ensure  # noqa: PLC0415  # only when the environment names none

        charts = str(ensure(["charts"], stack="inference").charts_dir)
    for chart in (*Path(charts).glob("base-1.*.tgz"), *Path(charts).glob("kserve-crd-*.tgz")):
        with tarfile.open(chart) as archive:
            for entry in archive:
                if entry.name.endswith((".gen.yaml", "inferenceservices.yaml")):
                    file = archive.extractfile(entry)
                    assert file is not None
                    yield from yaml.load_all(file.read(), Loader=yaml.CSafeLoader)
    for path in (Path(charts).parent / "files").glob("gateway-api-*.yaml"):
        yield from yaml.load_all(path.read_bytes(), Loader=yaml.CSafeLoader)


@pytest.fixture(scope="session")
def _definitions() -> list[Obj]:
    found = {obj["metadata"]["name"]: obj for obj in _documents() if obj and obj["metadata"]["name"] in NEEDED}
    assert set(found) == set(NEEDED), f"missing in the charts: {set(NEEDED) - set(found)}"
    return list(found.values())


@pytest.fixture
def definitions(control_plane: ControlPlane, _definitions: list[Obj]) -> None:
    """The kinds of Istio, KServe and Gateway API."""
    client = Client.from_params(control_plane.params())
    for definition in _definitions:
        client.apply(definition, field_manager="tests", force=True, timeout=180)  # KServe's is half a megabyte
    eventually(
        lambda: all(readiness(client.get(*_DEFINITION, name))[0] for name in NEEDED),
        "the definitions are Established",
        180,
    )


@pytest.fixture
def no_definitions(control_plane: ControlPlane) -> None:
    client = Client.from_params(control_plane.params())
    found = [obj for name in NEEDED if (obj := client.get_or_none(*_DEFINITION, name))]
    delete_all(client, found, deadline=time.monotonic() + 180, check_mode=False, progress=lambda text: None)
