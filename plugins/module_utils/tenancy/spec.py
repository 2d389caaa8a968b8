# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tenant is, apart from any cluster, and what is refused before one is asked."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass, field

from .errors import TenancyError

LABEL = "bentobox.platform/tenant"
LEVELS = ("view", "edit", "admin")
_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_RESERVED = ("default", "kube-system", "kube-public", "kube-node-lease")
_SHORT = 40  # characters: model and revision make longer names of it, and DNS ends at 63

Quantities = dict[str, str]


@dataclass(frozen=True)
class Limits:
    """Of one container: what it gets when it says nothing, and the bounds of what it may say."""

    default: Quantities = field(default_factory=dict)
    default_request: Quantities = field(default_factory=dict)
    max: Quantities = field(default_factory=dict)
    min: Quantities = field(default_factory=dict)


@dataclass(frozen=True)
class Members:
    """Who has one level of access. Service accounts as namespace/name; a name alone is one of the tenant's."""

    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    service_accounts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Jwt:
    """Which tokens count."""

    issuer: str
    audiences: tuple[str, ...]
    jwks: str


@dataclass(frozen=True)
class Mesh:
    """Istio, with a sidecar in each Pod. cni: whether Istio's node agent sets them up, and no init container."""

    jwt: Jwt
    mtls: str = "STRICT"
    cni: bool = False


@dataclass(frozen=True)
class Storage:
    """The object store models are loaded from. Its credentials are copied from an existing Secret by the engine."""

    endpoint: str
    secure: bool
    region: str
    secret_namespace: str
    secret_name: str


@dataclass(frozen=True)
class Platform:
    """In which namespaces the parts of the platform live that a tenant's Pods have to do with."""

    dns: str = "kube-system"
    mesh: str = "istio-system"
    serving: str = "knative-serving"
    monitoring: str = "monitoring"
    gateways: tuple[str, ...] = ("envoy-gateway-system",)
    routes: tuple[str, ...] = ("inference-gateway",)


@dataclass(frozen=True)
class Tenant:
    name: str
    labels: dict[str, str] = field(default_factory=dict)
    quota: Quantities = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    members: dict[str, Members] = field(default_factory=dict)
    mesh: Mesh | None = None
    storage: Storage | None = None
    platform: Platform = field(default_factory=Platform)
    pod_security: str = ""
    service_account: str = "models"
    allowed_namespaces: tuple[str, ...] = ()
    egress_cidrs: tuple[str, ...] = ()

    @property
    def enforced(self) -> str:
        """The pod security level. Baseline refuses the init container that sets a sidecar up (NET_ADMIN)."""
        if self.pod_security:
            return self.pod_security
        return "privileged" if self.mesh and not self.mesh.cni else "baseline"


def check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise TenancyError(
            f"name is '{name}': a tenant is a namespace, so its name has lower case letters, digits and '-', and "
            "begins and ends with a letter or digit"
        )
    if len(name) > _SHORT:
        raise TenancyError(f"name is '{name}', longer than {_SHORT} characters: hosts of models are made of it")
    if name in _RESERVED or name.startswith("kube-"):
        raise TenancyError(f"name is '{name}', a namespace of Kubernetes itself; give the tenant another name")


def check(tenant: Tenant) -> None:
    """Everything the API server would refuse later, or worse, accept and not do."""
    check_name(tenant.name)
    if LABEL in tenant.labels or any(name.startswith("pod-security.kubernetes.io/") for name in tenant.labels):
        raise TenancyError("labels may not set a tenant's own labels; use the options 'name' and 'pod_security'")
    for level, members in tenant.members.items():
        for account in members.service_accounts:
            parts = account.split("/")
            if len(parts) > 2 or not all(parts):
                raise TenancyError(f"members.{level}.service_accounts: '{account}' is neither name nor namespace/name")
    for cidr in tenant.egress_cidrs:
        try:
            ipaddress.ip_network(cidr)
        except ValueError as error:
            raise TenancyError(f"egress_cidrs: '{cidr}' is no network ({error}); write it as 10.1.0.0/16") from None
    if limited(tenant.quota) and not {"cpu", "memory"} <= set(tenant.limits.default):
        missing = ", ".join(sorted({"cpu", "memory"} - set(tenant.limits.default)))
        raise TenancyError(
            f"quota counts limits, and limits.default has no {missing}: every Pod with a container that says nothing "
            "(a sidecar, queue-proxy) would be refused. Set it, or take limits out of the quota"
        )
    if tenant.mesh:
        _check_jwt(tenant.mesh.jwt)


def limited(quota: Quantities) -> bool:
    return any(name.startswith("limits.") for name in quota)


def _check_jwt(jwt: Jwt) -> None:
    if not jwt.issuer.strip():
        raise TenancyError("jwt.issuer is empty: name who issues the tenant's tokens")
    if not jwt.audiences or not all(jwt.audiences):
        raise TenancyError("jwt.audiences has no or an empty element; leave it out for the tenant's name")
