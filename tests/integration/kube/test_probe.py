# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""service_probe and the client's way to services, through a real API server to a real HTTP server."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import ConfigError, WaitTimeout
from ansible_collections.bentobox.platform.plugins.module_utils.kube.probe import from_params

from .conftest import Engine
from .samples import secret

DEFAULTS: dict[str, Any] = {
    "api_path": None,
    "path": "/",
    "query": {},
    "scheme": "http",
    "method": "GET",
    "headers": {},
    "header_secrets": {},
    "status_code": [200],
}


def own_address() -> str:
    """Not loopback: the API server does not proxy to that."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("198.51.100.1", 9))  # nothing is sent
        return probe.getsockname()[0]


class Handler(BaseHTTPRequestHandler):
    calls = 0

    def do_GET(self) -> None:
        type(self).calls += 1
        early = self.path.startswith("/late") and type(self).calls < 3
        body = b"not yet" if early else json.dumps({"path": self.path, "token": self.headers.get("X-Token")}).encode()
        self._answer(503 if early else 200, body)

    def do_POST(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        self._answer(201, self.headers["Content-Type"].encode() + b" " + self.rfile.read(size))

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def service(engine: Engine) -> Iterator[dict[str, Any]]:
    server = ThreadingHTTPServer((own_address(), 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Handler.calls = 0
    ip = server.server_address[0]
    port = {"name": "http", "port": 80}
    # The API server only goes where a Pod is: here it is one that nobody runs, with our server's address.
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web"},
        "spec": {"containers": [{"name": "c", "image": "busybox:1.36"}]},
    }
    backend = {
        "addresses": [{"ip": ip, "targetRef": {"kind": "Pod", "name": "web", "namespace": engine.namespace}}],
        "ports": [{"name": "http", "port": server.server_port}],
    }
    empty = {"ports": [port], "selector": {"a": "b"}}
    engine(
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [port]}},
        {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "empty"}, "spec": empty},
        {"apiVersion": "v1", "kind": "Endpoints", "metadata": {"name": "web"}, "subsets": [backend]},
        pod,
        secret("token", value="hunter2-canary\n"),
    )
    path = f"/api/v1/namespaces/{engine.namespace}/pods/web/status"
    status = {"status": {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}]}}
    engine.client.request("PATCH", path, body=status, content_type="application/merge-patch+json")
    yield {**DEFAULTS, "namespace": engine.namespace, "service": "web", "port": "80"}
    server.shutdown()


def test_an_expected_answer(engine: Engine, service: dict[str, Any]) -> None:
    params = {**service, "path": "/a/b", "query": {"x": "1 2"}, "contains": "/a/b"}
    answer = from_params(engine.client, params).until(10)
    assert (answer["status"], answer["attempts"]) == (200, 1)
    assert answer["json"]["path"] == "/a/b?x=1+2"
    named = from_params(engine.client, {**params, "port": "http"}).until(10)
    assert named["status"] == 200


def test_it_asks_until_the_answer_is_right(engine: Engine, service: dict[str, Any]) -> None:
    answer = from_params(engine.client, {**service, "path": "/late"}).until(20)
    assert (answer["status"], answer["attempts"]) == (200, 3)
    with pytest.raises(
        WaitTimeout, match=r"GET /x of service .*/web:80 did not answer as expected within 2 s .*status 200"
    ):
        from_params(engine.client, {**service, "path": "/x", "status_code": [404]}).until(2)
    with pytest.raises(WaitTimeout, match="without the text 'moon'"):
        from_params(engine.client, {**service, "contains": "moon"}).until(1)


def test_the_api_servers_own_error_is_not_the_services(engine: Engine, service: dict[str, Any]) -> None:
    for name in ("empty", "none"):
        with pytest.raises(WaitTimeout, match="the API server says: "):
            from_params(engine.client, {**service, "service": name, "status_code": [503, 404]}).until(1)


def test_headers_from_secrets_are_sent_and_not_shown(engine: Engine, service: dict[str, Any]) -> None:
    params = {**service, "header_secrets": {"X-Token": {"name": "token", "key": "value"}}}
    answer = from_params(engine.client, params).until(10)
    assert answer["body"].count("********") == 1  # it echoes what it got
    assert "canary" not in answer["body"]
    with pytest.raises(WaitTimeout) as caught:
        from_params(engine.client, {**params, "status_code": [404]}).until(1)
    assert "canary" not in str(caught.value)
    with pytest.raises(ConfigError, match="has no text under 'other'"):
        from_params(engine.client, {**service, "header_secrets": {"X": {"name": "token", "key": "other"}}})


def test_bodies(engine: Engine, service: dict[str, Any]) -> None:
    posted = {**service, "method": "POST", "status_code": [201]}
    assert from_params(engine.client, {**posted, "body_json": [1, 2]}).until(5)["body"] == "application/json [1, 2]"
    assert from_params(engine.client, {**posted, "body": "x"}).until(5)["body"] == "text/plain x"


def test_the_api_server_itself(engine: Engine) -> None:
    params = {**DEFAULTS, "api_path": "/version", "contains": "gitVersion"}
    assert from_params(engine.client, params).until(5)["json"]["major"] == "1"
    started = time.monotonic()
    with pytest.raises(WaitTimeout, match="GET /apis/none of the API server"):
        from_params(engine.client, {**params, "api_path": "/apis/none"}).until(2)
    assert time.monotonic() - started < 6
