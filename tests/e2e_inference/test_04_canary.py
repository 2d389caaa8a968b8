# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A new version gets a part of the traffic, all of it, or none again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from ansible_collections.bentobox.platform.tests.support.waiting import eventually

from .client import Client
from .colours import coloured, counted
from .load import steady

Module = Callable[..., dict[str, Any]]
MODEL = {
    "name": "colour",
    "namespace": "tenant-a",
    "service_account": "models",
    "min_replicas": 1,
    "max_replicas": 2,
}
PATH = "/colour/v1/models/colour"


def colours(client: Client, count: int) -> Counter[str]:
    return counted(client, PATH, count)


def serve(module: Module, colour: str, **more: Any) -> dict[str, Any]:
    done = module("inference_service", **MODEL, spec=coloured(colour), **more)
    assert not done["failed"], done["msg"]
    return done


def test_ten_percent(module: Module, client: Client) -> None:
    serve(module, "blue")
    backends = [{"inference_service": "colour"}]
    route = module("model_route", name="colour", tenant="tenant-a", path_prefix="/colour", backends=backends)
    assert not route["failed"], route["msg"]
    eventually(lambda: client.ask(PATH, None).text == "blue", "the first version answers", 120, 1)
    done = serve(module, "green", canary_percent=10)
    assert sorted(entry["percent"] for entry in done["traffic"]) == [10, 90]
    found = colours(client, 1000)
    print(found)
    assert abs(found["green"] / 1000 - 0.10) <= 0.03


def test_promote_without_a_failed_request(module: Module, client: Client) -> None:
    with steady(lambda: client.ask(PATH, None)):
        done = module("inference_service", **MODEL, promote=True)
        assert not done["failed"], done["msg"]
        eventually(lambda: colours(client, 20) == {"green": 20}, "all of it is green", 60, 1)


def test_rollback(module: Module, client: Client) -> None:
    done = module("inference_service", **MODEL, rollback=True)
    assert not done["failed"], done["msg"]
    eventually(lambda: colours(client, 20) == {"blue": 20}, "all of it is blue again", 60, 1)


def test_broken_version_says_why_and_the_old_one_keeps_serving(module: Module, client: Client) -> None:
    serve(module, "green")
    eventually(lambda: colours(client, 20) == {"green": 20}, "all of it is green", 60, 1)
    done = module("inference_service", **MODEL, spec=coloured("red", "docker.io/library/nothing:1"), wait_timeout=120)
    assert done["failed"]
    assert "docker.io/library/nothing:1" in done["msg"]
    assert colours(client, 50) == {"green": 50}


def test_away_again(module: Module, client: Client) -> None:
    for name, arguments in (
        ("model_route", {"name": "colour", "tenant": "tenant-a"}),
        ("inference_service", {"name": "colour", "namespace": "tenant-a"}),
    ):
        done = module(name, **arguments, state="absent")
        assert not done["failed"], done["msg"]
    eventually(lambda: client.ask(PATH, None).status == 404, "nobody answers there", 60, 1)
