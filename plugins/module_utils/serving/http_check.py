# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does it answer over HTTP, through the ingress (by host name, wherever that resolves to) or the service proxy?"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .errors import OptionError

Obj = dict[str, Any]
MAX_BODY = 64 * 1024


@dataclass
class Answer:
    """status 0: nothing answered, text says why."""

    status: int
    text: str
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Target:
    """A URL, and where to connect to instead of what its host resolves to."""

    url: str
    address: str = ""
    validate_certs: bool = True
    ca_cert: str = ""
    timeout: float = 5.0

    def get(self) -> Answer:
        parts = urlsplit(self.url)
        secure = parts.scheme == "https"
        host, port = endpoint(self.address, parts.hostname or "", parts.port or (443 if secure else 80))
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        connection = http.client.HTTPConnection(host, port, timeout=self.timeout)
        try:
            sock: socket.socket = socket.create_connection((host, port), self.timeout)
            if secure:
                sock = self._context().wrap_socket(sock, server_hostname=parts.hostname)
            connection.sock = sock
            connection.request("GET", path, headers={"Host": parts.netloc, "Accept": "*/*"})
            answer = connection.getresponse()
            body = answer.read(MAX_BODY).decode("utf-8", "replace")
            return Answer(answer.status, body, dict(answer.getheaders()))
        except (OSError, http.client.HTTPException) as error:
            return Answer(0, f"{host}:{port}: {error}")
        finally:
            connection.close()

    def _context(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=self.ca_cert or None)
        if not self.validate_certs:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def endpoint(address: str, host: str, port: int) -> tuple[str, int]:
    """Where to connect: address may be a host, host:port or [v6]:port."""
    if not address:
        return host, port
    try:
        parts = urlsplit(f"//{address}")
        return parts.hostname or address, parts.port or port
    except ValueError:
        raise OptionError(f"ingress_address '{address}' must be a host or host:port") from None


def body_of(probe: Obj) -> tuple[bytes | None, dict[str, str]]:
    """A probe's body as bytes, and the headers it needs."""
    headers = {str(key): str(value) for key, value in (probe.get("headers") or {}).items()}
    body = probe.get("body")
    if body is None:
        return None, headers
    given = {key.lower() for key in headers}
    if not isinstance(body, str):
        body = json.dumps(body)
    if "content-type" not in given:
        headers["Content-Type"] = "application/json"
    return body.encode(), headers


def mismatch(expect: Obj, status: int, text: str) -> str:
    """What of the answer is not as expected; '' when all is."""
    statuses = expect.get("status") or [200]
    if status not in statuses:
        return f"HTTP {status} instead of {' or '.join(str(s) for s in statuses)}"
    if expect.get("contains") and expect["contains"] not in text:
        return f"the body does not contain {expect['contains']!r}"
    if expect.get("json") is not None:
        try:
            have = json.loads(text)
        except ValueError:
            return "the body is no JSON"
        if have != expect["json"]:
            return f"the body is not {json.dumps(expect['json'])}"
    return ""
