# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes that would take each other's requests."""

from __future__ import annotations

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.gateway.conflicts import check
from ansible_collections.bentobox.platform.plugins.module_utils.gateway.errors import OptionError
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
