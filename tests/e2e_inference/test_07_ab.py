# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A and B under one name: a header chooses, and opens nothing that was closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.support.modules import done
from ansible_collections.bentobox.platform.tests.support.waiting import eventually

from .client import Client, let_in, until_refused
from .colours import coloured, counted

Module = Callable[..., dict[str, Any]]
PATH = "/ab/v1/models/colour"
ROUTE = {"name": "ab", "tenant": "tenant-a", "path_prefix": "/ab", "models": ["colour"], "protocols": ["v1"]}
A = {"inference_service": "blue"}
B = {"inference_service": "green", "headers": {"X-Variant": "b"}}


@pytest.fixture(scope="module")
def two(module: Module) -> Iterator[None]:
    """Two InferenceServices with names of their own for the model, and a route to them."""
    where = {"namespace": "tenant-a"}
    for colour in ("blue", "green"):
        spec = coloured(colour)
        model = {**where, "name": colour, "service_account": "models", "min_replicas": 1, "max_replicas": 1}
        done(module("inference_service", **model, spec=spec))
    done(module("model_route", **ROUTE, backends=[A, B]))
    yield
    done(module("model_route", name="ab", tenant="tenant-a", state="absent"))
    for colour in ("blue", "green"):
        done(module("inference_service", **where, name=colour, state="absent"))


def test_the_header_chooses(two: None, client: Client) -> None:
    eventually(lambda: client.ask(PATH, None).text == "blue", "A answers", 120, 1)
    eventually(lambda: client.ask(PATH, None, x_variant="b").text == "green", "B answers", 120, 1)
    assert counted(client, PATH, 100) == {"blue": 100}
    assert counted(client, PATH, 100, x_variant="b") == {"green": 100}
    assert counted(client, PATH, 20, X_VARIANT="b") == {"green": 20}
    assert counted(client, PATH, 20, x_variant="B") == {"blue": 20}
    assert counted(client, PATH, 20, x_variant="c") == {"blue": 20}


def test_the_header_opens_nothing(two: None, client: Client) -> None:
    assert client.ask(PATH, None, tenant=None, x_variant="b").status == 401
    assert client.ask(PATH, None, tenant="tenant-b", x_variant="b").status == 403


def test_all_others_are_shared_by_weight(two: None, module: Module, client: Client) -> None:
    backends = [{**A, "weight": 3, "model": "x"}, {"inference_service": "green", "weight": 1, "model": "x"}, B]
    assert done(module("model_route", **ROUTE, backends=backends))["changed"]
    eventually(lambda: len(counted(client, PATH, 40)) == 2, "both answer", 60, 1)
    found = counted(client, PATH, 400)
    print(found)
    assert abs(found["green"] / 400 - 0.25) <= 0.08
    assert counted(client, PATH, 50, x_variant="b") == {"green": 50}


def test_one_limit_for_all_of_them(two: None, module: Module, client: Client) -> None:
    done(module("model_route", **ROUTE, backends=[A, B], limits={"requests": {"count": 6, "unit": "hour"}}))
    until_refused(lambda: client.ask(PATH, None))
    answers = until_refused(lambda: client.ask(PATH, None, x_variant="b"))
    assert let_in(answers) == [], "a header is no second purse"


@pytest.fixture
def two_languages(module: Module, cluster: Cluster) -> Iterator[None]:
    """The sample's language model, another one, and a route that tells them apart by the name it calls them."""
    service = cluster.get("/apis/serving.kserve.io/v1beta1/namespaces/tenant-a/inferenceservices/language")
    where = {"namespace": "tenant-a", "name": "language-b"}
    spec = {"predictor": {"containers": service["spec"]["predictor"]["containers"]}}
    route = {"name": "chat", "tenant": "tenant-a", "kind": "openai"}
    backends = [
        {"inference_service": "language", "model": "a"},
        {"inference_service": "language-b", "model": "b", "headers": {"x-variant": "b"}},
    ]
    done(module("inference_service", **where, spec=spec, service_account="models", min_replicas=1, max_replicas=1))
    done(module("model_route", **route, backends=backends))
    yield
    done(module("model_route", **route, state="absent"))
    done(module("inference_service", **where, state="absent"))


def test_a_language_model_is_chosen_by_the_header_too(two_languages: None, client: Client, cluster: Cluster) -> None:
    def ask(**more: Any) -> tuple[int, Any]:
        answer = client.chat("tenant-a/chat", **more)
        return answer.status, answer.json["model"] if answer.status == 200 else answer.text

    eventually(lambda: ask() == (200, "a"), "A answers", 120, 1)
    eventually(lambda: ask(headers={"x-variant": "b"}) == (200, "b"), "B answers", 60, 1)
    assert {ask() for _number in range(10)} == {(200, "a")}
    assert {ask(headers={"x-variant": "b"}) for _number in range(10)} == {(200, "b")}
    assert {ask(headers={"x-variant": "c"}) for _number in range(3)} == {(200, "a")}
    assert client.chat("tenant-a/chat", tenant=None, headers={"x-variant": "b"}).status == 401
    assert client.chat("tenant-a/chat", tenant="tenant-b", headers={"x-variant": "b"}).status == 403
