# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the cluster has of what a route needs. Asked before anything is written; in check mode what is missing may be
made by a task before this one, so it is a warning there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import NotFound, UnknownKind

from . import conflicts
from .backends import Target, need_local_gateway, target
from .errors import OptionError
from .openai import API, NEW, OLD
from .request import PREDICT, ROUTE_API, TENANT_LABEL, Backend, Request

try:
    import yaml
except ImportError:  # pragma: no cover  # the Kubernetes client says so first
    yaml = None  # type: ignore[assignment]

Obj = dict[str, Any]

INFERENCE_API = "serving.kserve.io/v1beta1"
MODE = "serving.kserve.io/deploymentMode"
_RAW = ("RawDeployment", "Standard")
_CONFIG, _CONFIG_KEY = "envoy-gateway-config", "envoy-gateway.yaml"


class Survey:
    def __init__(self, client: Any, request: Request, *, check_mode: bool, warn: Callable[[str], None]) -> None:
        self.client, self.request, self.check_mode, self.warn = client, request, check_mode, warn

    def targets(self) -> list[Target]:
        """Also checks that the tenant and all backends are there, and that no backend is another tenant's."""
        owners = self._tenants()
        return [self._target(backend, owners) for backend in self.request.backends]

    def _missing(self, text: str) -> None:
        if not self.check_mode:
            raise OptionError(f"{text}. Nothing was changed")
        self.warn(f"{text}. In check mode that is no error: a task before this one may make it")

    # -- tenants and backends --------------------------------------------------------------------------------------
    def _tenants(self) -> dict[str, str]:
        """Namespace -> tenant."""
        labelled = self.client.list("v1", "Namespace", label_selector=TENANT_LABEL)
        owners = {space["metadata"]["name"]: space["metadata"]["labels"][TENANT_LABEL] for space in labelled}
        tenant = self.request.tenant
        if tenant not in owners.values() and not self.client.get_or_none("v1", "Namespace", tenant):
            known = f"There are: {', '.join(sorted(set(owners.values())))}" if owners else "There is none"
            self._missing(
                f"there is no tenant '{tenant}': no namespace of that name or with label {TENANT_LABEL}={tenant}. "
                f"{known} (module bentobox.platform.tenant makes them)"
            )
        return owners

    def _target(self, backend: Backend, owners: dict[str, str]) -> Target:
        owner = owners.get(backend.namespace, self.request.tenant)
        if owner != self.request.tenant:
            raise OptionError(
                f"{backend.what} belongs to tenant '{owner}': a route of tenant '{self.request.tenant}' would open it "
                "to the wrong people"
            )
        return self._inference_service(backend) if backend.inference_service else self._service(backend)

    def _inference_service(self, backend: Backend) -> Target:
        try:
            found = self.client.get_or_none(
                INFERENCE_API, "InferenceService", backend.inference_service, backend.namespace
            )
        except UnknownKind:
            found = None
        if found is None:
            self._missing(f"there is no {backend.what}{self._others(backend)}")
            return target(backend, serverless=True)
        mode = (found["metadata"].get("annotations") or {}).get(MODE)
        return target(backend, serverless=mode not in _RAW)

    def _others(self, backend: Backend) -> str:
        try:
            services = self.client.list(INFERENCE_API, "InferenceService", backend.namespace)
        except NotFound:
            return ", and the cluster knows no InferenceService (role bentobox.platform.kserve)"
        names = sorted(service["metadata"]["name"] for service in services)
        return f"; in that namespace there are: {', '.join(names)}" if names else "; there is none in that namespace"

    def _service(self, backend: Backend) -> Target:
        found = self.client.get_or_none("v1", "Service", backend.service, backend.namespace)
        if found is None:
            self._missing(f"there is no {backend.what}")
        else:
            ports = [entry.get("port") for entry in (found.get("spec") or {}).get("ports") or []]
            if ports and backend.port not in ports:
                shown = ", ".join(str(port) for port in ports)
                raise OptionError(f"{backend.what} has no port {backend.port}; it has {shown}")
        return target(backend, serverless=False)

    # -- gateways --------------------------------------------------------------------------------------------------
    def gateway(self) -> None:
        namespace, name = self.request.gateway_namespace, self.request.gateway
        try:
            found = self.client.get_or_none(ROUTE_API, "Gateway", name, namespace)
        except UnknownKind:
            found = None
        if found is None:
            self._missing(f"there is no Gateway {namespace}/{name} (role bentobox.platform.gateway makes it)")

    def local_gateway(self, targets: list[Target]) -> None:
        """Where it is referred to; several backends are reached by host names, which Knative itself leads there."""
        if self.request.kind != PREDICT or not need_local_gateway(targets):
            return
        namespace, name, _port = self.request.local_gateway
        if self.client.get_or_none("v1", "Service", name, namespace) is None:
            self._missing(
                f"there is no Service {namespace}/{name}, through which Knative's revisions are reached; set "
                "local_gateway to the Service of Knative's local gateway"
            )

    def schema(self, asked: str) -> str:
        """Of AI Gateway's kinds: 1.0 is what serves v1beta1."""
        if self.request.kind == PREDICT or asked != "auto":
            return NEW if asked == "auto" else asked
        for schema in (NEW, OLD):
            try:
                self.client.resource(API[schema], "AIGatewayRoute")
            except UnknownKind:
                continue
            return schema
        self._missing("the cluster knows no AIGatewayRoute (role bentobox.platform.envoy_ai_gateway)")
        return NEW

    def conflicts(self, schema: str) -> None:
        kind = ("HTTPRoute", ROUTE_API) if self.request.kind == PREDICT else ("AIGatewayRoute", API[schema])
        try:
            routes = self.client.list(kind[1], kind[0])
        except NotFound:
            return
        conflicts.check(self.request, routes)

    # -- limits ----------------------------------------------------------------------------------------------------
    def limits(self, namespace: str) -> None:
        """Without a backend Envoy Gateway takes a policy with global limits and refuses it in its status."""
        if not self.request.limits:
            return
        where = f"ConfigMap {namespace}/{_CONFIG}"
        found = self.client.get_or_none("v1", "ConfigMap", _CONFIG, namespace)
        if found is None:
            self._missing(f"{where} is not there, so nobody knows whether limits can work")
            return
        config = yaml.safe_load((found.get("data") or {}).get(_CONFIG_KEY) or "") or {}
        if not ((config.get("rateLimit") or {}).get("backend") or {}).get("type"):
            self._missing(
                f"limits need a store of counters, and Envoy Gateway has none: its {where} sets no "
                "rateLimit.backend. Install Redis and tell role bentobox.platform.envoy_gateway of it, or leave "
                "limits out"
            )
