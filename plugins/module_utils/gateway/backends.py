# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where requests go: pure functions from resolved backends to references and to the objects these need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .request import ENVOY_API, ENVOY_GROUP, ROUTE_GROUP, Backend, Request

Obj = dict[str, Any]

GRANT_API = f"{ROUTE_GROUP}/v1beta1"


@dataclass(frozen=True)
class Target:
    """A backend as the cluster has it. Knative's revisions are reached through its local gateway, by host name."""

    service: str
    namespace: str
    port: int
    weight: int
    through_knative: bool = False
    model: str = ""
    prefix: str = ""

    def host(self, cluster_domain: str) -> str:
        return f"{self.service}.{self.namespace}.svc.{cluster_domain}"


def target(backend: Backend, *, serverless: bool) -> Target:
    """KServe names the predictor's Service after the InferenceService, in both modes, and gives it port 80."""
    if not backend.inference_service:
        return Target(
            backend.service, backend.namespace, backend.port, backend.weight, False, backend.model, backend.prefix
        )
    service = f"{backend.inference_service}-predictor"
    return Target(service, backend.namespace, 80, backend.weight, serverless, backend.model, backend.prefix)


@dataclass(frozen=True)
class Wiring:
    """What a rule of an HTTPRoute has for its backends."""

    refs: list[Obj]
    rewrite: Obj  # of URLRewrite
    filters: list[Obj]
    objects: list[Obj]  # besides the route


def through_local_gateway(targets: list[Target]) -> bool:
    """One host name is enough, so the Service of Knative's local gateway can be the backend."""
    return len(targets) == 1 and targets[0].through_knative


def wire(request: Request, targets: list[Target]) -> Wiring:
    if through_local_gateway(targets):
        return _local_gateway(request, targets[0])
    if not any(entry.through_knative for entry in targets):
        return _services(request, targets)
    return _by_host_name(request, targets)


def _local_gateway(request: Request, only: Target) -> Wiring:
    namespace, name, port = request.local_gateway
    ref = _reference(name, namespace, port, 1, request)
    grants = _grants(request, {namespace: {name}})
    return Wiring([ref], {"hostname": only.host(request.cluster_domain)}, [], grants)


def _services(request: Request, targets: list[Target]) -> Wiring:
    refs = []
    wanted: dict[str, set[str]] = {}
    for entry in targets:
        refs.append(_reference(entry.service, entry.namespace, entry.port, entry.weight, request))
        wanted.setdefault(entry.namespace, set()).add(entry.service)
    return Wiring(refs, {}, [], _grants(request, wanted))


def _by_host_name(request: Request, targets: list[Target]) -> Wiring:
    """A rule rewrites to one host name only, and each revision needs its own: Envoy takes that of the backend."""
    refs = [
        {"group": ENVOY_GROUP, "kind": "Backend", "name": backend_name(request, number), "weight": entry.weight}
        for number, entry in enumerate(targets)
    ]
    name = f"{request.object_name}-host"
    rewrite = {
        "apiVersion": ENVOY_API,
        "kind": "HTTPRouteFilter",
        "metadata": request.metadata(name),
        "spec": {"urlRewrite": {"hostname": {"type": "Backend"}}},
    }
    reference = {"group": ENVOY_GROUP, "kind": "HTTPRouteFilter", "name": name}
    filters = [{"type": "ExtensionRef", "extensionRef": reference}]
    return Wiring(refs, {}, filters, [*envoy_backends(request, targets), rewrite])


def backend_name(request: Request, number: int) -> str:
    return f"{request.object_name}-{number}"


def envoy_backends(request: Request, targets: list[Target]) -> list[Obj]:
    """By host name, so they need no ReferenceGrant."""
    return [_backend(request, number, entry) for number, entry in enumerate(targets)]


def _backend(request: Request, number: int, entry: Target) -> Obj:
    endpoint = {"fqdn": {"hostname": entry.host(request.cluster_domain), "port": entry.port}}
    return {
        "apiVersion": ENVOY_API,
        "kind": "Backend",
        "metadata": request.metadata(backend_name(request, number)),
        "spec": {"type": "Endpoints", "endpoints": [endpoint]},
    }


def _reference(name: str, namespace: str, port: int, weight: int, request: Request) -> Obj:
    """With what the API server would fill in, here as elsewhere: what is the same is then seen without asking it."""
    reference = {"group": "", "kind": "Service", "name": name, "port": port, "weight": weight}
    return reference if namespace == request.namespace else {**reference, "namespace": namespace}


def _grants(request: Request, wanted: dict[str, set[str]]) -> list[Obj]:
    """Leave for the route's namespace to refer to these Services, where they live."""
    origin = {"group": ROUTE_GROUP, "kind": "HTTPRoute", "namespace": request.namespace}
    return [
        {
            "apiVersion": GRANT_API,
            "kind": "ReferenceGrant",
            "metadata": request.metadata(f"route-{request.object_name}", namespace),
            "spec": {
                "from": [origin],
                "to": [{"group": "", "kind": "Service", "name": name} for name in sorted(names)],
            },
        }
        for namespace, names in sorted(wanted.items())
        if namespace != request.namespace
    ]
