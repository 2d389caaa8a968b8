# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Routes from options: all their objects, and what is refused."""

from __future__ import annotations

import pytest
import yaml
from ansible_collections.bentobox.platform.plugins.module_utils.gateway.errors import OptionError
from ansible_collections.bentobox.platform.plugins.module_utils.gateway.render import render

from .cases import CASES, GOLDEN, IRIS, LLM, options, rendered, request, resolved


@pytest.mark.parametrize("name", sorted(CASES))
def test_objects(name) -> None:
    """See cases.py for how these files are written."""
    assert rendered(name) == (GOLDEN / f"{name}.yaml").read_text()


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(CASES)


@pytest.mark.parametrize("name", sorted(CASES))
def test_every_route_has_its_own_complete_policy(name) -> None:
    objects = list(yaml.safe_load_all(rendered(name)))
    [policy] = [obj for obj in objects if obj["kind"] == "SecurityPolicy"]
    [route] = [obj for obj in objects if obj["kind"] in ("HTTPRoute", "AIGatewayRoute")]
    assert policy["spec"]["targetRefs"][0]["name"] == route["metadata"]["name"]
    assert policy["spec"]["authorization"]["defaultAction"] == "Deny"
    [provider] = policy["spec"]["jwt"]["providers"]
    for rule in policy["spec"]["authorization"]["rules"]:
        assert rule["principal"]["jwt"]["claims"][0]["values"] == ["tenant-a"]
        assert rule["principal"]["jwt"]["provider"] == provider["name"]
    # All OpenAI routes of a Gateway check the same of a token before the model is known.
    assert "audiences" not in provider or route["kind"] == "HTTPRoute"


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"backends": []}, "backends is required"),
        ({"backends": [{**IRIS, "weight": 0}]}, "all weights are 0"),
        ({"backends": [{**IRIS, "weight": -1}]}, "backends[0].weight -1"),
        ({"backends": [{"service": "x", "port": 70000}]}, "backends[0].port 70000"),
        ({"backends": [IRIS], "name": "Iris"}, "name 'Iris'"),
        ({"backends": [IRIS], "tenant": "a_b"}, "tenant 'a_b'"),
        ({"backends": [IRIS], "name": "n" * 60}, "longer than 63"),
        ({"backends": [IRIS], "hostname": "https://x"}, "hostname 'https://x'"),
        ({"backends": [IRIS], "hostname": "*.example.org"}, "hostname '*.example.org'"),
        ({"backends": [IRIS], "models": ["a b"]}, "models: 'a b'"),
        ({"backends": [IRIS], "models": ["a/../b"]}, "models: 'a/../b'"),
        ({"backends": [IRIS], "models": ["a", "a"]}, "a is there more than once"),
        ({"backends": [IRIS], "path_prefix": "x"}, "path_prefix 'x' must begin"),
        ({"backends": [IRIS], "path_prefix": "/a/../b"}, "path_prefix '/a/../b'"),
        ({"backends": [IRIS], "protocols": []}, "protocols is empty"),
        ({"backends": [IRIS, {"inference_service": "other"}]}, "under different names (iris, other)"),
        ({"backends": [{**IRIS, "prefix": "/openai/v1"}]}, "prefix is for kind 'openai'"),
        ({"backends": [IRIS], "limits": {"requests": {"count": 0}}}, "limits.requests.count 0"),
        ({"backends": [IRIS], "limits": {"tokens": {"count": 5}}}, "limits.tokens needs kind 'openai'"),
        ({"backends": [IRIS], "timeouts": {"request": 0}}, "timeouts are seconds"),
        ({"backends": [IRIS], "timeouts": {"request": 5, "backend_request": 6}}, "backend_request 6 is longer"),
        ({"backends": [IRIS], "jwt": {"audiences": list("123456789")}}, "at most 8"),
        ({"backends": [LLM], "kind": "openai", "path_prefix": "/x"}, "has no meaning with kind 'openai'"),
    ],
)
def test_refused(given, text) -> None:
    with pytest.raises(OptionError) as error:
        request(**given)
    assert text in str(error.value)


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"backends": [{**LLM, "prefix": "/openai/v1"}]}, "KSERVE_OPENAI_ROUTE_PREFIX"),
        ({"backends": [{**LLM, "model": "llm"}]}, "under the route's own name, tenant-a/iris"),
        ({"backends": [LLM], "gateway_namespace": "other"}, "must be inference-gateway"),
        ({"backends": [LLM, {**LLM, "headers": {"x-v": "b"}}]}, "backends[].headers needs AI Gateway 1.0"),
    ],
)
def test_old_ai_gateway_cannot(given, text) -> None:
    asked = request(kind="openai", **given)
    render(asked, resolved(asked, set()), "1.0")
    with pytest.raises(OptionError) as error:
        render(asked, resolved(asked, set()), "0.2")
    assert text in str(error.value)


def test_more_paths_than_a_route_can_hold() -> None:
    asked = request(backends=[{"service": "many"}], models=[f"m{number}" for number in range(11)])
    with pytest.raises(OptionError, match="make several routes"):
        render(asked, resolved(asked, set()))


def test_absent_needs_no_backends() -> None:
    assert request(state="absent").backends == ()
    assert options(backends=[IRIS])["limits"] is None
