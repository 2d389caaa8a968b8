# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tenant as Kubernetes objects. Pure: the same tenant makes the same objects."""

from __future__ import annotations

from typing import Any

from .access import access
from .mesh import mesh
from .network import network
from .spec import LABEL, Tenant, check
from .storage import storage

Obj = dict[str, Any]


def render(tenant: Tenant) -> list[Obj]:
    """Raises TenancyError."""
    check(tenant)
    return [
        namespace(tenant),
        *budget(tenant),
        *network(tenant),
        *access(tenant),
        *storage(tenant),
        *mesh(tenant),
        *grants(tenant),
    ]


def namespace(tenant: Tenant) -> Obj:
    labels = {
        **tenant.labels,
        LABEL: tenant.name,
        "pod-security.kubernetes.io/enforce": tenant.enforced,
    }
    if tenant.mesh:
        labels["istio-injection"] = "enabled"
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": tenant.name, "labels": labels}}


def budget(tenant: Tenant) -> list[Obj]:
    """What all Pods may use together, and what a container gets that says nothing: without it a quota refuses it."""
    objects: list[Obj] = []
    metadata = {"name": "tenant", "namespace": tenant.name}
    if tenant.quota:
        spec: Obj = {"hard": tenant.quota}
        objects.append({"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": spec})
    limits = tenant.limits
    bounds = {
        "default": limits.default,
        "defaultRequest": limits.default_request,
        "max": limits.max,
        "min": limits.min,
    }
    given = {name: values for name, values in bounds.items() if values}
    if given:
        spec = {"limits": [{"type": "Container", **given}]}
        objects.append({"apiVersion": "v1", "kind": "LimitRange", "metadata": metadata, "spec": spec})
    return objects


def grants(tenant: Tenant) -> list[Obj]:
    """Lets routes that live elsewhere lead to this tenant's Services."""
    places = sorted(set(tenant.platform.routes))
    if not places:
        return []
    group = "gateway.networking.k8s.io"
    return [
        {
            "apiVersion": f"{group}/v1beta1",
            "kind": "ReferenceGrant",
            "metadata": {"name": "routes", "namespace": tenant.name},
            "spec": {
                "from": [{"group": group, "kind": "HTTPRoute", "namespace": place} for place in places],
                "to": [{"group": "", "kind": "Service"}],
            },
        }
    ]
