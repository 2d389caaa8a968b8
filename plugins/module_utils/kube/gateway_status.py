# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When kinds of the Gateway API and of Envoy Gateway are ready, and the certificates they serve with. Pure.

Their controllers say so per parent (routes) or per ancestor (policies), or in one condition. What has said nothing yet
is not ready: a policy whose target does not exist never gets a status at all, and guards nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .conditions import phrase
from .objects import Obj

Ready = tuple[bool, str]
Rule = Callable[[Obj, Obj], Ready]

GATEWAY_API = "gateway.networking.k8s.io"
ENVOY_GATEWAY = "gateway.envoyproxy.io"
AI_GATEWAY = "aigateway.envoyproxy.io"
CERT_MANAGER = "cert-manager.io"


def requires(*types: str) -> Rule:
    """All of these conditions have to be there, to be true, and to be about the object as it is now."""

    def rule(obj: Obj, status: Obj) -> Ready:
        return _all_true(obj, status.get("conditions"), types)

    return rule


def _all_true(obj: Obj, conditions: Any, types: tuple[str, ...], whose: str = "") -> Ready:
    have = {entry.get("type"): entry for entry in conditions or [] if isinstance(entry, dict)}
    for name in types:
        condition = have.get(name)
        if condition is None and (refused := have.get(f"Not{name}")):  # as the AI Gateway says it
            return False, whose + phrase(refused)
        if condition is None:
            return False, f"{whose}no condition {name} yet"
        if _outdated(obj, condition):
            return False, f"{whose}its controller has not seen the change yet"
        if condition.get("status") != "True":
            return False, whose + phrase(condition)
    return True, "ready"


def _outdated(obj: Obj, condition: Obj) -> bool:
    generation = (obj.get("metadata") or {}).get("generation")
    observed = condition.get("observedGeneration")
    return generation is not None and observed is not None and observed < generation


def _gateway(obj: Obj, status: Obj) -> Ready:
    """Programmed as a whole, and each listener: a Gateway may be programmed while a certificate of it is missing."""
    ready, why = _all_true(obj, status.get("conditions"), ("Accepted", "Programmed"))
    if not ready:
        return ready, why
    said = {entry.get("name"): entry for entry in status.get("listeners") or []}
    for listener in obj["spec"].get("listeners") or []:
        name = str(listener.get("name"))
        conditions = (said.get(name) or {}).get("conditions")
        ready, why = _all_true(obj, conditions, ("ResolvedRefs", "Programmed"), f"listener {name}: ")
        if not ready:
            return ready, why
    return True, "programmed"


def _route(obj: Obj, status: Obj) -> Ready:
    """Every parent it names has taken it. A parent that more than one controller speaks for counts for each."""
    parents = [entry for entry in status.get("parents") or [] if isinstance(entry, dict)]
    namespace = (obj.get("metadata") or {}).get("namespace")
    for wanted in obj["spec"].get("parentRefs") or []:
        found = [
            entry for entry in parents if _reference(entry.get("parentRef"), namespace) == _reference(wanted, namespace)
        ]
        whose = f"parent {wanted.get('name')}: "
        if not found:
            return False, f"{whose}no controller has said anything yet"
        for entry in found:
            ready, why = _all_true(obj, entry.get("conditions"), ("Accepted", "ResolvedRefs"), whose)
            if ready and (partly := _said(entry.get("conditions"), "PartiallyInvalid", "True")):
                ready, why = False, whose + phrase(partly)
            if not ready:
                return ready, why
    return True, "accepted"


def _reference(reference: Any, namespace: Any) -> tuple[Any, ...]:
    given = reference or {}
    return (
        given.get("group", GATEWAY_API), given.get("kind", "Gateway"), given.get("namespace") or namespace,
        given.get("name"), given.get("sectionName"), given.get("port"),
    )  # fmt: skip


def _policy(obj: Obj, status: Obj) -> Ready:
    """Taken for every ancestor. Without any its target is missing, or its controller has not come to it yet."""
    ancestors = [entry for entry in status.get("ancestors") or [] if isinstance(entry, dict)]
    if not ancestors:
        targets = ", ".join(f"{ref.get('kind')} {ref.get('name')}" for ref in obj["spec"].get("targetRefs") or [])
        return False, f"it is in force nowhere, as if its target were not there{targets and f': {targets}'}"
    for entry in ancestors:
        whose = f"for {(entry.get('ancestorRef') or {}).get('name')}: "
        ready, why = _all_true(obj, entry.get("conditions"), ("Accepted",), whose)
        if not ready:
            return ready, why
    return True, "accepted"


def refused(obj: Obj) -> bool:
    """Whether a controller has looked at the object as it is now and said no, which may still pass: it sees a policy
    before its target, or a route before the grant that it needs."""
    status = obj.get("status") or {}
    told = [status, *(status.get("parents") or []), *(status.get("ancestors") or [])]
    conditions = [entry for one in told for entry in one.get("conditions") or [] if not _outdated(obj, entry)]
    return any(_said(conditions, kind, said) for kind, said in _REFUSALS)


def _said(conditions: Any, kind: str, status: str) -> Obj | None:
    return next((one for one in conditions or [] if (one.get("type"), one.get("status")) == (kind, status)), None)


_REFUSALS = (("Accepted", "False"), ("ResolvedRefs", "False"), ("NotAccepted", "True"), ("PartiallyInvalid", "True"))
_ROUTES = ("HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute")
_POLICIES = (
    "SecurityPolicy", "BackendTrafficPolicy", "ClientTrafficPolicy", "EnvoyExtensionPolicy", "EnvoyPatchPolicy",
)  # fmt: skip
_AI_KINDS = ("AIGatewayRoute", "AIServiceBackend", "BackendSecurityPolicy")
_ISSUED = ("Certificate", "Issuer", "ClusterIssuer")

RULES: dict[tuple[str, str], Rule] = {
    (GATEWAY_API, "GatewayClass"): requires("Accepted"),
    (GATEWAY_API, "Gateway"): _gateway,
    (GATEWAY_API, "BackendTLSPolicy"): _policy,
    (ENVOY_GATEWAY, "Backend"): requires("Accepted"),
    **{(GATEWAY_API, kind): _route for kind in _ROUTES},
    **{(ENVOY_GATEWAY, kind): _policy for kind in _POLICIES},
    **{(AI_GATEWAY, kind): requires("Accepted") for kind in _AI_KINDS},
    **{(CERT_MANAGER, kind): requires("Ready") for kind in _ISSUED},
}
