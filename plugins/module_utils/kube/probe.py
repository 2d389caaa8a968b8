# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks a service inside the cluster until it answers as expected."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from .client import Client
from .errors import ConfigError, Unavailable, WaitTimeout
from .redact import scrub
from .secrets import decode

_SHOWN = 300
_LARGEST = 1 << 20
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 5.0
# The API server's own words when it cannot get through to a service: not the service's answer.
_UNREACHABLE = ("no endpoints available", "error trying to reach service", "proxy error", "no service port")


@dataclass
class Probe:
    """One request and what its answer must be."""

    client: Client
    method: str
    path: str
    namespace: str | None = None
    service: str | None = None
    port: str | None = None
    scheme: str = "http"
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    status_code: tuple[int, ...] = (200,)
    contains: str | None = None
    request_timeout: float = 30.0
    secrets: set[str] = field(default_factory=set)

    @property
    def target(self) -> str:
        where = f"service {self.namespace}/{self.service}:{self.port}" if self.service else "the API server"
        return f"{self.method} {self.path} of {where}"

    def once(self) -> tuple[dict[str, Any] | None, str]:
        """(the answer if it is as expected, else what it was)"""
        try:
            answer = self._send()
        except Unavailable as error:
            return None, error.message
        text = answer.data[:_LARGEST].decode("utf-8", "replace")
        try:
            parsed = json.loads(text)
        except ValueError:
            parsed = None
        shown = scrub(text[:_SHOWN].strip(), self.secrets)
        if isinstance(parsed, dict) and parsed.get("kind") == "Status" and parsed.get("apiVersion") == "v1":
            message = str(parsed.get("message"))
            if self.service and (any(words in message for words in _UNREACHABLE) or answer.status in (401, 403, 404)):
                return None, f"the API server says: {message}"
        if answer.status not in self.status_code:
            return None, f"status {answer.status}: {shown}"
        if self.contains and self.contains not in text:
            return None, f"status {answer.status} without the text '{self.contains}': {shown}"
        return {"status": answer.status, "body": scrub(text, self.secrets), "json": parsed}, ""

    def _send(self) -> Any:
        options: dict[str, Any] = {
            "headers": self.headers, "body": self.body, "timeout": self.request_timeout, "retry_for": 0.0,
        }  # fmt: skip
        if self.service is None:
            return self.client.request(self.method, self.path, raw=True, retry_status=False, **options)
        scheme = "https" if self.scheme == "https" else ""
        return self.client.service_request(
            self.namespace or "", self.service, self.port or "", self.method, self.path, scheme=scheme, **options
        )

    def until(self, timeout: float) -> dict[str, Any]:
        started, attempts, pause = time.monotonic(), 0, _FIRST_PAUSE
        while True:
            attempts += 1
            self.request_timeout = min(self.request_timeout, max(1.0, timeout))
            result, why = self.once()
            elapsed = time.monotonic() - started
            if result is not None:
                return {**result, "elapsed": round(elapsed, 3), "attempts": attempts}
            if elapsed + pause > timeout:
                raise WaitTimeout(
                    f"{self.target} did not answer as expected within {timeout:g} s ({attempts} attempts); "
                    f"the last answer: {why}",
                    [why],
                )
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)


def from_params(client: Client, params: dict[str, Any]) -> Probe:
    headers = {str(name): str(value) for name, value in (params["headers"] or {}).items()}
    secrets: set[str] = set()
    for name, source in (params["header_secrets"] or {}).items():
        value = _header(client, name, source, params.get("namespace"))
        headers[name] = value
        secrets.add(value)
    body = params["body"].encode() if params.get("body") is not None else None
    if params.get("body_json") is not None:
        body = json.dumps(params["body_json"]).encode()
    if body is not None and not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json" if params.get("body_json") is not None else "text/plain"
    path = params["api_path"] or params["path"]
    if params["query"]:
        path += ("&" if "?" in path else "?") + urlencode(params["query"], doseq=True)
    return Probe(
        client, params["method"], path,
        namespace=params.get("namespace"), service=params.get("service"), port=params.get("port"),
        scheme=params["scheme"], headers=headers, body=body, status_code=tuple(params["status_code"]),
        contains=params.get("contains"), secrets=secrets,
    )  # fmt: skip


def _header(client: Client, name: str, source: Any, namespace: str | None) -> str:
    if not isinstance(source, dict) or not source.get("name") or not source.get("key"):
        raise ConfigError(f"header_secrets: {name} needs the 'name' and the 'key' of a Secret")
    where = source.get("namespace") or namespace
    secret = client.get("v1", "Secret", source["name"], where)
    value = decode((secret.get("data") or {}).get(source["key"]) or "")
    if not value:
        raise ConfigError(f"header_secrets: Secret {where}/{source['name']} has no text under '{source['key']}'")
    return value.strip()
