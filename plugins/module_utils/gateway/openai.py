# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes of Envoy AI Gateway, whose 0.2 and 1.0 share the kinds but not their fields: pure functions."""

from __future__ import annotations

from typing import Any

from .backends import Numbered, Target, backend_name, envoy_backends
from .errors import OptionError
from .predict import parent, timeouts
from .request import ENVOY_GROUP, ROUTE_GROUP, Request
from .variants import Headers, check_size, header_matches, variants

Obj = dict[str, Any]

OLD, NEW = "0.2", "1.0"
AI_GROUP = "aigateway.envoyproxy.io"
API = {OLD: f"{AI_GROUP}/v1alpha1", NEW: f"{AI_GROUP}/v1beta1"}
MODEL_HEADER = "x-ai-eg-model"
_MOST_RULES = 15  # and one that AI Gateway adds
COST_NAMESPACE, COST_KEY = "io.envoy.ai_gateway", "llm_total_token"


def objects(request: Request, targets: list[Target], schema: str) -> list[Obj]:
    if schema == OLD:
        _check_old(request, targets)
    services = [_service(request, number, entry, schema) for number, entry in enumerate(targets)]
    return [*envoy_backends(request, list(enumerate(targets))), *services, _route(request, targets, schema)]


def _check_old(request: Request, targets: list[Target]) -> None:
    if request.gateway_namespace != request.namespace:
        raise OptionError(
            f"AI Gateway 0.2 knows only Gateways in the route's own namespace: gateway_namespace must be "
            f"{request.namespace}"
        )
    if any(entry.headers for entry in targets):
        raise OptionError(
            "backends[].headers needs AI Gateway 1.0; 0.2 looks at one header of a request only, that with the model"
        )
    if any(entry.prefix for entry in targets):
        raise OptionError(
            "backends[].prefix needs AI Gateway 1.0; with 0.2 the server itself must answer at /v1, which KServe's "
            "does with the environment variable KSERVE_OPENAI_ROUTE_PREFIX set to an empty text"
        )
    if any(entry.model and (entry.model,) != request.models for entry in targets):
        raise OptionError(
            "backends[].model needs AI Gateway 1.0; with 0.2 the server must know the model under the route's own "
            f"name, {', '.join(request.models)}"
        )


def _service(request: Request, number: int, entry: Target, schema: str) -> Obj:
    name = backend_name(request, number)
    spec: Obj = {
        "schema": {"name": "OpenAI", **({"prefix": entry.prefix} if entry.prefix else {})},
        "backendRef": {"group": ENVOY_GROUP, "kind": "Backend", "name": name},
    }
    return {"apiVersion": API[schema], "kind": "AIServiceBackend", "metadata": request.metadata(name), "spec": spec}


def _rule(request: Request, headers: Headers, group: Numbered, schema: str) -> Obj:
    refs = []
    for number, entry in group:
        ref: Obj = {"name": backend_name(request, number), "weight": entry.weight, "priority": 0}
        if entry.model and schema == NEW:
            ref["modelNameOverride"] = entry.model
        refs.append(ref)
    # One match for each model: 0.2 looks at the first header of a match only.
    model_header = {"type": "Exact", "name": MODEL_HEADER}
    more = header_matches(headers)
    return {
        "matches": [{"headers": [{**model_header, "value": model}, *more]} for model in request.models],
        "backendRefs": refs,
        "timeouts": timeouts(request),
        "modelsOwnedBy": request.tenant,
    }


def _route(request: Request, targets: list[Target], schema: str) -> Obj:
    rules = [_rule(request, headers, group, schema) for headers, group in variants(targets)]
    check_size(rules, _MOST_RULES)
    spec: Obj = {"rules": rules, "llmRequestCosts": [{"metadataKey": COST_KEY, "type": "TotalToken"}]}
    if schema == OLD:
        spec["schema"] = {"name": "OpenAI"}
        spec["targetRefs"] = [{"group": ROUTE_GROUP, "kind": "Gateway", "name": request.gateway}]
    else:
        spec["parentRefs"] = [parent(request)]
        spec["hostnames"] = [request.host]
    return {"apiVersion": API[schema], "kind": "AIGatewayRoute", "metadata": request.metadata(), "spec": spec}
