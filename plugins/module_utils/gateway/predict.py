# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTPRoutes for KServe's protocols and for plain services: pure functions."""

from __future__ import annotations

from typing import Any

from .backends import Numbered, Target, Wiring, objects_beside, wire
from .request import ROUTE_API, ROUTE_GROUP, Request, upstream_name
from .variants import Headers, check_size, header_matches, variants

Obj = dict[str, Any]

# A prefix in the Gateway API ends at a '/', so /v1/models/m would not match /v1/models/m:predict.
_PATHS = {
    "v1": ("/v1/models/{}", "/v1/models/{}:predict", "/v1/models/{}:explain"),
    "v2": ("/v2/models/{}", "/v2/models/{}/ready", "/v2/models/{}/infer"),
}
_MOST_RULES = 16


def paths(request: Request) -> list[str]:
    """Which clients may ask; a prefix when the route has no models."""
    return list(_mapped(request, "")) if request.models else [request.path_prefix]


def _mapped(request: Request, name: str) -> dict[str, str]:
    """Path for the client -> path for a backend. name: of the model there; '' where it is the public one."""
    kept = "" if request.strip_prefix else request.path_prefix
    return {
        request.path_prefix + path.format(model): kept + path.format(name or model)
        for model in request.models
        for protocol in request.protocols
        for path in _PATHS[protocol]
    }


def objects(request: Request, targets: list[Target]) -> list[Obj]:
    groups = [(headers, group, wire(request, group)) for headers, group in variants(targets)]
    rules = [rule for headers, group, wiring in groups for rule in _rules(request, headers, group, wiring)]
    check_size(rules, _MOST_RULES)
    route = {
        "apiVersion": ROUTE_API,
        "kind": "HTTPRoute",
        "metadata": request.metadata(),
        "spec": {"parentRefs": [parent(request)], "hostnames": [request.host], "rules": rules},
    }
    return [*objects_beside(request, [wiring for _headers, _group, wiring in groups]), route]


def _rules(request: Request, headers: Headers, group: Numbered, wiring: Wiring) -> list[Obj]:
    name = upstream_name(request.backends[number] for number, _target in group)
    wanted = {"headers": header_matches(headers)} if headers else {}
    rules = []
    for found, path in _matches(request, name):
        rewrite = {**wiring.rewrite, **({"path": path} if path else {})}
        filters = ([{"type": "URLRewrite", "urlRewrite": rewrite}] if rewrite else []) + wiring.filters
        rules.append(
            {
                "matches": [{"path": match, **wanted} for match in found],
                **({"filters": filters} if filters else {}),
                "backendRefs": wiring.refs,
                "timeouts": timeouts(request),
            }
        )
    return rules


def _matches(request: Request, name: str) -> list[tuple[list[Obj], Obj]]:
    """(paths, rewrite of the path) for each rule."""
    if not request.models:
        rewrite = {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"} if request.strip_prefix else {}
        return [([{"type": "PathPrefix", "value": request.path_prefix}], rewrite)]
    mapped = _mapped(request, name)
    same = [{"type": "Exact", "value": outside} for outside, inside in mapped.items() if outside == inside]
    rules: list[tuple[list[Obj], Obj]] = [(same, {})] if same else []
    for outside, inside in mapped.items():
        if outside != inside:
            rewrite = {"type": "ReplaceFullPath", "replaceFullPath": inside}
            rules.append(([{"type": "Exact", "value": outside}], rewrite))
    return rules


def timeouts(request: Request) -> Obj:
    result = {"request": f"{request.request_timeout}s"}
    if request.backend_timeout:
        result["backendRequest"] = f"{request.backend_timeout}s"
    return result


def parent(request: Request) -> Obj:
    """Written out, as the API server would complete it."""
    reference = {"group": ROUTE_GROUP, "kind": "Gateway", "name": request.gateway}
    if request.gateway_namespace != request.namespace:
        reference["namespace"] = request.gateway_namespace
    return reference
