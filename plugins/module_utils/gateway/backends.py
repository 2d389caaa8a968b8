# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where requests go: pure functions from resolved backends to references and to the objects these need."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from .request import ENVOY_API, ENVOY_GROUP, ROUTE_GROUP, Backend, Request
from .variants import Headers, variants

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
    headers: Headers = ()

    def host(self, cluster_domain: str) -> str:
        return f"{self.service}.{self.namespace}.svc.{cluster_domain}"


Numbered = Sequence[tuple[int, Target]]  # with the place in the list of backends


def target(backend: Backend, *, serverless: bool) -> Target:
    """KServe names the predictor's Service after the InferenceService, in both modes, and gives it port 80."""
    service, port, through_knative = backend.service, backend.port, False
    if backend.inference_service:
        service, port, through_knative = f"{backend.inference_service}-predictor", 80, serverless
    return Target(
        service=service,
        namespace=backend.namespace,
        port=port,
        weight=backend.weight,
        through_knative=through_knative,
        model=backend.model,
        prefix=backend.prefix,
        headers=backend.headers,
    )


@dataclass(frozen=True)
class Wiring:
    """What rules of an HTTPRoute have for the backends that share their requests, and what these need beside it."""

    refs: list[Obj]
    rewrite: Obj = field(default_factory=dict)  # of URLRewrite
    filters: list[Obj] = field(default_factory=list)
    backends: list[Obj] = field(default_factory=list)
    services: frozenset[tuple[str, str]] = frozenset()  # namespace and name of those that are referred to


def through_local_gateway(targets: Numbered) -> bool:
    """One host name is enough, so the Service of Knative's local gateway can be the backend."""
    return len(targets) == 1 and targets[0][1].through_knative


def need_local_gateway(targets: Sequence[Target]) -> bool:
    return any(through_local_gateway(group) for _headers, group in variants(targets))


def wire(request: Request, targets: Numbered) -> Wiring:
    if through_local_gateway(targets):
        return _local_gateway(request, targets[0][1])
    if not any(entry.through_knative for _number, entry in targets):
        return _services(request, targets)
    return _by_host_name(request, targets)


def _local_gateway(request: Request, only: Target) -> Wiring:
    namespace, name, port = request.local_gateway
    ref = _reference(name, namespace, port, 1, request)
    rewrite = {"hostname": only.host(request.cluster_domain)}
    return Wiring([ref], rewrite, services=frozenset({(namespace, name)}))


def _services(request: Request, targets: Numbered) -> Wiring:
    refs = [_reference(entry.service, entry.namespace, entry.port, entry.weight, request) for _number, entry in targets]
    return Wiring(refs, services=frozenset((entry.namespace, entry.service) for _number, entry in targets))


def _by_host_name(request: Request, targets: Numbered) -> Wiring:
    """A rule rewrites to one host name only, and each revision needs its own: Envoy takes that of the backend."""
    refs = [
        {"group": ENVOY_GROUP, "kind": "Backend", "name": backend_name(request, number), "weight": entry.weight}
        for number, entry in targets
    ]
    reference = {"group": ENVOY_GROUP, "kind": "HTTPRouteFilter", "name": _filter_name(request)}
    filters = [{"type": "ExtensionRef", "extensionRef": reference}]
    return Wiring(refs, filters=filters, backends=envoy_backends(request, targets))


def objects_beside(request: Request, wirings: Sequence[Wiring]) -> list[Obj]:
    """What all rules of a route need beside it, once."""
    objects = [obj for wiring in wirings for obj in wiring.backends]
    if any(wiring.filters for wiring in wirings):
        objects.append(
            {
                "apiVersion": ENVOY_API,
                "kind": "HTTPRouteFilter",
                "metadata": request.metadata(_filter_name(request)),
                "spec": {"urlRewrite": {"hostname": {"type": "Backend"}}},
            }
        )
    return [*objects, *_grants(request, {service for wiring in wirings for service in wiring.services})]


def _filter_name(request: Request) -> str:
    return f"{request.object_name}-host"


def backend_name(request: Request, number: int) -> str:
    return f"{request.object_name}-{number}"


def envoy_backends(request: Request, targets: Numbered) -> list[Obj]:
    """By host name, so they need no ReferenceGrant."""
    return [_backend(request, number, entry) for number, entry in targets]


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


def _grants(request: Request, services: Iterable[tuple[str, str]]) -> list[Obj]:
    """Leave for the route's namespace to refer to these Services, where they live."""
    origin = {"group": ROUTE_GROUP, "kind": "HTTPRoute", "namespace": request.namespace}
    wanted: dict[str, list[Obj]] = {}
    for namespace, name in sorted(services):
        if namespace != request.namespace:
            wanted.setdefault(namespace, []).append({"group": "", "kind": "Service", "name": name})
    return [
        {
            "apiVersion": GRANT_API,
            "kind": "ReferenceGrant",
            "metadata": request.metadata(f"route-{request.object_name}", namespace),
            "spec": {"from": [origin], "to": to},
        }
        for namespace, to in wanted.items()
    ]
