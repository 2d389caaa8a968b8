# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The API server goes away in the middle of a run, or the network does: it is waited for, and nothing is lost."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import Unavailable
from ansible_collections.bentobox.platform.tests.support.cutter import Cutter

from .conftest import Engine, Reaction
from .samples import config, deployment, secret


def workload() -> list[dict[str, Any]]:
    """Something for each of three waves; what happens after the first one hits the others."""
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "v"}}
    service |= {"spec": {"selector": {"app": "d"}, "ports": [{"port": 80, "protocol": "TCP"}]}}
    return [*(config(f"c{number}", x="1") for number in range(30)), secret(p="x"), service, deployment()]


FIRST_WAVE = "access and configuration: 31 created"


@pytest.mark.parametrize("how", ["stopped", "hanging"])
def test_it_goes_away_in_the_middle_and_comes_back(engine: Engine, how: str) -> None:
    plane = engine.plane
    stop, start = (plane.stop_api, plane.start_api) if how == "stopped" else (plane.pause, plane.resume)
    timer = threading.Timer(3, start)

    def go_away() -> None:
        stop()
        timer.start()

    engine.said = Reaction(FIRST_WAVE, go_away)
    done = engine(*workload(), wait_timeout=120)
    timer.join()
    assert len(done["objects"]["created"]) == 35  # with the namespace and the record
    if how == "stopped":
        lost = [line for line in engine.said if "cannot reach" in line]
        assert len(lost) == 1, engine.said
        assert lost[0].startswith(f"{engine.name}: cannot reach the API server {plane.host}: ")
        assert lost[0].endswith("Connection refused; trying again")
        assert f"{engine.name}: the API server {plane.host} answers again" in engine.said
    assert not engine(*workload())["changed"]


def test_it_stays_away_for_longer_than_the_timeout(engine: Engine) -> None:
    engine.said = Reaction(FIRST_WAVE, engine.plane.stop_api)
    try:
        with pytest.raises(Unavailable, match=r"cannot reach .*refused; raise wait_timeout to wait longer for it"):
            engine(*workload(), wait_timeout=5)
    finally:
        engine.plane.start_api()
    _, done, _, _ = engine.steps(*workload())
    assert sorted(done["objects"]["created"]) == [f"Deployment {engine.name}/d", f"Service {engine.name}/v"]


def test_it_refuses_for_a_moment_what_it_allows(engine: Engine) -> None:
    """An API server answers before it knows who may do what: everybody but its own group is forbidden everything."""
    engine.plane.run_kubectl("create", "clusterrolebinding", engine.name, "--clusterrole=cluster-admin", "--user=bob")
    bob = Client.from_params(engine.plane.params(impersonate_user="bob"))
    bob.list("v1", "ConfigMap")
    engine.plane.stop_api()
    with pytest.raises(Unavailable):
        bob.request("GET", "/version", retry_for=0.0)
    engine.plane.start_api(wait=False)
    try:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", engine.plane.port)):
                break
        assert bob.list("v1", "ConfigMap")
    finally:
        engine.plane.wait_ready()


def test_it_goes_away_while_a_component_is_taken_away(engine: Engine) -> None:
    held = config("held", x="1")
    held["metadata"]["finalizers"] = ["example.com/held"]
    engine(*workload()[:-1], held)  # no Deployment: the controllers are slow to find back to a new API server

    def come_back() -> None:
        engine.plane.start_api()
        engine.client.patch("v1", "ConfigMap", "held", engine.namespace, {"metadata": {"finalizers": None}})

    timer = threading.Timer(3, come_back)

    def go_away() -> None:
        engine.plane.stop_api()
        timer.start()

    engine.said = Reaction("waiting until 1 deleted objects are gone", go_away)
    done = engine(state="absent", wait_timeout=120)
    timer.join()
    assert len(done["objects"]["pruned"]) == 34  # with the record
    assert not engine(state="absent")["changed"]


def test_connections_are_reset_in_requests_and_in_answers(engine: Engine) -> None:
    generate = [{"name": f"made-{number}", "keys": {"password": {}}} for number in range(8)]
    with Cutter(engine.plane.port, seed=7) as network:
        options = {"host": f"https://127.0.0.1:{network.port}", "wait_timeout": 120, "generate_secrets": generate}
        network.left = 20
        done = engine(*workload(), **options)
        assert min(network.cut.values()) >= 3, network.cut
        known = sorted(done["objects"]["created"] + done["objects"]["updated"])
        assert len(known) == len(set(known)) == 43  # with the namespace, the record and what was generated
        assert not engine(*workload(), generate_secrets=generate)["changed"]
        network.left, network.most_bytes = 4, 600  # in the handshake
        done = engine(config("other", x="1"), **options)
        assert len(done["objects"]["pruned"]) == 33
        network.left = 4
        done = engine(state="absent", **options)
        assert sorted(done["objects"]["pruned"]) == [
            f"ConfigMap {engine.name}/other",
            f"Secret {engine.name}/{engine.name}",
        ]
    assert network.left < 4
    assert not engine(state="absent")["changed"]
