# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a route: options checked and completed, without a cluster."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from .errors import OptionError
from .variants import Headers, check, understand_headers, variants

Obj = dict[str, Any]

PREDICT, OPENAI = "predict", "openai"
ROUTE_API = "gateway.networking.k8s.io/v1"
ROUTE_GROUP = "gateway.networking.k8s.io"
ENVOY_API = "gateway.envoyproxy.io/v1alpha1"
ENVOY_GROUP = "gateway.envoyproxy.io"
TENANT_LABEL = "bentobox.platform/tenant"
ROUTE_LABEL = "bentobox.platform/route"
_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?\Z")
_HOST = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
# In a path and in a header's value; what KServe and the OpenAI protocol use in names.
_MODEL = re.compile(r"[A-Za-z0-9]([-._/A-Za-z0-9]*[A-Za-z0-9])?\Z")
_PREFIX = re.compile(r"(/[-._~A-Za-z0-9]+)+\Z")
MAX_NAME = 63
MAX_WEIGHT = 1_000_000


@dataclass(frozen=True)
class Backend:
    """One place to send requests to, as asked. Exactly one of inference_service and service is set."""

    inference_service: str
    service: str
    namespace: str
    port: int
    weight: int
    model: str  # the name the model has there; '' where it is that of the route
    prefix: str  # of the OpenAI protocol's paths there
    headers: Headers = ()  # of the requests that it is for; none: for those that no other backend has asked for

    @property
    def what(self) -> str:
        kind = "InferenceService" if self.inference_service else "Service"
        return f"{kind} {self.namespace}/{self.inference_service or self.service}"


@dataclass(frozen=True)
class Limit:
    count: int
    unit: str


@dataclass(frozen=True)
class Request:
    name: str
    tenant: str
    kind: str
    namespace: str
    gateway: str
    gateway_namespace: str
    host: str
    backends: tuple[Backend, ...] = ()
    models: tuple[str, ...] = ()  # public names; none: the whole service under path_prefix
    protocols: tuple[str, ...] = ("v1", "v2")
    path_prefix: str = ""
    strip_prefix: bool = True
    provider: str = "jwt-issuer"
    issuer: str = "bentobox"
    audiences: tuple[str, ...] = ()
    jwks: str = "jwks"
    limits: dict[str, Limit] = field(default_factory=dict)
    request_timeout: int = 0
    backend_timeout: int = 0
    local_gateway: tuple[str, str, int] = ("knative-serving", "knative-local-istio", 80)  # namespace, name, port
    cluster_domain: str = "cluster.local"

    @property
    def object_name(self) -> str:
        """Of the route and its policies; all tenants' routes share a namespace."""
        return f"{self.tenant}-{self.name}"

    @property
    def labels(self) -> dict[str, str]:
        return {TENANT_LABEL: self.tenant, ROUTE_LABEL: self.name}

    def metadata(self, name: str = "", namespace: str = "") -> Obj:
        return {
            "name": name or self.object_name,
            "namespace": namespace or self.namespace,
            "labels": self.labels,
        }


def understand(params: Obj) -> Request:
    """Raises OptionError for what cannot work in any cluster."""
    for option in ("name", "tenant"):
        if not _LABEL.match(params[option]) or len(params[option]) > MAX_NAME:
            raise OptionError(f"{option} '{params[option]}' must be at most {MAX_NAME} of a-z, 0-9 and '-'")
    kind, tenant = params["kind"], params["tenant"]
    if len(f"{tenant}-{params['name']}") > MAX_NAME:
        raise OptionError(f"tenant and name make '{tenant}-{params['name']}', which is longer than {MAX_NAME}")
    jwt, lane = params["jwt"], params["local_gateway"]
    timeouts = params["timeouts"]
    request = Request(
        name=params["name"],
        tenant=tenant,
        kind=kind,
        namespace=params["namespace"],
        gateway=params["gateway"] or kind,
        gateway_namespace=params["gateway_namespace"],
        host=params["hostname"] or f"{'api' if kind == PREDICT else 'openai'}.{params['domain']}",
        provider=jwt["provider"],
        issuer=jwt["issuer"],
        audiences=tuple(jwt["audiences"] if jwt["audiences"] is not None else [tenant]),
        jwks=jwt["jwks_config_map"],
        limits=_limits(params["limits"] or {}, kind),
        request_timeout=timeouts["request"],
        backend_timeout=timeouts["backend_request"] or 0,
        local_gateway=(lane["namespace"], lane["name"], lane["port"]),
        cluster_domain=params["cluster_domain"],
    )
    if not _HOST.match(request.host):
        raise OptionError(f"hostname '{request.host}' is no host name; write it in lower case, without scheme and port")
    if len(request.audiences) > 8:
        raise OptionError("jwt.audiences: Envoy Gateway takes at most 8")
    if request.request_timeout < 1 or request.backend_timeout < 0:
        raise OptionError("timeouts are seconds, 1 or more")
    if request.backend_timeout > request.request_timeout:
        raise OptionError(
            f"timeouts.backend_request {request.backend_timeout} is longer than timeouts.request "
            f"{request.request_timeout}, which it is a part of"
        )
    return request if params["state"] == "absent" else _targets(params, request)


def _limits(given: Obj, kind: str) -> dict[str, Limit]:
    limits: dict[str, Limit] = {}
    for name in ("requests", "tokens"):
        entry = given.get(name)
        if not entry:
            continue
        if entry["count"] < 1:
            raise OptionError(f"limits.{name}.count {entry['count']} must be 1 or more")
        limits[name] = Limit(entry["count"], str(entry["unit"]).capitalize())
    if "tokens" in limits and kind != OPENAI:
        raise OptionError("limits.tokens needs kind 'openai': nobody counts tokens of other requests")
    return limits


def _targets(params: Obj, request: Request) -> Request:
    """With backends, models and paths."""
    backends = tuple(_backend(entry, request, number) for number, entry in enumerate(params["backends"] or []))
    if not backends:
        raise OptionError("backends is required with state present: a list with inference_service or service")
    check(backends)
    models = tuple(params["models"] or ()) or _default_models(request, backends)
    for model in models:
        if not _MODEL.match(model) or len(model) > 253 or _odd(model):
            raise OptionError(f"models: '{model}' must be letters, digits, '-', '_', '.' and single '/'")
    twice = sorted({model for model in models if models.count(model) > 1})
    if twice:
        raise OptionError(f"models: {', '.join(twice)} is there more than once")
    prefix = (params["path_prefix"] or "").rstrip("/")
    if request.kind == PREDICT and not models and not prefix:
        prefix = f"/{request.tenant}/{request.name}"
    if prefix and (not _PREFIX.match(prefix) or _odd(prefix)):
        raise OptionError(
            f"path_prefix '{params['path_prefix']}' must begin with '/' and hold no '..', '?', '*' or '//'"
        )
    if prefix and request.kind == OPENAI:
        raise OptionError("path_prefix has no meaning with kind 'openai': the model's name in the request decides")
    complete = {
        **request.__dict__,
        "backends": backends,
        "models": models,
        "protocols": tuple(params["protocols"]),
        "path_prefix": prefix,
        "strip_prefix": params["strip_prefix"],
    }
    asked = Request(**complete)
    if asked.kind == PREDICT and asked.models:
        for _headers, group in variants(backends):
            upstream_name(backend for _number, backend in group)  # raises where they do not agree
        if not asked.protocols:
            raise OptionError("protocols is empty, so the models would have no paths")
    return asked


def _odd(path: str) -> bool:
    """Parts that a proxy on the way would take out, so that another path arrives than was matched."""
    return "//" in path or bool({".", ".."} & set(path.split("/")))


def _backend(entry: Obj, request: Request, number: int) -> Backend:
    weight, port = entry["weight"], entry["port"]
    if not 0 <= weight <= MAX_WEIGHT:
        raise OptionError(f"backends[{number}].weight {weight} must be 0 to {MAX_WEIGHT}")
    if not 1 <= port <= 65535:
        raise OptionError(f"backends[{number}].port {port} is no port")
    if entry.get("prefix") and request.kind != OPENAI:
        raise OptionError(f"backends[{number}].prefix is for kind 'openai'")
    return Backend(
        inference_service=entry.get("inference_service") or "",
        service=entry.get("service") or "",
        namespace=entry.get("namespace") or request.tenant,
        port=port,
        weight=weight,
        model=entry.get("model") or "",
        prefix=entry.get("prefix") or "",
        headers=understand_headers(entry.get("headers") or {}, f"backends[{number}].headers"),
    )


def _default_models(request: Request, backends: tuple[Backend, ...]) -> tuple[str, ...]:
    if request.kind == OPENAI:
        return (f"{request.tenant}/{request.name}",)
    if any(backend.inference_service for backend in backends):
        return (request.name if len(backends) > 1 else backends[0].inference_service,)
    return ()


def upstream_name(backends: Iterable[Backend]) -> str:
    """The model's name in the path that all of these know; '' where it is the public one."""
    known = sorted({name for backend in backends if (name := backend.model or backend.inference_service)})
    if len(known) > 1:
        raise OptionError(
            f"backends serve the model under different names ({', '.join(known)}), but a path has only one: set "
            "backends[].model to a name that all of them know (argument --model_name of KServe's servers), or give "
            "one of them headers of its own"
        )
    return known[0] if known else ""
