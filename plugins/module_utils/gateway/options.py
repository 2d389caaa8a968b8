# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the module model_route, for the module and for the action plugin that runs it in-process."""

from __future__ import annotations

from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.kube.options import kube_argument_spec

UNITS = ["second", "minute", "hour", "day"]


def route_argument_spec() -> dict[str, Any]:
    backend = {
        "inference_service": {"type": "str"},
        "service": {"type": "str"},
        "namespace": {"type": "str"},
        "port": {"type": "int", "default": 80},
        "weight": {"type": "int", "default": 1},
        "model": {"type": "str"},
        "prefix": {"type": "str"},
        "headers": {"type": "dict"},
    }
    jwt = {
        "provider": {"type": "str", "default": "jwt-issuer"},
        "issuer": {"type": "str", "default": "bentobox"},
        "audiences": {"type": "list", "elements": "str"},
        "jwks_config_map": {"type": "str", "default": "jwks"},
    }
    limit = {
        "type": "dict",
        "options": {
            "count": {"type": "int", "required": True},
            "unit": {"type": "str", "choices": UNITS, "default": "minute"},
        },
    }
    return {
        **kube_argument_spec(),
        "name": {"type": "str", "required": True},
        "tenant": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "kind": {"type": "str", "choices": ["predict", "openai"], "default": "predict"},
        "namespace": {"type": "str", "default": "inference-gateway"},
        "backends": {
            "type": "list",
            "elements": "dict",
            "options": backend,
            "required_one_of": [["inference_service", "service"]],
            "mutually_exclusive": [["inference_service", "service"]],
        },
        "models": {"type": "list", "elements": "str"},
        "protocols": {"type": "list", "elements": "str", "choices": ["v1", "v2"], "default": ["v1", "v2"]},
        "path_prefix": {"type": "str"},
        "strip_prefix": {"type": "bool", "default": True},
        "domain": {"type": "str", "default": "inference.local"},
        "hostname": {"type": "str"},  # "host" is the API server's
        "jwt": {"type": "dict", "options": jwt, "apply_defaults": True},
        "limits": {"type": "dict", "options": {"requests": limit, "tokens": {**limit, "no_log": False}}},
        "timeouts": {
            "type": "dict",
            "apply_defaults": True,
            "options": {"request": {"type": "int", "default": 120}, "backend_request": {"type": "int"}},
        },
        "gateway": {"type": "str"},
        "gateway_namespace": {"type": "str", "default": "inference-gateway"},
        "local_gateway": {
            "type": "dict",
            "apply_defaults": True,
            "options": {
                "name": {"type": "str", "default": "knative-local-istio"},
                "namespace": {"type": "str", "default": "knative-serving"},
                "port": {"type": "int", "default": 80},
            },
        },
        "cluster_domain": {"type": "str", "default": "cluster.local"},
        "envoy_gateway_namespace": {"type": "str", "default": "envoy-gateway-system"},
        "ai_schema": {"type": "str", "choices": ["auto", "0.2", "1.0"], "default": "auto"},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 120},
        "take_ownership": {"type": "bool", "default": False},
    }
