# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which backend answers a request with certain headers, by the Gateway API's precedence; and what is refused."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.gateway.backends import need_local_gateway
from ansible_collections.bentobox.platform.plugins.module_utils.gateway.errors import OptionError
from ansible_collections.bentobox.platform.plugins.module_utils.gateway.render import render
from ansible_collections.bentobox.platform.plugins.module_utils.gateway.variants import understand_headers

from .cases import IRIS, LLM, request, resolved

B = {"x-variant": "b"}
VARIANTS = [
    {"service": "rest"},
    {"service": "b", "headers": B},
    {"service": "b-in-eu", "headers": {**B, "X-Region": "eu"}},
    {"service": "c", "headers": {"x-variant": "c"}},
    {"service": "eu", "headers": {"x-region": "eu"}},
]


def route(**given: Any) -> dict[str, Any]:
    asked = request(**given)
    return render(asked, resolved(asked, set()))[-1]


def rule_for(found: dict[str, Any], path: str, headers: dict[str, str]) -> dict[str, Any]:
    """Exact paths before prefixes, the longest prefix, the most headers, the first rule. Written for these tests."""
    candidates = []
    for rule in found["spec"]["rules"]:
        for match in rule["matches"]:
            wanted, value = match.get("headers", []), match["path"]["value"]
            exact = match["path"]["type"] == "Exact"
            fits = path == value if exact else (path == value or path.startswith(value.rstrip("/") + "/"))
            if fits and all(headers.get(one["name"]) == one["value"] for one in wanted):
                candidates.append(((exact, len(value), len(wanted)), rule))
    return max(candidates, key=lambda candidate: candidate[0])[1]


def answers(found: dict[str, Any], path: str, headers: dict[str, str]) -> list[str]:
    return [ref["name"] for ref in rule_for(found, path, headers)["backendRefs"] if ref["weight"]]


@pytest.mark.parametrize(
    ("headers", "service"),
    [
        ({}, "rest"),
        ({"x-variant": "a"}, "rest"),
        ({"x-variant": "b"}, "b"),
        ({"x-variant": "B"}, "rest"),
        ({"x-variant": "b", "x-region": "us"}, "b"),
        ({"x-variant": "b", "x-region": "eu"}, "b-in-eu"),
        ({"x-variant": "c", "x-region": "eu"}, "c"),  # as many headers each: the first one listed
        ({"x-region": "eu"}, "eu"),
    ],
)
@pytest.mark.parametrize(
    ("more", "path"), [({}, "/tenant-a/iris/predict"), ({"models": ["m"]}, "/v1/models/m:predict")]
)
def test_who_answers(more, path, headers, service) -> None:
    assert answers(route(backends=VARIANTS, **more), path, headers) == [service]


def test_the_order_of_the_list_does_not_matter_but_among_equals() -> None:
    backwards = route(backends=VARIANTS[::-1])
    assert answers(backwards, "/tenant-a/iris/x", {"x-variant": "b", "x-region": "eu"}) == ["b-in-eu"]
    assert answers(backwards, "/tenant-a/iris/x", {"x-variant": "c", "x-region": "eu"}) == ["eu"]
    # Rules are in the order in which they are looked at, also for those who read them.
    counts = [len(rule["matches"][0].get("headers", [])) for rule in backwards["spec"]["rules"]]
    assert counts == sorted(counts, reverse=True)


def test_those_with_the_same_headers_share_by_weight() -> None:
    same = [{"service": "b", "headers": B}, {"service": "b2", "headers": {"X-VARIANT": "b"}, "weight": 3}]
    rule = rule_for(route(backends=[{"service": "rest"}, *same]), "/tenant-a/iris", {"x-variant": "b"})
    assert [(ref["name"], ref["weight"]) for ref in rule["backendRefs"]] == [("b", 1), ("b2", 3)]


def test_each_variant_has_its_own_name_of_the_model() -> None:
    found = route(backends=[IRIS, {"inference_service": "iris-2", "headers": B}], models=["flowers"])
    rewrites = [
        rule_for(found, "/v1/models/flowers:predict", headers)["filters"][0]["urlRewrite"] for headers in ({}, B)
    ]
    assert [rewrite["path"]["replaceFullPath"] for rewrite in rewrites] == [
        "/v1/models/iris:predict",
        "/v1/models/iris-2:predict",
    ]
    assert [rewrite["hostname"].split(".")[0] for rewrite in rewrites] == ["iris-predictor", "iris-2-predictor"]


def test_one_grant_for_each_namespace() -> None:
    asked = request(backends=[*VARIANTS, {"service": "x", "namespace": "other", "headers": {"x-variant": "d"}}])
    grants = [obj for obj in render(asked, resolved(asked, set())) if obj["kind"] == "ReferenceGrant"]
    assert [grant["metadata"]["namespace"] for grant in grants] == ["other", "tenant-a"]
    assert [entry["name"] for entry in grants[1]["spec"]["to"]] == ["b", "b-in-eu", "c", "eu", "rest"]


def test_local_gateway_is_needed_when_a_variant_is_alone() -> None:
    two = [IRIS, {"inference_service": "iris-2", "model": "iris"}]
    assert not need_local_gateway(resolved(request(backends=two), set()))
    assert need_local_gateway(resolved(request(backends=[two[0], {**two[1], "headers": B}]), set()))


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({"Authorization": "x"}, "'Authorization' cannot choose a backend: it says who asks"),
        ({"x-jwt-tenant": "b"}, "the gateways take it away"),
        ({"X-AI-EG-Model": "b"}, "the gateways take it away"),
        ({"Host": "b"}, "hostname says that"),
        ({":path": "/"}, "HTTP/2's own"),
        ({"x-forwarded-for": "1.2.3.4"}, "proxies on the way write or remove it"),
        ({"Connection": "close"}, "proxies on the way write or remove it"),
        ({"cookie": "a=b"}, "it holds all cookies in one text"),
        ({"x variant": "b"}, "'x variant' is no name of a header"),
        ({"": "b"}, "'' is no name of a header"),
        ({"x-variant": "b", "X-Variant": "c"}, "x-variant is there more than once"),
        ({"x-variant": True}, "write it in quotes: 'True'"),
        ({"x-variant": 1}, "write it in quotes: '1'"),
        ({"x-variant": None}, "write it in quotes: 'None'"),
        ({"x-variant": ""}, "without spaces at its ends"),
        ({"x-variant": "b "}, "without spaces at its ends"),
        ({"x-variant": "b\r\nx-jwt-tenant: b"}, "without spaces at its ends"),
        ({f"x-{number}": "b" for number in range(16)}, "has 16 headers; a match holds at most 15"),
    ],
)
def test_headers_that_are_refused(headers, text) -> None:
    with pytest.raises(OptionError) as error:
        request(backends=[IRIS, {**IRIS, "headers": headers}])
    assert str(error.value).startswith("backends[1].headers")
    assert text in str(error.value)


@pytest.mark.parametrize(
    ("backends", "text"),
    [
        ([{**IRIS, "headers": B}], "all of them have headers"),
        ([{**IRIS, "weight": 0}, {**IRIS, "headers": B}], "all weights of those without headers are 0"),
        ([IRIS, {**IRIS, "headers": B, "weight": 0}], "all weights of those with headers x-variant: b are 0"),
        (
            [IRIS, {**IRIS, "headers": B}, {"inference_service": "other", "headers": B}],
            "different names (iris, other), but a path has only one",
        ),
    ],
)
def test_backends_that_are_refused(backends, text) -> None:
    with pytest.raises(OptionError) as error:
        request(backends=backends)
    assert text in str(error.value)


def test_names_and_values_as_they_are_compared() -> None:
    assert understand_headers({"X-B": "Two words", "x-a": "1"}, "") == (("x-a", "1"), ("x-b", "Two words"))


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ({"backends": [{"service": "s"}], "models": ["m"]}, 22),  # 128 matches, 6 each
        ({"backends": [{"service": "s"}]}, 17),
        ({"backends": [LLM], "kind": "openai"}, 16),  # and the rule that AI Gateway adds
    ],
)
def test_more_variants_than_a_route_can_hold(given, count) -> None:
    [first] = given.pop("backends")
    backends = [first, *({**first, "headers": {"x-variant": str(number)}} for number in range(1, count))]
    with pytest.raises(OptionError, match="make several routes"):
        route(backends=backends, **given)
