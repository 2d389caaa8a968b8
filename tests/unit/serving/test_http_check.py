# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks over HTTP, against a real server on this machine."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.serving.errors import OptionError, RegistryError
from ansible_collections.bentobox.platform.plugins.module_utils.serving.http_check import (
    Target,
    body_of,
    endpoint,
    mismatch,
)
from ansible_collections.bentobox.platform.plugins.module_utils.serving.registry import Registry


@pytest.fixture
def server():
    """Answers by host name and path; a registry that knows one image."""

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.do_GET()

        def do_GET(self):
            seen.append((self.headers["Host"], self.path, self.headers.get("Authorization")))
            codes = {"/v2/secret/manifests/v1": 401, "/v2/broken/manifests/v1": 500, "/v2/moved/manifests/v1": 302}
            status = codes.get(self.path, 404)
            if (
                self.headers["Host"] == "lin.example.org" and self.path == "/readyz"
            ) or self.path == "/v2/b/manifests/v1":
                status = 200
            self.send_response(status)
            if status == 200:
                self.send_header("Docker-Content-Digest", "sha256:12")
            if status == 302:
                self.send_header("Location", "/v2/b/manifests/v1")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    seen: list[tuple] = []
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.seen = seen
        thread = threading.Thread(target=http.serve_forever, daemon=True)
        thread.start()
        yield http
        http.shutdown()
        thread.join()


def test_host_name_without_a_name_service(server):
    port = server.server_address[1]
    assert Target("http://lin.example.org/readyz", f"127.0.0.1:{port}").get().status == 200
    assert Target("http://other.example.org/readyz", f"127.0.0.1:{port}").get().status == 404
    assert server.seen[0][:2] == ("lin.example.org", "/readyz")


def test_nobody_answers():
    answer = Target("http://lin.example.org/", "127.0.0.1:1", timeout=2).get()
    assert answer.status == 0
    assert "refused" in answer.text


def test_tls_to_a_plain_server_is_no_answer(server):
    answer = Target("https://lin.example.org/", f"127.0.0.1:{server.server_address[1]}", timeout=2).get()
    assert answer.status == 0
    assert "SSL" in answer.text


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("", ("h", 80)),
        ("a", ("a", 80)),
        ("a:8080", ("a", 8080)),
        ("[::1]:81", ("::1", 81)),
        ("10.0.0.1", ("10.0.0.1", 80)),
    ],
)
def test_endpoint(address, expected):
    assert endpoint(address, "h", 80) == expected


def test_endpoint_refused():
    with pytest.raises(OptionError, match="host or host:port"):
        endpoint("a:b:c", "h", 80)


@pytest.mark.parametrize(
    ("probe", "body", "headers"),
    [
        ({}, None, {}),
        ({"body": [[1, 2]]}, b"[[1, 2]]", {"Content-Type": "application/json"}),
        ({"body": "raw", "headers": {"content-type": "text/plain"}}, b"raw", {"content-type": "text/plain"}),
        ({"body": 0}, b"0", {"Content-Type": "application/json"}),
    ],
)
def test_body(probe, body, headers):
    assert body_of(probe) == (body, headers)


@pytest.mark.parametrize(
    ("expect", "status", "text", "wrong"),
    [
        ({}, 200, "", ""),
        ({}, 500, "", "HTTP 500 instead of 200"),
        ({"status": [200, 404]}, 404, "", ""),
        ({"contains": "5.5"}, 200, "[[5.5]]", ""),
        ({"contains": "6.5"}, 200, "[[5.5]]", "does not contain"),
        ({"json": [[5.5]]}, 200, " [ [5.5] ]", ""),
        ({"json": [[6.5]]}, 200, "[[5.5]]", "the body is not"),
        ({"json": 0}, 200, "0", ""),
        ({"json": {}}, 200, "<html>", "no JSON"),
    ],
)
def test_mismatch(expect, status, text, wrong):
    found = mismatch(expect, status, text)
    assert wrong in found
    assert bool(wrong) == bool(found)


def test_registry(server):
    address = f"http://127.0.0.1:{server.server_address[1]}"
    registry = Registry(address, username="me", password="word")
    # The image's own host is the nodes' name of the registry.
    assert registry.digest("nowhere:5000/b:v1") == "sha256:12"
    assert registry.digest("nowhere:5000/b:v2") is None
    assert server.seen[0][2] == "Basic bWU6d29yZA=="


@pytest.mark.parametrize(
    ("name", "words"), [("secret", "registry_password"), ("broken", "HTTP 500"), ("moved", "HTTP 302")]
)
def test_registry_errors(server, name, words):
    registry = Registry(f"http://127.0.0.1:{server.server_address[1]}", username="me", password="word")
    with pytest.raises(RegistryError, match=words) as caught:
        registry.digest(f"nowhere:5000/{name}:v1")
    assert "word" not in str(caught.value).replace("registry_password", "")


def test_registry_away():
    with pytest.raises(RegistryError, match=r"could not be asked about x/y:1.*refused"):
        Registry("http://127.0.0.1:1", timeout=2).digest("x/y:1")


@pytest.mark.parametrize(
    ("address", "params", "words"),
    [
        ("registry:5000", {}, "must be http"),
        ("ftp://x", {}, "must be http"),
        ("kubernetes://registry", {}, "must look like"),
        ("kubernetes://ns/svc:http", {}, "must look like"),
        ("kubernetes://ns/svc:5000", {"username": "me"}, "Authorization"),
        ("https://x", {"ca_cert": "/nonexistent"}, "registry_ca_cert"),
    ],
)
def test_registry_refused(address, params, words):
    with pytest.raises(OptionError, match=words):
        Registry(address, **params)
