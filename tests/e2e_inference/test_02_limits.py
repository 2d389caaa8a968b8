# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Limits are counted for each tenant, from the verified claim."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import eventually

from .client import Client

PATH = "/limited/v1/models/sklearn-iris:predict"
ROUTE = {"name": "limited", "tenant": "tenant-a", "path_prefix": "/limited"}


@pytest.fixture
def limited(module: Callable[..., dict[str, Any]]) -> Iterator[None]:
    backends = [{"inference_service": "sklearn-iris"}]
    made = module("model_route", **ROUTE, backends=backends, limits={"requests": {"count": 5, "unit": "minute"}})
    assert not made["failed"], made["msg"]
    yield
    gone = module("model_route", **ROUTE, state="absent")
    assert not gone["failed"], gone["msg"]


def test_too_many_requests(client: Client, limited: None) -> None:
    eventually(lambda: client.ask(PATH).status in (200, 429), "the route is reachable", 60)
    found = [client.ask(PATH).status for _number in range(12)]
    assert set(found) <= {200, 429}
    assert found.count(200) <= 5
    assert found[-1] == 429
    assert client.ask().status == 200, "the other route has counters of its own"
