# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real admission webhook on loopback, which can be late, refuse, or fail."""

from __future__ import annotations

import base64
import json
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from .pki import Authority
from .process import free_port


class Webhook:
    """Its configuration is known at once (configuration()); it serves from start() to stop()."""

    def __init__(self, folder: Path, authority: Authority, *, refuse: str = "", status: int = 200) -> None:
        self.port, self.refuse, self.status = free_port(), refuse, status
        self._authority = authority
        cert, key = authority.issue("webhook", names=["127.0.0.1"])
        (folder / "webhook.crt").write_text(cert)
        (folder / "webhook.key").write_text(key)
        self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._tls.load_cert_chain(folder / "webhook.crt", folder / "webhook.key")
        self._server: ThreadingHTTPServer | None = None

    def configuration(self, name: str, group: str, resource: str) -> dict[str, Any]:
        bundle = base64.b64encode(self._authority.certificate.encode()).decode()
        return {
            "apiVersion": "admissionregistration.k8s.io/v1",
            "kind": "ValidatingWebhookConfiguration",
            "metadata": {"name": name},
            "webhooks": [
                {
                    "name": f"check.{name}.example.com",
                    "failurePolicy": "Fail",
                    "sideEffects": "None",
                    "admissionReviewVersions": ["v1"],
                    "timeoutSeconds": 2,
                    "clientConfig": {"url": f"https://127.0.0.1:{self.port}/", "caBundle": bundle},
                    "rules": [
                        {"apiGroups": [group], "apiVersions": ["*"], "operations": ["*"], "resources": [resource]}
                    ],
                }
            ],
        }

    def start(self) -> None:
        webhook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                answer = {"uid": review["request"]["uid"], "allowed": not webhook.refuse}
                if webhook.refuse:
                    answer["status"] = {"message": webhook.refuse}
                body = json.dumps({"apiVersion": review["apiVersion"], "kind": review["kind"], "response": answer})
                self.send_response(webhook.status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        self._server.socket = self._tls.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
