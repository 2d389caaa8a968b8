# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An API server that is asked too much says 429 and when to come again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import Unavailable
from ansible_collections.bentobox.platform.tests.support.control_plane import ControlPlane

from .conftest import Engine
from .samples import config


@pytest.fixture
def narrow(tmp_path: Path) -> Iterator[ControlPlane]:
    """A real one that serves one request at a time; only system:masters may do more, so bob is a plain admin."""
    flags = ("--enable-priority-and-fairness=false", "--max-requests-inflight=1", "--max-mutating-requests-inflight=1")
    plane = ControlPlane(tmp_path / "plane", controller_manager=False, api_flags=flags)
    try:
        plane.start()
        plane.run_kubectl("create", "clusterrolebinding", "bob", "--clusterrole=cluster-admin", "--user=bob")
        yield plane
    finally:
        plane.stop()


def test_an_overloaded_server_gets_all_in_the_end(narrow: ControlPlane) -> None:
    engine = Engine(narrow, "throttled")
    bob = str(narrow.user_kubeconfig("bob"))
    manifests = [config(f"c{number}", x="1" * 20_000) for number in range(60)]
    done = engine(*manifests, kubeconfig=bob)
    assert len(done["objects"]["created"]) == 62
    assert not engine(*manifests, kubeconfig=bob)["changed"]
    codes = [event["responseStatus"]["code"] for event in narrow.requests(user="bob")]
    assert 429 in codes
    assert codes.count(201) == 62


class Busy(ThreadingHTTPServer):
    """Answers 429 to the first requests, then as an API server does."""

    def __init__(self, times: int, retry_after: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.left, self.retry_after = times, retry_after
        self.seen: list[float] = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class Handler(BaseHTTPRequestHandler):
    server: Busy

    def do_GET(self) -> None:
        self.server.seen.append(time.monotonic())
        busy, self.server.left = self.server.left > 0, self.server.left - 1
        body = b'{"gitVersion": "v1.33.0"}'
        self.send_response(429 if busy else 200)
        if busy:
            self.send_header("Retry-After", self.server.retry_after)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def asked(busy: Busy, retry_for: float) -> Client:
    return Client.from_params({"host": f"http://127.0.0.1:{busy.server_port}", "api_key": "x"}, retry_for=retry_for)


def test_the_server_says_when() -> None:
    with Busy(times=2, retry_after="1") as busy:
        assert asked(busy, 30).version() == {"gitVersion": "v1.33.0"}
        busy.shutdown()
    assert [later - sooner >= 1 for sooner, later in zip(busy.seen, busy.seen[1:], strict=False)] == [True, True]


@pytest.mark.parametrize("retry_after", ["3600", "Thu, 01 Jan 2099 00:00:00 GMT"])
def test_what_would_take_too_long_is_told(retry_after: str) -> None:
    with Busy(times=100, retry_after=retry_after) as busy:
        with pytest.raises(Unavailable, match="HTTP 429"):
            asked(busy, 0.5).version()
        busy.shutdown()
