# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes that would take each other's requests, and what gateways say of an object."""

from __future__ import annotations

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.gateway.conflicts import check
from ansible_collections.bentobox.platform.plugins.module_utils.gateway.errors import OptionError
from ansible_collections.bentobox.platform.plugins.module_utils.gateway.ready import state_of
from ansible_collections.bentobox.platform.plugins.module_utils.gateway.render import render

from .cases import IRIS, LLM, request, resolved


def route(schema="1.0", **given):
    asked = request(**given)
    return render(asked, resolved(asked, set()), schema)[-1]


def test_own_route_is_no_conflict() -> None:
    check(request(backends=[IRIS]), [route(backends=[IRIS])])


def test_path_of_another_tenant() -> None:
    with pytest.raises(OptionError) as error:
        check(request(backends=[IRIS]), [route(tenant="b", backends=[IRIS])])
    assert "path /v1/models/iris" in str(error.value)
    assert "HTTPRoute inference-gateway/b-iris (route iris of tenant b)" in str(error.value)
    assert "path_prefix of its own, such as /tenant-a" in str(error.value)


@pytest.mark.parametrize(
    "other",
    [
        {"path_prefix": "/b"},
        {"hostname": "other.example.org"},
        {"gateway": "another"},
        {"gateway_namespace": "elsewhere"},
        {"models": ["roses"]},
    ],
)
def test_no_conflict(other) -> None:
    check(request(backends=[IRIS]), [route(tenant="b", backends=[IRIS], **other)])


def test_a_route_for_all_hosts_conflicts() -> None:
    other = route(tenant="b", backends=[IRIS])
    del other["spec"]["hostnames"]
    with pytest.raises(OptionError):
        check(request(backends=[IRIS]), [other])


def test_prefixes() -> None:
    service = {"backends": [{"service": "x"}], "path_prefix": "/x"}
    with pytest.raises(OptionError, match="path /x on Gateway predict"):
        check(request(**service), [route(tenant="b", **service)])


@pytest.mark.parametrize("schema", ["0.2", "1.0"])
def test_model_of_another_route(schema) -> None:
    mine = request(kind="openai", backends=[LLM], models=["llm", "small"])
    with pytest.raises(OptionError) as error:
        check(mine, [route(schema, tenant="b", kind="openai", backends=[LLM], models=["small"])])
    assert "model small on Gateway openai is already taken by AIGatewayRoute inference-gateway/b-iris" in str(
        error.value
    )
    check(mine, [route(schema, tenant="b", kind="openai", backends=[LLM])])


def test_two_routes_of_one_object_name() -> None:
    with pytest.raises(OptionError, match="both are called a-b-c"):
        check(request(tenant="a", name="b-c", backends=[IRIS]), [route(tenant="a-b", name="c", backends=[IRIS])])


# -- ready -------------------------------------------------------------------------------------------------------------
def told(kind, status="True", seen=2, **more):
    return {"type": kind, "status": status, "observedGeneration": seen, **more}


def obj(kind, **status):
    return {"kind": kind, "metadata": {"namespace": "gw", "generation": 2}, "spec": {}, "status": status}


def parent(*conditions, name="predict", **more):
    return {"parentRef": {"name": name, **more}, "conditions": list(conditions)}


OK = told("Accepted"), told("ResolvedRefs")


@pytest.mark.parametrize(
    ("parents", "ready", "refused", "text"),
    [
        ([], False, False, "Gateway gw/predict has said nothing"),
        ([parent(*OK, name="other")], False, False, "has said nothing"),
        ([parent(*OK, namespace="elsewhere")], False, False, "has said nothing"),
        ([parent(*OK)], True, False, "ready"),
        ([parent(*OK, namespace="gw")], True, False, "ready"),
        ([parent(told("Accepted"))], False, False, "its controller has said nothing yet"),
        ([parent(told("Accepted", seen=1), OK[1])], False, False, "has not seen the change"),
        (
            [parent(OK[0], told("ResolvedRefs", "False", reason="RefNotPermitted", message="no grant"))],
            False, True, "ResolvedRefs is False (RefNotPermitted: no grant)",
        ),
        ([parent(told("Accepted", "Unknown"), OK[1])], False, False, "Accepted is Unknown"),
        ([parent(*OK, told("PartiallyInvalid", reason="UnsupportedValue"))], False, True, "PartiallyInvalid is True"),
    ],
)  # fmt: skip
def test_route(parents, ready, refused, text) -> None:
    state = state_of(obj("HTTPRoute", parents=parents), "predict", "gw")
    assert (state.ready, state.refused) == (ready, refused)
    assert text in state.text


@pytest.mark.parametrize("kind", ["SecurityPolicy", "BackendTrafficPolicy"])
def test_policy(kind) -> None:
    silent = obj(kind)
    silent["spec"]["targetRefs"] = [{"kind": "HTTPRoute", "name": "r"}]
    assert state_of(silent) == (
        False, "no gateway has said anything about it, as if its target (HTTPRoute r) were not there", False,
    )  # fmt: skip
    assert state_of(obj(kind, ancestors=[{"conditions": [told("Accepted")]}])).ready
    no = told("Accepted", "False", reason="Invalid", message="enable Ratelimit in the EnvoyGateway config")
    state = state_of(obj(kind, ancestors=[{"conditions": [told("Accepted")]}, {"conditions": [no]}]))
    assert (state.ready, state.refused) == (False, True)
    assert "enable Ratelimit" in state.text


@pytest.mark.parametrize("kind", ["AIGatewayRoute", "AIServiceBackend"])
def test_ai(kind) -> None:
    assert state_of(obj(kind)) == (False, "its controller has said nothing yet", False)
    assert state_of(obj(kind, conditions=[told("Accepted")])).ready
    state = state_of(obj(kind, conditions=[told("NotAccepted", message="no backend")]))
    assert (state.ready, state.refused, "no backend" in state.text) == (False, True, True)


def test_backend_and_others() -> None:
    assert not state_of(None).ready
    assert not state_of(obj("Backend")).ready
    assert state_of(obj("Backend", conditions=[told("Accepted")])).ready
    assert state_of(obj("ReferenceGrant")).ready
