# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The other order of the path: clients reach the Gateways themselves, and the mesh is behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Playbooks
from ansible_collections.bentobox.platform.tests.support.modules import done
from ansible_collections.bentobox.platform.tests.support.waiting import eventually

from .client import API, OPENAI, SETOSA, Client

Module = Callable[..., dict[str, Any]]
SERVICES = {API: "predict-gateway", OPENAI: "openai-gateway"}
ROUTE = {"name": "limited", "tenant": "tenant-a", "path_prefix": "/limited"}
LIMITED = "/limited/v1/models/sklearn-iris:predict"


def turn(playbooks: Playbooks, edge: str) -> None:
    extra = {"gateway_edge": edge}
    playbooks.run("inference", "--tags", "gateway", title=f"edge {edge}", extra=extra, timeout=300).ok()


def edges(cluster: Cluster) -> list[Any]:
    return cluster.items("/apis/networking.istio.io/v1/namespaces/inference-gateway/virtualservices")


@pytest.fixture(scope="module")
def direct(client: Client, playbooks: Playbooks, cluster: Cluster) -> Iterator[Client]:
    """A client that goes to Envoy Gateway's Services, with no edge of Istio in front."""
    turn(playbooks, "envoy")
    services = "/api/v1/namespaces/envoy-gateway-system/services"
    addresses = {host: cluster.get(f"{services}/{name}")["spec"]["clusterIP"] for host, name in SERVICES.items()}
    yield Client(addresses, client.authority, client.tokens)
    turn(playbooks, "istio")
    assert edges(cluster)
    eventually(lambda: client.ask().status == 200, "the edge of Istio answers again", 60, 1)


def test_istio_has_no_edge_any_more(direct: Client, cluster: Cluster) -> None:
    assert not edges(cluster)


def test_tokens_decide(direct: Client) -> None:
    answer = direct.ask()
    assert (answer.status, answer.json) == (200, {"predictions": ["setosa"]})
    assert direct.ask(tenant=None).status == 401
    assert direct.ask(tenant="tenant-b").status == 403
    assert direct.ask(tenant="tenant-b", x_jwt_tenant="tenant-a").status == 403


def test_language_model(direct: Client) -> None:
    answer = direct.chat(seed=1)
    assert answer.status == 200, answer.text
    assert answer.json["usage"]["total_tokens"] > 0
    assert direct.chat(tenant=None).status == 401
    assert direct.chat(tenant="tenant-b").status == 403
    assert direct.chat("tenant-a/nothing").status == 404


def test_unknown_path_is_a_clean_404(direct: Client) -> None:
    answer = direct.ask("/nowhere", None, tenant=None)
    assert (answer.status, answer.json["error"]["code"]) == (404, 404)


def test_limits_count(direct: Client, module: Module) -> None:
    limits = {"requests": {"count": 5, "unit": "hour"}}
    done(module("model_route", **ROUTE, backends=[{"inference_service": "sklearn-iris"}], limits=limits))
    try:
        eventually(lambda: direct.ask(LIMITED, SETOSA).status == 429, "the limit is in force", 60, 0.2)
        assert direct.ask().status == 200
    finally:
        done(module("model_route", **ROUTE, state="absent"))
