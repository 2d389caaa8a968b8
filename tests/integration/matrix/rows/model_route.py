# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.bentobox.platform.tests.integration.matrix.row import KUBE, Row

LISTENER = {"name": "http", "port": 80, "protocol": "HTTP"}
SITE = [
    {
        "apiVersion": "gateway.networking.k8s.io/v1",
        "kind": "Gateway",
        "metadata": {"name": "predict"},
        "spec": {"gatewayClassName": "envoy-gateway", "listeners": [LISTENER]},
    },
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "iris"}, "spec": {"ports": [{"port": 80}]}},
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "iris-b"}, "spec": {"ports": [{"port": 80}]}},
    {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "envoy-gateway-config"},
        "data": {"envoy-gateway.yaml": "rateLimit: {backend: {type: Redis}}"},
    },
]
SPACE = "{{ namespace }}"
COMPONENT = {**KUBE, "name": "site", "namespace": SPACE, "manifests": SITE, "wait": False}

ROW = Row(
    needs=("gateway_kinds",),
    setup=({"bentobox.platform.component": COMPONENT},),
    # No gateway runs here: what they say is tests/integration/serving/test_model_route.py's.
    common={
        **KUBE, "name": "iris", "tenant": SPACE, "namespace": SPACE, "gateway_namespace": SPACE,
        "envoy_gateway_namespace": SPACE, "wait": False,
    },
    create={"backends": [{"service": "iris"}], "models": ["iris"], "limits": {"requests": {"count": 5}}},
    modify={
        "backends": [{"service": "iris"}, {"service": "iris-b", "headers": {"x-variant": "b"}}],
        "models": ["iris", "flowers"],
    },
    delete={"state": "absent"},
    predicts=("urls", "models", "objects", "diff"),
    # Check mode marks what it could not ask the API server about.
    masks=(r" \(predicted\)$",),
)  # fmt: skip
