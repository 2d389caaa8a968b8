# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which connections a tenant's Pods may have: none, but for those that serving needs.

The kubelet is not among them: probes from a Pod's own node are let through whatever a policy says.
"""

from __future__ import annotations

from typing import Any

from .spec import Tenant

Obj = dict[str, Any]

_ISTIOD = 15012
_GATEWAY = {"istio": "ingressgateway"}  # Pods of Istio's gateway, which is Knative's local gateway upstream
# KServe's aggregated metrics, queue-proxy's, and the sidecar's: merged ones, and Envoy's own.
_METRICS = (9088, 9090, 9091, 15020, 15090)


def _namespace(name: str, pods: dict[str, str] | None = None) -> Obj:
    peer: Obj = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
    return {**peer, "podSelector": {"matchLabels": pods}} if pods else peer


def _ports(*numbers: int, protocols: tuple[str, ...] = ("TCP",)) -> list[Obj]:
    return [{"port": number, "protocol": protocol} for number in numbers for protocol in protocols]


def network(tenant: Tenant) -> list[Obj]:
    platform, mesh = tenant.platform, tenant.mesh is not None
    own: list[Obj] = [{"podSelector": {}}]
    serving = [_namespace(platform.serving)]
    if mesh:
        serving.append(_namespace(platform.mesh, _GATEWAY))
    policies = [
        _policy(tenant, "default-deny", ingress=[], egress=[]),
        _policy(tenant, "allow-same-namespace", ingress=[{"from": own}], egress=[{"to": own}]),
        _policy(
            tenant,
            "allow-dns",
            egress=[{"to": [_namespace(platform.dns)], "ports": _ports(53, protocols=("UDP", "TCP"))}],
        ),
        # Out as well: a transformer and an inference graph call models through the local gateway.
        _policy(
            tenant,
            "allow-serving",
            ingress=[{"from": [*serving, *map(_namespace, platform.gateways)]}],
            egress=[{"to": serving}],
        ),
        _policy(
            tenant,
            "allow-monitoring",
            ingress=[{"from": [_namespace(platform.monitoring)], "ports": _ports(*_METRICS)}],
        ),
    ]
    if mesh:
        policies.append(
            _policy(tenant, "allow-mesh", egress=[{"to": [_namespace(platform.mesh)], "ports": _ports(_ISTIOD)}])
        )
    if tenant.storage:
        policies.append(
            _policy(tenant, "allow-storage", egress=[{"to": [_namespace(tenant.storage.secret_namespace)]}])
        )
    if tenant.allowed_namespaces:
        others = [_namespace(name) for name in sorted(set(tenant.allowed_namespaces))]
        policies.append(_policy(tenant, "allow-namespaces", ingress=[{"from": others}], egress=[{"to": others}]))
    if tenant.egress_cidrs:
        blocks = [{"ipBlock": {"cidr": cidr}} for cidr in sorted(set(tenant.egress_cidrs))]
        policies.append(_policy(tenant, "allow-outside", egress=[{"to": blocks}]))
    return policies


def _policy(tenant: Tenant, name: str, *, ingress: list[Obj] | None = None, egress: list[Obj] | None = None) -> Obj:
    """None leaves a direction alone, an empty list lets nothing through."""
    spec: Obj = {"podSelector": {}, "policyTypes": []}
    for kind, field, rules in (("Ingress", "ingress", ingress), ("Egress", "egress", egress)):
        if rules is not None:
            spec["policyTypes"].append(kind)
        if rules:
            spec[field] = rules
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "namespace": tenant.name},
        "spec": spec,
    }
