# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One lab with the inference platform for all tests of this folder, in the order of the files.

BENTOBOX_E2E_LAB=name uses the lab of that name, raises it when it is not up, and leaves it up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.e2e.helpers.fixtures import (  # noqa: F401
    shared_cluster,
    shared_playbooks,
)
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Playbooks, Run
from ansible_collections.bentobox.platform.tests.e2e.helpers.raised import Lab, raised
from ansible_collections.bentobox.platform.tests.support.modules import run_module

from .client import API, OPENAI, Client

TENANTS = ("tenant-a", "tenant-b", "tenant-c")
Module = Callable[..., dict[str, Any]]


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with raised("e2e-inference", stack="inference") as lab:
        yield lab


@pytest.fixture(scope="session")
def installed(lab: Lab, playbooks: Playbooks) -> Run:
    """README's command: the playbook, a token, and the line that asks for a prediction."""
    return playbooks.finish(playbooks.make("up", "make up, first", **lab.variables_of_make), 1800).ok()


@pytest.fixture(scope="session")
def module(installed: Run, lab: Lab) -> Module:
    """Runs a module of the collection against the lab's cluster."""
    kubeconfig = str(lab.path("kubeconfig"))

    def call(module_name: str, /, **arguments: Any) -> dict[str, Any]:
        return run_module(module_name, {"kubeconfig": kubeconfig, **arguments}, timeout=600)

    return call


@pytest.fixture(scope="session")
def client(module: Module, cluster: Cluster) -> Client:
    tokens = {tenant: module("jwt_token", subject="e2e", tenant=tenant, ttl=7200)["token"] for tenant in TENANTS}
    edge = cluster.get("/api/v1/namespaces/istio-system/services/istio-ingressgateway")
    authority = cluster.secret("inference-gateway", "predict-gateway-tls")["ca.crt"]
    return Client(dict.fromkeys((API, OPENAI), edge["spec"]["clusterIP"]), authority, tokens)
