# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who else answers to the same name? Pure functions over the routes there are: a gateway takes both and lets one win,
which would send one tenant's requests to another tenant's model."""

from __future__ import annotations

from typing import Any

from .errors import OptionError
from .openai import MODEL_HEADER
from .predict import paths
from .request import PREDICT, ROUTE_LABEL, TENANT_LABEL, Request

Obj = dict[str, Any]


def check(request: Request, routes: list[Obj]) -> None:
    """routes: HTTPRoutes for predict, AIGatewayRoutes for openai, of all namespaces. Raises OptionError."""
    for route in routes:
        metadata = route["metadata"]
        if (metadata["namespace"], metadata["name"]) == (request.namespace, request.object_name):
            _check_own(request, metadata)
        elif _attached(route, request):
            taken = _paths(route, request) if request.kind == PREDICT else _models(route, request)
            if taken:
                first, *others = sorted(taken)
                more = f" (and {len(others)} more)" if others else ""
                raise OptionError(
                    f"{first}{more} on Gateway {request.gateway} is already taken by {_title(route)}; "
                    f"{_way_out(request)}"
                )


def _check_own(request: Request, metadata: Obj) -> None:
    """'a-b' and 'c' make the same object name as 'a' and 'b-c'."""
    labels = metadata.get("labels") or {}
    other = labels.get(TENANT_LABEL), labels.get(ROUTE_LABEL)
    if all(other) and other != (request.tenant, request.name):
        raise OptionError(
            f"route {request.name} of tenant {request.tenant} would take the place of route {other[1]} of tenant "
            f"{other[0]}, since both are called {request.object_name}; choose another name"
        )


def _way_out(request: Request) -> str:
    if request.kind == PREDICT:
        return f"give this route a path_prefix of its own, such as /{request.tenant}"
    return "choose another name in models, such as one with the tenant's in front"


def _title(route: Obj) -> str:
    metadata = route["metadata"]
    labels = metadata.get("labels") or {}
    text = f"{route.get('kind')} {metadata['namespace']}/{metadata['name']}"
    if labels.get(ROUTE_LABEL):
        text += f" (route {labels[ROUTE_LABEL]} of tenant {labels.get(TENANT_LABEL)})"
    return text


def _attached(route: Obj, request: Request) -> bool:
    spec = route.get("spec") or {}
    for reference in spec.get("parentRefs") or spec.get("targetRefs") or []:
        place = reference.get("namespace") or route["metadata"]["namespace"]
        if (reference.get("name"), place) == (request.gateway, request.gateway_namespace):
            return True
    return False


def _paths(route: Obj, request: Request) -> set[str]:
    hosts = (route.get("spec") or {}).get("hostnames") or []
    if hosts and request.host not in hosts:
        return set()
    wanted = {(("Exact" if request.models else "PathPrefix"), path) for path in paths(request)}
    found = set()
    for rule in (route.get("spec") or {}).get("rules") or []:
        for match in rule.get("matches") or []:
            path = match.get("path") or {}
            if (path.get("type", "PathPrefix"), str(path.get("value", "/"))) in wanted:
                found.add(f"path {path['value']}")
    return found


def _models(route: Obj, request: Request) -> set[str]:
    found = set()
    for rule in (route.get("spec") or {}).get("rules") or []:
        for match in rule.get("matches") or []:
            for header in match.get("headers") or []:
                if str(header.get("name", "")).lower() == MODEL_HEADER and header.get("value") in request.models:
                    found.add(f"model {header['value']}")
    return found
