# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A new version gets a part of the traffic, all of it, or none again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import eventually

from .client import Client
from .load import steady

Module = Callable[..., dict[str, Any]]
MODEL = {
    "name": "colour",
    "namespace": "tenant-a",
    "service_account": "models",
    "min_replicas": 1,
    "max_replicas": 2,
}
PATH = "/colour/v1/models/colour"  # the server says its colour whatever it is asked
SERVER = (
    "import http.server,os\n"
    "class H(http.server.BaseHTTPRequestHandler):\n"
    "    protocol_version='HTTP/1.1'\n"
    "    def do_GET(s):\n"
    "        d=os.environ['COLOUR'].encode(); s.send_response(200); s.send_header('Content-Length',str(len(d)));"
    " s.end_headers(); s.wfile.write(d)\n"
    "    def log_message(s,*a): pass\n"
    "http.server.ThreadingHTTPServer(('',8080),H).serve_forever()"
)


def coloured(colour: str, image: str = "docker.io/library/python:3.11-slim") -> dict[str, Any]:
    container = {
        "name": "kserve-container",
        "image": image,
        "command": ["python3", "-c", SERVER],
        "env": [{"name": "COLOUR", "value": colour}],
        "ports": [{"containerPort": 8080, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"cpu": "1", "memory": "128Mi"}},
    }
    return {"predictor": {"containers": [container]}}


def colours(client: Client, count: int) -> Counter[str]:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _number: client.ask(PATH, None), range(count)))
    assert {answer.status for answer in answers} == {200}, Counter(answer.status for answer in answers)
    return Counter(answer.text for answer in answers)


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
