# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs components against a real API server."""

from __future__ import annotations

import itertools
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.plugins.module_utils.kube.component import run
from ansible_collections.bentobox.platform.plugins.module_utils.kube.component_spec import component_argument_spec
from ansible_collections.bentobox.platform.tests.support.control_plane import ControlPlane

_numbers = itertools.count(1)


class Engine:
    """One component in a namespace of its own: run it, look at the cluster."""

    def __init__(self, plane: ControlPlane, name: str) -> None:
        self.plane = plane
        self.name = self.namespace = name
        self.client = Client.from_params(plane.params())
        self.said: list[str] = []

    def __call__(self, *manifests: Any, check: bool = False, diff: bool = False, **options: Any) -> dict[str, Any]:
        """The module's result; a KubeError as it would be reported."""
        args = {
            **self.plane.params(),
            "name": self.name,
            "namespace": self.namespace,
            "wait": options.get("state") == "absent",
            "manifests": list(manifests),
            **options,
        }
        validation = ArgumentSpecValidator(component_argument_spec()).validate(args)
        assert not validation.error_messages
        return run(validation.validated_parameters, check, diff, self.said.append)

    def get(self, kind: str, name: str, api_version: str = "v1") -> dict[str, Any] | None:
        return self.client.get_or_none(api_version, kind, name, self.namespace)

    def version(self, kind: str, name: str, api_version: str = "v1") -> str:
        obj = self.get(kind, name, api_version)
        assert obj is not None
        return obj["metadata"]["resourceVersion"]

    def steps(self, *manifests: Any, **options: Any) -> list[dict[str, Any]]:
        """Check, real, real again, check again: the prediction is right, a repetition changes nothing."""
        mark = self.plane.mark()
        predicted = self(*manifests, check=True, **options)
        assert self.plane.writes(mark) == []
        done = self(*manifests, **options)
        assert predicted["changed"] == done["changed"]
        for what in ("created", "updated", "pruned"):
            assert sorted(predicted["objects"][what]) == sorted(done["objects"][what]), what
        again = self(*manifests, **options)
        checked = self(*manifests, check=True, **options)
        assert not again["changed"], again["objects"]
        assert not checked["changed"], checked["objects"]
        return [predicted, done, again, checked]


class Reaction(list[str]):
    """Lines of progress; at the first one with that text something happens before the run goes on."""

    def __init__(self, text: str, happens: Callable[[], object]) -> None:
        super().__init__()
        self.text, self.happens, self.happened = text, happens, False

    def append(self, line: str) -> None:
        super().append(line)
        if self.text in line and not self.happened:
            self.happened = True
            self.happens()


@pytest.fixture
def engine(control_plane: ControlPlane) -> Engine:
    return Engine(control_plane, f"component-{next(_numbers)}")


@pytest.fixture(scope="session")
def helm_binary() -> str:
    """Helm, from BENTOBOX_HELM_BINARY, PATH or the lab's artifacts."""
    found = os.environ.get("BENTOBOX_HELM_BINARY") or shutil.which("helm")
    if found:
        return found
    try:
        from lab.artifacts import ensure  # noqa: PLC0415  # only when there is none

        return str(ensure(["programs"]).bin("helm"))
    except Exception as error:
        pytest.fail(f"no helm ({error}): put it on PATH, set BENTOBOX_HELM_BINARY, or run 'python -m lab build'")


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """A web server for the files of a folder; its address."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def other_tool(control_plane: ControlPlane) -> Callable[..., Any]:
    """kubectl, as somebody else would use it."""
    return control_plane.run_kubectl


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """A chart of our own with what charts are made of: CRDs, hooks, capabilities, namespaces left out."""
    folder = tmp_path / "sample"
    (folder / "templates").mkdir(parents=True)
    (folder / "crds").mkdir()
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: sample\nversion: 1.2.3\nkubeVersion: '>=1.25.0-0'\n")
    (folder / "values.yaml").write_text("greeting: hello\npassword: ''\nbroken: false\n")
    (folder / "crds/gadgets.yaml").write_text(CRD_TEXT)
    (folder / "templates/all.yaml").write_text(TEMPLATE)
    return folder


CRD_TEXT = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: gadgets.sample.example.com}
spec:
  group: sample.example.com
  scope: Namespaced
  names: {kind: Gadget, plural: gadgets, singular: gadget, listKind: GadgetList}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, x-kubernetes-preserve-unknown-fields: true}}
"""
TEMPLATE = """\
{{- if .Values.broken }}{{ fail (printf "cannot go on with %s" .Values.password) }}{{ end }}
apiVersion: v1
kind: ConfigMap
metadata: {name: sample}
data:
  greeting: {{ .Values.greeting | quote }}
  kubernetes: {{ .Capabilities.KubeVersion.Version | quote }}
  deployments: {{ .Capabilities.APIVersions.Has "apps/v1/Deployment" | quote }}
  routes: {{ .Capabilities.APIVersions.Has "route.openshift.io/v1" | quote }}
  release: {{ .Release.Name | quote }}
---
apiVersion: v1
kind: Secret
metadata: {name: sample}
stringData:
  password: {{ .Values.password | quote }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: before, annotations: {"helm.sh/hook": "pre-install,pre-upgrade", "helm.sh/hook-weight": "-5"}}
---
apiVersion: v1
kind: Pod
metadata: {name: tested, annotations: {"helm.sh/hook": test}}
spec: {containers: [{name: c, image: busybox}]}
---
apiVersion: sample.example.com/v1
kind: Gadget
metadata: {name: one}
spec: {size: 1}
"""
