# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds of the Gateway API are ready when their controllers say so, and not as long as they say nothing."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.gateway_status import RULES, refused
from ansible_collections.bentobox.platform.plugins.module_utils.kube.wait import readiness

GATEWAY_API, ENVOY, AI, CERTIFICATES = (
    "gateway.networking.k8s.io/v1",
    "gateway.envoyproxy.io/v1alpha1",
    "aigateway.envoyproxy.io/v1beta1",
    "cert-manager.io/v1",
)


def conditions(*, seen: int | None = 2, **states: str) -> list[dict[str, Any]]:
    return [
        {"type": name, "status": state, "reason": "Why", "message": "because", "observedGeneration": seen}
        for name, state in states.items()
    ]


def obj(api: str, kind: str, spec: dict[str, Any] | None = None, status: Any = None) -> dict[str, Any]:
    metadata = {"name": "one", "namespace": "here", "generation": 2}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec or {}, "status": status}


@pytest.mark.parametrize(("group", "kind"), RULES)
def test_silence_is_not_readiness(group: str, kind: str) -> None:
    spec = {"parentRefs": [{"name": "gw"}]}
    for status in (None, {}, {"conditions": []}, {"parents": []}, {"ancestors": []}):
        ready, why = readiness(obj(f"{group}/v1", kind, spec, status))
        assert not ready
        assert why


@pytest.mark.parametrize(
    ("api", "kind", "condition"),
    [
        (GATEWAY_API, "GatewayClass", "Accepted"),
        (ENVOY, "Backend", "Accepted"),
        (AI, "AIGatewayRoute", "Accepted"),
        (AI, "AIServiceBackend", "Accepted"),
        (AI, "BackendSecurityPolicy", "Accepted"),
        (CERTIFICATES, "Certificate", "Ready"),
        (CERTIFICATES, "Issuer", "Ready"),
        (CERTIFICATES, "ClusterIssuer", "Ready"),
    ],
)
def test_one_condition_decides(api: str, kind: str, condition: str) -> None:
    assert readiness(obj(api, kind, status={"conditions": conditions(**{condition: "True"})})) == (True, "ready")
    ready, why = readiness(obj(api, kind, status={"conditions": conditions(**{condition: "False"})}))
    assert (ready, why) == (False, f"{condition} is False (Why: because)")
    assert not readiness(obj(api, kind, status={"conditions": conditions(Other="True")}))[0]


def test_refusal_by_a_condition_of_its_own() -> None:
    """The AI Gateway has a condition for each of the two, and only one of them at a time."""
    ready, why = readiness(obj(AI, "AIGatewayRoute", status={"conditions": conditions(NotAccepted="True")}))
    assert (ready, why) == (False, "NotAccepted is True (Why: because)")


def test_a_condition_about_the_object_as_it_was_does_not_count() -> None:
    old = obj(ENVOY, "Backend", status={"conditions": conditions(seen=1, Accepted="True")})
    assert readiness(old) == (False, "its controller has not seen the change yet")
    # Not every controller says what it has seen.
    assert readiness(obj(ENVOY, "Backend", status={"conditions": conditions(seen=None, Accepted="True")}))[0]


LISTENERS = {"listeners": [{"name": "https"}, {"name": "http"}]}
WELL = conditions(ResolvedRefs="True", Programmed="True")


def gateway(listeners: list[dict[str, Any]], **states: str) -> dict[str, Any]:
    return obj(GATEWAY_API, "Gateway", LISTENERS, {"conditions": conditions(**states), "listeners": listeners})


def test_gateway_with_its_listeners() -> None:
    both = [{"name": "https", "conditions": WELL}, {"name": "http", "conditions": WELL}]
    assert readiness(gateway(both, Accepted="True", Programmed="True")) == (True, "programmed")
    assert readiness(gateway(both, Accepted="True", Programmed="False"))[1] == "Programmed is False (Why: because)"
    assert readiness(gateway(both, Accepted="True"))[1] == "no condition Programmed yet"


def test_gateway_whose_certificate_is_missing() -> None:
    """Envoy Gateway programs a Gateway as long as one of its listeners can be."""
    poor = [{"name": "https", "conditions": conditions(ResolvedRefs="False", Programmed="False")}]
    ready, why = readiness(gateway([*poor, {"name": "http", "conditions": WELL}], Accepted="True", Programmed="True"))
    assert (ready, why) == (False, "listener https: ResolvedRefs is False (Why: because)")
    assert not readiness(gateway([{"name": "https", "conditions": WELL}], Accepted="True", Programmed="True"))[0]


def parent(name: str, **more: Any) -> dict[str, Any]:
    states = more.pop("states", {"Accepted": "True", "ResolvedRefs": "True"})
    return {"parentRef": {"name": name, **more}, "conditions": conditions(**states)}


def route(wanted: list[dict[str, Any]], said: list[dict[str, Any]]) -> tuple[bool, str]:
    return readiness(obj(GATEWAY_API, "HTTPRoute", {"parentRefs": wanted}, {"parents": said}))


def test_every_parent_has_to_take_a_route() -> None:
    assert route([{"name": "a"}], [parent("a")]) == (True, "accepted")
    assert route([{"name": "a"}, {"name": "b"}], [parent("a")])[1] == "parent b: no controller has said anything yet"
    refused = parent("b", states={"Accepted": "False", "ResolvedRefs": "True"})
    assert route([{"name": "a"}, {"name": "b"}], [parent("a"), refused])[1].startswith("parent b: Accepted is False")


def test_backend_that_cannot_be_found() -> None:
    poor = parent("a", states={"Accepted": "True", "ResolvedRefs": "False"})
    assert route([{"name": "a"}], [poor])[1] == "parent a: ResolvedRefs is False (Why: because)"


def test_parents_are_told_apart() -> None:
    """Defaults are written out by some controllers and left out by others; a listener is another parent."""
    written = parent("a", group="gateway.networking.k8s.io", kind="Gateway", namespace="here")
    assert route([{"name": "a"}], [written])[0]
    assert not route([{"name": "a"}], [parent("a", namespace="there")])[0]
    assert not route([{"name": "a", "sectionName": "https"}], [parent("a", sectionName="http")])[0]
    assert not route([{"name": "a"}], [parent("a", kind="Service")])[0]


def test_two_controllers_of_one_parent() -> None:
    refused = parent("a", states={"Accepted": "False", "ResolvedRefs": "True"})
    assert not route([{"name": "a"}], [parent("a"), refused])[0]


def test_route_without_parents_waits_for_nobody() -> None:
    assert route([], []) == (True, "accepted")


def policy(*states: str) -> tuple[bool, str]:
    ancestors = [
        {"ancestorRef": {"name": f"gw{number}"}, "conditions": conditions(Accepted=state)}
        for number, state in enumerate(states)
    ]
    return readiness(obj(ENVOY, "SecurityPolicy", status={"ancestors": ancestors}))


def test_policies_count_where_they_are_accepted() -> None:
    assert policy("True", "True") == (True, "accepted")
    assert policy("True", "False")[1] == "for gw1: Accepted is False (Why: because)"
    assert policy()[1] == "it is in force nowhere, as if its target were not there"
    targets = {"targetRefs": [{"kind": "HTTPRoute", "name": "r"}]}
    assert readiness(obj(ENVOY, "SecurityPolicy", targets))[1].endswith("were not there: HTTPRoute r")


def test_a_route_of_which_a_part_is_left_out() -> None:
    poor = parent("a", states={"Accepted": "True", "ResolvedRefs": "True", "PartiallyInvalid": "True"})
    assert route([{"name": "a"}], [poor]) == (False, "parent a: PartiallyInvalid is True (Why: because)")


@pytest.mark.parametrize(
    ("kind", "status", "no"),
    [
        ("HTTPRoute", {}, False),
        ("HTTPRoute", {"parents": [parent("a")]}, False),
        ("HTTPRoute", {"parents": [parent("a", states={"Accepted": "Unknown"})]}, False),
        ("HTTPRoute", {"parents": [parent("a", states={"Accepted": "True", "ResolvedRefs": "False"})]}, True),
        ("HTTPRoute", {"parents": [parent("a", states={"Accepted": "True", "PartiallyInvalid": "True"})]}, True),
        ("SecurityPolicy", {"ancestors": [{"conditions": conditions(Accepted="False")}]}, True),
        ("SecurityPolicy", {"ancestors": [{"conditions": conditions(seen=1, Accepted="False")}]}, False),
        ("AIGatewayRoute", {"conditions": conditions(seen=None, NotAccepted="True")}, True),
        ("AIGatewayRoute", {"conditions": conditions(seen=None, Accepted="True")}, False),
    ],
)
def test_who_says_nothing_yet_refuses_nothing(kind: str, status: Any, no: bool) -> None:
    assert refused(obj(GATEWAY_API, kind, status=status)) is no
