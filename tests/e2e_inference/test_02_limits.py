# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Limits are counted for each tenant, from the verified claim; those of language models in tokens."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest
from ansible_collections.bentobox.platform.tests.support.modules import done
from ansible_collections.bentobox.platform.tests.support.waiting import eventually

from .client import LEFT, SETOSA, Answer, Client, let_in, until_refused

FIVE = {"requests": {"count": 5, "unit": "hour"}}
IRIS = "/limited/v1/models/sklearn-iris:predict"
RESNET = "/limited/v1/models/pytorch-resnet"

Open = Callable[..., AbstractContextManager[None]]


@pytest.fixture
def route(module: Callable[..., dict[str, Any]]) -> Open:
    """Opens a route for as long as it is needed."""

    @contextmanager
    def opened(tenant: str, name: str, **more: Any) -> Iterator[None]:
        done(module("model_route", tenant=tenant, name=name, **more))
        try:
            yield
        finally:
            done(module("model_route", tenant=tenant, name=name, state="absent"))

    return opened


def limited(tenant: str, model: str) -> dict[str, Any]:
    """The same for every tenant, with a name of its own for each run: the counters of an hour outlive the route."""
    name, backends = f"limited-{int(time.time())}", [{"inference_service": model}]
    return {"tenant": tenant, "name": name, "path_prefix": "/limited", "backends": backends, "limits": FIVE}


def test_too_many_requests_of_one_tenant_are_not_those_of_another(client: Client, route: Open) -> None:
    def ask(tenant: str) -> Answer:
        path, body = (IRIS, SETOSA) if tenant == "tenant-a" else (RESNET, None)
        return client.ask(path, body, tenant=tenant)

    def use_up(tenant: str) -> None:
        eventually(lambda: LEFT in ask(tenant).headers, f"{tenant}'s requests are counted", 60)
        assert len(let_in(until_refused(lambda: ask(tenant)))) < 5

    with route(**limited("tenant-a", "sklearn-iris")), route(**limited("tenant-c", "pytorch-resnet")):
        use_up("tenant-a")
        assert ask("tenant-c").status == 200, "a tenant that asked nothing yet is let in"
        use_up("tenant-c")
        assert client.ask().status == 200, "the other route has counters of its own"
        answers = until_refused(lambda: client.ask(IRIS, tenant="tenant-a", x_jwt_tenant="tenant-c"))
        assert let_in(answers) == [], "nobody takes another's share"


@pytest.mark.parametrize("stream", [False, True])
def test_too_many_tokens(client: Client, route: Open, stream: bool) -> None:
    """Streams that ask for no usage are counted, too."""
    used = client.chat(seed=1).json["usage"]["total_tokens"]
    # Of its own for each run: the counters of a day outlive the route.
    name = f"words-{int(time.time())}"
    limits = {"tokens": {"count": 6 * used + used // 2, "unit": "day"}}

    def ask() -> Answer:
        answer = client.chat(f"tenant-a/{name}", seed=1, stream=stream)
        time.sleep(1)  # tokens are counted after the answer has ended, and to look at the counter costs some
        return answer

    def told() -> int:
        """Tokens that are left, when route and limit have got through to the gateway."""
        before, after = ask(), ask()
        for answer in (before, after):
            assert (answer.status, LEFT in answer.headers) == (200, True), answer
        assert int(before.headers[LEFT]) - used == int(after.headers[LEFT])
        return int(after.headers[LEFT]) - used

    with route("tenant-a", name, kind="openai", backends=[{"inference_service": "language"}], limits=limits):
        left = eventually(told, "it answers and counts", 60)
        assert len(let_in(until_refused(ask))) == math.ceil(left / used)
        assert let_in(ask() for _number in range(3)) == [], "what is used up stays so"
        answers = until_refused(lambda: client.chat(f"tenant-a/{name}", seed=1, stream=not stream))
        assert let_in(answers) == []
        assert client.chat(seed=1).status == 200, "the other model has a limit of its own"
