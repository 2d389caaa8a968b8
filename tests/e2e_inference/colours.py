# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Versions of a model that tell themselves apart: the server says its colour whatever it is asked."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .client import Client

# A container's first process is asked to end in vain, unless it listens: its pod would stay for five minutes.
SERVER = (
    "import http.server,os,signal\n"
    "signal.signal(signal.SIGTERM, lambda *_: os._exit(0))\n"
    "class H(http.server.BaseHTTPRequestHandler):\n"
    "    protocol_version='HTTP/1.1'\n"
    "    def do_GET(s):\n"
    "        d=os.environ['COLOUR'].encode(); s.send_response(200); s.send_header('Content-Length',str(len(d)));"
    " s.end_headers(); s.wfile.write(d)\n"
    "    def log_message(s,*a): pass\n"
    "http.server.ThreadingHTTPServer(('',8080),H).serve_forever()"
)


def coloured(colour: str, image: str = "docker.io/library/python:3.11-slim") -> dict[str, Any]:
    """The InferenceService's spec."""
    container = {
        "name": "kserve-container",
        "image": image,
        "command": ["python3", "-c", SERVER],
        "env": [{"name": "COLOUR", "value": colour}],
        "ports": [{"containerPort": 8080, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"cpu": "1", "memory": "128Mi"}},
    }
    return {"predictor": {"containers": [container]}}


def counted(client: Client, path: str, count: int, **headers: str) -> Counter[str]:
    """Who answered so many requests; all of them must be answered."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _number: client.ask(path, None, **headers), range(count)))
    assert {answer.status for answer in answers} == {200}, Counter(answer.status for answer in answers)
    return Counter(answer.text for answer in answers)
