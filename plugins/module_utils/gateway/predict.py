# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTPRoutes for KServe's protocols and for plain services: pure functions."""

from __future__ import annotations

from typing import Any

from .backends import Target, wire
from .errors import OptionError
from .request import ROUTE_API, ROUTE_GROUP, Request, upstream_names

Obj = dict[str, Any]

# A prefix in the Gateway API ends at a '/', so /v1/models/m would not match /v1/models/m:predict.
_PATHS = {
    "v1": ("/v1/models/{}", "/v1/models/{}:predict", "/v1/models/{}:explain"),
    "v2": ("/v2/models/{}", "/v2/models/{}/ready", "/v2/models/{}/infer"),
}
_MOST_RULES, _MOST_MATCHES = 16, 64


def paths(request: Request) -> dict[str, str]:
    """Path for the client -> path for the backend; a prefix when the route has no models."""
    if not request.models:
        return {request.path_prefix: "/" if request.strip_prefix else request.path_prefix}
    found: dict[str, str] = {}
    for model, name in upstream_names(request).items():
        for protocol in request.protocols:
            for path in _PATHS[protocol]:
                outside = request.path_prefix + path.format(model)
                inside = path.format(name) if request.strip_prefix else request.path_prefix + path.format(name)
                found[outside] = inside
    return found


def objects(request: Request, targets: list[Target]) -> list[Obj]:
    wiring = wire(request, targets)
    common: Obj = {"backendRefs": wiring.refs, "timeouts": timeouts(request)}
    rules = []
    for matches, path in _matches(request):
        rewrite = {**wiring.rewrite, **({"path": path} if path else {})}
        filters = ([{"type": "URLRewrite", "urlRewrite": rewrite}] if rewrite else []) + wiring.filters
        rules.append({"matches": matches, **({"filters": filters} if filters else {}), **common})
    route = {
        "apiVersion": ROUTE_API,
        "kind": "HTTPRoute",
        "metadata": request.metadata(),
        "spec": {"parentRefs": [parent(request)], "hostnames": [request.host], "rules": rules},
    }
    return [*wiring.objects, route]


def _matches(request: Request) -> list[tuple[list[Obj], Obj]]:
    """(matches, rewrite of the path) for each rule."""
    if not request.models:
        match = {"path": {"type": "PathPrefix", "value": request.path_prefix}}
        rewrite = {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"} if request.strip_prefix else {}
        return [([match], rewrite)]
    mapped = paths(request)
    same = [{"path": {"type": "Exact", "value": outside}} for outside, inside in mapped.items() if outside == inside]
    rules: list[tuple[list[Obj], Obj]] = [(same, {})] if same else []
    for outside, inside in mapped.items():
        if outside != inside:
            match = {"path": {"type": "Exact", "value": outside}}
            rules.append(([match], {"type": "ReplaceFullPath", "replaceFullPath": inside}))
    if len(rules) > _MOST_RULES or len(same) > _MOST_MATCHES:
        raise OptionError(
            f"models and protocols make {len(mapped)} paths, more than one HTTPRoute can hold: leave out a protocol, "
            "or make several routes"
        )
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
