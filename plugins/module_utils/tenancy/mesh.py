# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may ask a tenant's models, as Istio enforces it in front of each Pod.

Nothing is let through but requests with a token that says this tenant, and what Knative itself asks. The activator is
in the way of users' requests, so that it counts by its identity only for paths that are not a model's. The kubelet's
probes and hooks do not come by here: the sidecar's agent answers for the container.
"""

from __future__ import annotations

from typing import Any

from .spec import Mesh, Tenant

Obj = dict[str, Any]


def mesh(tenant: Tenant) -> list[Obj]:
    if tenant.mesh is None:
        return []
    tokens = _tokens(tenant.name, tenant.mesh.jwt.issuer)
    return [
        _object(tenant, "PeerAuthentication", "default", {"mtls": {"mode": tenant.mesh.mtls}}),
        _object(tenant, "RequestAuthentication", "tenant", {"jwtRules": [_jwt_rule(tenant.mesh)]}),
        # Without rules it matches nothing, and what no policy allows is denied.
        _object(tenant, "AuthorizationPolicy", "deny-all", {"action": "ALLOW"}),
        _object(tenant, "AuthorizationPolicy", "allow-tenant", {"action": "ALLOW", "rules": [tokens]}),
        _object(tenant, "AuthorizationPolicy", "allow-serving", {"action": "ALLOW", "rules": _knative(tenant)}),
    ]


def _object(tenant: Tenant, kind: str, name: str, spec: Obj) -> Obj:
    metadata = {"name": name, "namespace": tenant.name}
    return {"apiVersion": "security.istio.io/v1", "kind": kind, "metadata": metadata, "spec": spec}


def _jwt_rule(mesh: Mesh) -> Obj:
    """The keys inline: istiod would fetch a URL itself, and a model's Pods would depend on whoever serves it."""
    return {
        "issuer": mesh.jwt.issuer,
        "audiences": list(mesh.jwt.audiences),
        "jwks": mesh.jwt.jwks,
        "forwardOriginalToken": True,
    }


def _tokens(tenant: str, issuer: str) -> Obj:
    return {
        "from": [{"source": {"requestPrincipals": [f"{issuer}/*"]}}],
        "when": [{"key": "request.auth.claims[tenant]", "values": [tenant]}],
    }


def _knative(tenant: Tenant) -> list[Obj]:
    platform = tenant.platform
    metrics = {"methods": ["GET"], "paths": ["/metrics"], "ports": ["9090", "9091"]}
    probes = {"methods": ["GET"], "paths": ["/healthz", "/ready"]}
    # Whether a route has arrived is asked through the gateway, which lives in either namespace.
    askers = sorted({platform.serving, platform.mesh})
    return [
        {"from": [{"source": {"namespaces": [platform.serving]}}], "to": [{"operation": metrics}]},
        {"from": [{"source": {"namespaces": askers}}], "to": [{"operation": probes}]},
    ]
