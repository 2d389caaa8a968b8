# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bentos as small as a bento can be, on a lab with the whole stack: a Dockerfile of their own and a server of Python's
standard library, so that a build takes seconds; a bento made by BentoML itself is the end-to-end test's part."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.tests.support.bentos import make_bento
from ansible_collections.bentobox.platform.tests.support.modules import run_module

Obj = dict[str, Any]
NAMESPACE = "yatai"
REGISTRY = "kubernetes://registry/registry:5000"
SMALL = {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"cpu": "500m", "memory": "256Mi"}}
DOCKERFILE = """FROM docker.io/library/python:3.11-slim
WORKDIR /home/bentoml/bento
COPY . ./
{more}
"""
SERVER = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

if os.environ.get("CRASH"):
    sys.exit(f"cannot load the model: {os.environ['CRASH']}")

class Handler(BaseHTTPRequestHandler):
    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(os.environ.get("GREETING", "hello") if self.path == "/greeting" else "ok")

    def do_POST(self):
        numbers = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer([2 * number for number in numbers])

ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
"""


class Lab:
    def __init__(self, kubeconfig: str, home: Path) -> None:
        self.kubeconfig, self.home = kubeconfig, home
        self.client = Client.from_params({"kubeconfig": kubeconfig})

    def run(self, module: str, /, *, limit: float = 400, **arguments: Any) -> Obj:
        return run_module(module, {"kubeconfig": self.kubeconfig, **arguments}, timeout=limit)

    def push(self, name: str, version: str, more: str = "", force: bool = False) -> str:
        """A bento whose Dockerfile ends with these lines."""
        home = self.home / secrets.token_hex(4)
        folder = make_bento(home, name, version)
        (folder / "env" / "docker" / "Dockerfile").write_text(DOCKERFILE.format(more=more))
        (folder / "env" / "docker" / "entrypoint.sh").write_text("#!/bin/sh\nexec python3 src/server.py\n")
        (folder / "src" / "server.py").write_text(SERVER)
        pushed = self.run("bento_push", path=str(folder), bentoml_home=str(home), force=force)
        assert not pushed["failed"], pushed
        return f"{name}:{version}"
