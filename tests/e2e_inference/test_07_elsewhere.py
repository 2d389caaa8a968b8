# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What something else than KServe serves, as Yatai does: outside of the mesh, behind the same gateway."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.support.waiting import eventually

from .client import Client
from .colours import coloured

Module = Callable[..., dict[str, Any]]
SPACE = "elsewhere"
PATH = "/tenant-a/plain/predict"
ROUTE = {"name": "plain", "tenant": "tenant-a", "backends": [{"service": "plain", "namespace": SPACE, "port": 3000}]}


@pytest.fixture(scope="module")
def plain(cluster: Cluster, module: Module) -> Iterator[None]:
    [container] = coloured("plain")["predictor"]["containers"]
    labels = {"app": "plain"}
    meta = {"name": "plain", "namespace": SPACE}
    manifests = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {**meta, "labels": labels},
            "spec": {"containers": [container]},
        },
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": meta,
            "spec": {"selector": labels, "ports": [{"port": 3000, "targetPort": 8080}]},
        },
    ]
    made = module("component", name="plain", namespace=SPACE, manifests=manifests)
    assert not made["failed"], made["msg"]
    yield
    for name, arguments in (
        ("model_route", {"name": "plain", "tenant": "tenant-a"}),
        ("component", {"name": "plain", "namespace": SPACE, "purge": True}),
    ):
        gone = module(name, **arguments, state="absent")
        assert not gone["failed"], gone["msg"]


def test_the_same_tokens_count(plain: None, module: Module, client: Client) -> None:
    done = module("model_route", **ROUTE)
    assert not done["failed"], done["msg"]
    assert done["urls"] == ["https://api.inference.local/tenant-a/plain"]
    answer = eventually(lambda: (found := client.ask(PATH, None)).status == 200 and found, "it answers", 60, 1)
    assert answer.text == "plain"
    assert client.ask(PATH, None, tenant=None).status == 401
    assert client.ask(PATH, None, tenant="tenant-b").status == 403


def test_a_namespace_that_is_given_to_a_tenant_is_closed_to_others(
    plain: None, module: Module, cluster: Cluster
) -> None:
    patch = json.dumps({"metadata": {"labels": {"bentobox.platform/tenant": "tenant-b"}}})
    cluster.kubectl("patch", "namespace", SPACE, "--type=merge", "-p", patch)
    done = module("model_route", **{**ROUTE, "name": "second"})
    assert done["failed"]
    assert f"Service {SPACE}/plain belongs to tenant 'tenant-b'" in done["msg"]
