# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of an API server behind the API server, while that is away: what is theirs is neither lost nor forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.inventory import installed
from ansible_collections.bentobox.platform.tests.support.control_plane import ControlPlane
from ansible_collections.bentobox.platform.tests.support.waiting import eventually

from .conftest import Engine
from .samples import Obj, config, crd

GROUP = "aggregated.example.com"


class Aggregated:
    """Two API servers: the first passes on what concerns Gadgets to the second."""

    def __init__(self, folder: Path) -> None:
        self.front, self.back = (ControlPlane(folder / name, controller_manager=False) for name in ("front", "back"))
        certificate, key = self.front.authority.issue("aggregator")
        files = {"proxy.crt": certificate, "proxy.key": key, "ca.crt": self.front.authority.certificate}
        for name, text in files.items():
            (folder / name).write_text(text)
        self.front.api_flags = (
            f"--proxy-client-cert-file={folder}/proxy.crt",
            f"--proxy-client-key-file={folder}/proxy.key",
        )
        self.back.api_flags = (
            f"--requestheader-client-ca-file={folder}/ca.crt",
            "--requestheader-username-headers=X-Remote-User",
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        )

    def start(self) -> None:
        self.front.start()
        self.back.start()
        Engine(self.back, "definitions")(crd("gadgets", "Gadget", GROUP, scope="Cluster"))
        port = self.back.port
        spec = {"type": "ExternalName", "externalName": "localhost", "ports": [{"port": port}]}
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "back"}, "spec": spec}
        behind = {
            "apiVersion": "apiregistration.k8s.io/v1",
            "kind": "APIService",
            "metadata": {"name": f"v1.{GROUP}"},
            "spec": {
                "group": GROUP,
                "version": "v1",
                "groupPriorityMinimum": 100,
                "versionPriority": 10,
                "insecureSkipTLSVerify": True,
                "service": {"name": "back", "namespace": "aggregation", "port": port},
            },
        }
        Engine(self.front, "aggregation")(service, behind, wait=True, wait_timeout=120)
        self.until(served=True)

    def until(self, *, served: bool) -> None:
        """The first API server asks the second now and then."""
        discovery = Engine(self.front, "").client.discovery

        def seen() -> bool:
            discovery.forget()
            return (discovery.preferred(GROUP, "Gadget") is not None) is served

        eventually(seen, f"served: {served}", 120, 0.5)

    @contextmanager
    def away(self) -> Iterator[None]:
        self.back.stop_api()
        try:
            self.until(served=False)
            yield
        finally:
            self.back.start_api()
            self.until(served=True)


@pytest.fixture(scope="module")
def aggregated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Aggregated]:
    servers = Aggregated(tmp_path_factory.mktemp("aggregated"))
    try:
        servers.start()
        yield servers
    finally:
        servers.front.stop()
        servers.back.stop()


def gadget(name: str) -> Obj:
    return {"apiVersion": f"{GROUP}/v1", "kind": "Gadget", "metadata": {"name": name}}


def about(engine: Engine) -> dict[str, Any]:
    return next(found for found in installed(Client.from_params(engine.plane.params()), engine.name, None))


def test_what_cannot_be_seen_stays_recorded_and_is_pruned_later(aggregated: Aggregated) -> None:
    engine = Engine(aggregated.front, "recorded")
    engine(config(x="1"), gadget("kept-in-mind"))
    with aggregated.away():
        predicted = engine(config(x="2"), check=True)
        done = engine(config(x="2"))
        again = engine(config(x="2"))
        told = about(engine)
    for result in (predicted, done, again):
        assert result["objects"]["pruned"] == []
        assert f"the API server of Gadget.{GROUP} does not answer" in result["warnings"][0]
    assert predicted["objects"] == done["objects"]
    assert done["objects"]["updated"][-1] == "ConfigMap recorded/a"
    assert not again["changed"], again["objects"]
    assert told["missing"] == []
    assert told["not_ready"] == [f"Gadget.{GROUP}: its API server does not answer"]
    last = engine(config(x="2"))
    assert last["objects"]["pruned"] == ["Gadget kept-in-mind"]
    assert "warnings" not in last


def test_what_cannot_be_seen_is_not_left_behind(aggregated: Aggregated) -> None:
    engine = Engine(aggregated.front, "removed")
    engine(config(x="1"), gadget("not-forgotten"))
    with aggregated.away():
        for check in (True, False):
            with pytest.raises(KubeError, match=r"does not answer.*delete its APIService"):
                engine(state="absent", check=check)
        assert engine.get("ConfigMap", "a")
    done = engine(state="absent")
    assert done["objects"]["pruned"][0] == "Gadget not-forgotten"
