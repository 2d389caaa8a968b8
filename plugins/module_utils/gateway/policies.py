# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may use a route and how much: pure functions. A route's own policy takes the place of the Gateway's, it is not
added to it, so each one is complete."""

from __future__ import annotations

from typing import Any

from .openai import COST_KEY, COST_NAMESPACE
from .request import ENVOY_API, PREDICT, ROUTE_GROUP, Limit, Request

Obj = dict[str, Any]

TENANT_HEADER, SUBJECT_HEADER = "x-jwt-tenant", "x-jwt-sub"


def target(request: Request) -> Obj:
    """AI Gateway makes an HTTPRoute of the same name for its own route."""
    return {"group": ROUTE_GROUP, "kind": "HTTPRoute", "name": request.object_name}


def security_policy(request: Request) -> Obj:
    provider: Obj = {
        "name": request.provider,
        "issuer": request.issuer,
        "localJWKS": {"type": "ValueRef", "valueRef": {"group": "", "kind": "ConfigMap", "name": request.jwks}},
        "claimToHeaders": [
            {"header": TENANT_HEADER, "claim": "tenant"},
            {"header": SUBJECT_HEADER, "claim": "sub"},
        ],
    }
    if request.audiences and request.kind == PREDICT:
        provider["audiences"] = list(request.audiences)
    spec = {
        "targetRefs": [target(request)],
        "jwt": {"providers": [provider]},
        "authorization": {"defaultAction": "Deny", "rules": _rules(request)},
    }
    return {"apiVersion": ENVOY_API, "kind": "SecurityPolicy", "metadata": request.metadata(), "spec": spec}


def _rules(request: Request) -> list[Obj]:
    """Tokens are looked at before the model is known, by the policy of whichever route of the Gateway is the first one.
    So with OpenAI's protocol the audience is a matter of the route, not of the provider. It may be text or a list."""
    claims = [{"name": "tenant", "valueType": "String", "values": [request.tenant]}]
    if request.kind == PREDICT or not request.audiences:
        return [_allow(request, request.tenant, claims)]
    audience = {"name": "aud", "values": list(request.audiences)}
    return [
        _allow(request, f"{request.tenant}-{kind}".lower(), [*claims, {**audience, "valueType": kind}])
        for kind in ("String", "StringArray")
    ]


def _allow(request: Request, name: str, claims: list[Obj]) -> Obj:
    principal = {"jwt": {"provider": request.provider, "claims": claims}}
    return {"name": name, "action": "Allow", "principal": principal}


def traffic_policy(request: Request) -> list[Obj]:
    """None without limits."""
    rules = []
    if "requests" in request.limits:
        rules.append(_rule(request.limits["requests"]))
    if "tokens" in request.limits:
        # A request costs nothing before its answer tells how many tokens it took.
        used = {"from": "Metadata", "metadata": {"namespace": COST_NAMESPACE, "key": COST_KEY}}
        cost = {"request": {"from": "Number", "number": 0}, "response": used}
        rules.append({**_rule(request.limits["tokens"]), "cost": cost})
    if not rules:
        return []
    spec = {"targetRefs": [target(request)], "rateLimit": {"type": "Global", "global": {"rules": rules}}}
    return [{"apiVersion": ENVOY_API, "kind": "BackendTrafficPolicy", "metadata": request.metadata(), "spec": spec}]


def _rule(limit: Limit) -> Obj:
    """Keyed on the header that the verified token gives. What a client sends under this name never gets here.

    Shared, or each path and each set of headers would be counted for itself.
    """
    return {
        "clientSelectors": [{"headers": [{"type": "Distinct", "name": TENANT_HEADER, "invert": False}]}],
        "limit": {"requests": limit.count, "unit": limit.unit},
        "shared": True,
    }
