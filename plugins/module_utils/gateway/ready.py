# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Has a gateway taken an object? Pure functions: kinds of the Gateway API tell it for each parent, not for themselves,
and a policy whose target is missing tells nothing at all."""

from __future__ import annotations

from typing import Any, NamedTuple

from ansible_collections.bentobox.platform.plugins.module_utils.kube.conditions import phrase

Obj = dict[str, Any]


class State(NamedTuple):
    ready: bool
    text: str
    refused: bool = False  # its controller has looked and said no


_SILENT = "its controller has said nothing yet"


def state_of(obj: Obj | None, gateway: str = "", gateway_namespace: str = "") -> State:
    """gateway: whose answer counts, for routes."""
    if obj is None:
        return State(False, "is not there yet")
    kind, status = obj.get("kind", ""), obj.get("status") or {}
    if kind in ("HTTPRoute", "GRPCRoute"):
        return _route(obj, status, gateway, gateway_namespace)
    if kind in ("SecurityPolicy", "BackendTrafficPolicy"):
        return _policy(obj, status)
    if kind == "Backend":
        return _conditions(obj, status.get("conditions") or [], ("Accepted",))
    if kind in ("AIGatewayRoute", "AIServiceBackend"):
        return _ai(obj, status)
    return State(True, "ready")


def _route(obj: Obj, status: Obj, gateway: str, gateway_namespace: str) -> State:
    own = (obj.get("metadata") or {}).get("namespace", "")
    for entry in status.get("parents") or []:
        reference = entry.get("parentRef") or {}
        place = reference.get("namespace") or own
        if reference.get("name") == gateway and place == gateway_namespace:
            told = entry.get("conditions") or []
            partly = _find(told, "PartiallyInvalid")
            if partly.get("status") == "True":
                return State(False, _phrase(partly), True)
            return _conditions(obj, told, ("Accepted", "ResolvedRefs"))
    return State(False, f"Gateway {gateway_namespace}/{gateway} has said nothing about it yet")


def _policy(obj: Obj, status: Obj) -> State:
    ancestors = status.get("ancestors") or []
    if not ancestors:
        targets = ", ".join(
            f"{ref.get('kind')} {ref.get('name')}" for ref in (obj.get("spec") or {}).get("targetRefs") or []
        )
        return State(False, f"no gateway has said anything about it, as if its target ({targets}) were not there")
    for ancestor in ancestors:
        state = _conditions(obj, ancestor.get("conditions") or [], ("Accepted",))
        if not state.ready:
            return state
    return State(True, "ready")


def _ai(obj: Obj, status: Obj) -> State:
    """One condition at a time, and its type is the answer. It carries no generation that could be relied on."""
    told = status.get("conditions") or []
    refused = _find(told, "NotAccepted")
    if refused:
        return State(False, _phrase(refused), True)
    accepted = _find(told, "Accepted")
    if not accepted:
        return State(False, _SILENT)
    return State(accepted.get("status") == "True", _phrase(accepted), accepted.get("status") == "False")


def _conditions(obj: Obj, told: list[Obj], wanted: tuple[str, ...]) -> State:
    generation = int((obj.get("metadata") or {}).get("generation") or 0)
    for kind in wanted:
        have = _find(told, kind)
        if not have:
            return State(False, _SILENT)
        if int(have.get("observedGeneration") or generation) < generation:
            return State(False, "its controller has not seen the change yet")
        if have.get("status") != "True":
            return State(False, _phrase(have), have.get("status") == "False")
    return State(True, "ready")


def _find(told: list[Obj], kind: str) -> Obj:
    return next((dict(entry) for entry in told if entry.get("type") == kind), {})


def _phrase(condition: Obj) -> str:
    """On one line, whatever the controller wrote."""
    return " ".join(phrase(condition).split())
