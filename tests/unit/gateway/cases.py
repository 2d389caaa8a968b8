# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes whose objects are kept in golden/. `python -m tests.unit.gateway.cases` writes these anew, to be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.bentobox.platform.plugins.module_utils.gateway.backends import Target, target
from ansible_collections.bentobox.platform.plugins.module_utils.gateway.options import route_argument_spec
from ansible_collections.bentobox.platform.plugins.module_utils.gateway.render import render
from ansible_collections.bentobox.platform.plugins.module_utils.gateway.request import Request, understand

GOLDEN = Path(__file__).parent / "golden"
IRIS = {"inference_service": "iris"}
LLM = {"service": "llm", "port": 8080}
LIMITS = {"requests": {"count": 100}, "tokens": {"count": 5000, "unit": "hour"}}
# name -> (options, names of the InferenceServices that are no Knative services, schema)
CASES: dict[str, tuple[dict[str, Any], set[str], str]] = {
    "predict-least": ({"backends": [IRIS]}, set(), "1.0"),
    "predict-raw-mode": ({"backends": [IRIS]}, {"iris"}, "1.0"),
    "predict-renamed-under-a-prefix": (
        {"backends": [IRIS], "models": ["flowers"], "path_prefix": "/tenant-a", "protocols": ["v1"]},
        set(),
        "1.0",
    ),
    "predict-limits-and-all-else": (
        {
            "backends": [IRIS],
            "hostname": "models.example.org",
            "gateway": "edge",
            "gateway_namespace": "gateways",
            "limits": {"requests": {"count": 10, "unit": "second"}},
            "timeouts": {"request": 60, "backend_request": 30},
            "jwt": {"provider": "p", "issuer": "https://i.example.org", "audiences": [], "jwks_config_map": "keys"},
            "local_gateway": {"namespace": "istio-system", "name": "knative-local-gateway", "port": 8080},
            "cluster_domain": "example.internal",
        },
        set(),
        "1.0",
    ),
    "predict-two-versions": (
        {
            "backends": [
                {"inference_service": "iris-1", "weight": 90, "model": "iris"},
                {"inference_service": "iris-2", "weight": 10, "model": "iris"},
            ]
        },
        set(),
        "1.0",
    ),
    "predict-two-services": (
        {
            "backends": [
                {"service": "one", "weight": 1, "model": "iris"},
                {"service": "two", "weight": 3, "namespace": "shared", "port": 8080},
            ],
            "models": ["iris"],
        },
        set(),
        "1.0",
    ),
    "predict-a-and-b": (
        {"backends": [{"inference_service": "iris-1"}, {"inference_service": "iris-2", "headers": {"X-Variant": "b"}}]},
        set(),
        "1.0",
    ),
    "predict-variants-of-all-kinds": (
        {
            "backends": [
                {"service": "one", "namespace": "shared", "port": 8080},
                {"inference_service": "iris", "weight": 3, "headers": {"x-variant": "b"}},
                {"inference_service": "small", "weight": 1, "headers": {"x-variant": "b"}, "model": "iris"},
                {"inference_service": "new", "headers": {"x-variant": "b", "x-region": "eu"}},
                {"service": "two", "namespace": "shared", "headers": {"x-variant": "c"}},
            ],
            "models": ["iris"],
            "protocols": ["v2"],
        },
        {"small"},
        "1.0",
    ),
    "bento-a-and-b": (
        {
            "backends": [
                {"service": "one", "port": 3000},
                {"service": "two", "port": 3000, "headers": {"x-variant": "b"}},
            ]
        },
        set(),
        "1.0",
    ),
    "bento-under-a-prefix": (
        {"backends": [{"service": "classifier", "namespace": "yatai", "port": 3000}]},
        set(),
        "1.0",
    ),
    "bento-prefix-kept": (
        {"backends": [{"service": "classifier", "port": 3000}], "path_prefix": "/classify", "strip_prefix": False},
        set(),
        "1.0",
    ),
    "openai-1.0": ({"kind": "openai", "name": "llm", "backends": [LLM]}, set(), "1.0"),
    "openai-0.2": ({"kind": "openai", "name": "llm", "backends": [LLM]}, set(), "0.2"),
    "openai-1.0-all": (
        {
            "kind": "openai",
            "name": "llm",
            "models": ["tenant-a/llm", "tenant-a/small"],
            "backends": [
                {"inference_service": "llm", "model": "llm", "prefix": "/openai/v1", "weight": 3},
                {**LLM, "namespace": "shared"},
            ],
            "limits": LIMITS,
        },
        set(),
        "1.0",
    ),
    "openai-1.0-a-and-b": (
        {
            "kind": "openai",
            "name": "llm",
            "backends": [LLM, {"inference_service": "big", "model": "big", "headers": {"x-variant": "b"}}],
        },
        set(),
        "1.0",
    ),
    "openai-0.2-limits": ({"kind": "openai", "name": "llm", "backends": [LLM], "limits": LIMITS}, set(), "0.2"),
}


class _Whole(yaml.SafeDumper):
    """Without references: what rules share is written out."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def options(**given: Any) -> dict[str, Any]:
    """As Ansible hands them to the module, defaults filled in."""
    asked = {"name": "iris", "tenant": "tenant-a", **given}
    validated = ArgumentSpecValidator(route_argument_spec()).validate(asked)
    assert not validated.error_messages, validated.error_messages
    return dict(validated.validated_parameters)


def request(**given: Any) -> Request:
    return understand(options(**given))


def resolved(asked: Request, raw: set[str]) -> list[Target]:
    return [target(backend, serverless=backend.inference_service not in raw) for backend in asked.backends]


def rendered(name: str) -> str:
    given, raw, schema = CASES[name]
    asked = request(**given)
    objects = render(asked, resolved(asked, raw), schema)
    return yaml.dump_all(objects, Dumper=_Whole, sort_keys=False, width=120)


if __name__ == "__main__":
    for case in CASES:
        (GOLDEN / f"{case}.yaml").write_text(rendered(case))
