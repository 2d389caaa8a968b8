# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Yatai's REST API: one method per thing we need, with deadlines instead of retry counts."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

from .errors import (
    NotFound,
    PayloadTooLarge,
    RequestDropped,
    ServerFault,
    Unreachable,
    YataiError,
    api_error,
    is_dropped,
    reason_of,
)
from .transport import Body, Broken, Wire

API = "/api/v1"
JSON_LIMIT = 256 * 1024
# The version of the client whose behaviour we speak; it decides what the presign endpoints answer.
CLIENT_VERSION = "1.1.11"
_DROPS_TO_BELIEVE = 5  # nearly 4 s with the pauses between: a database that ends its connections drops some, too
_PAGE = 100


class Patience:
    """How long faults in a row are put up with; any success starts it anew."""

    def __init__(self, seconds: float, min_attempts: int = 2) -> None:
        self.seconds, self.min_attempts = seconds, min_attempts
        self.success()

    def success(self) -> None:
        self._since: float | None = None
        self._attempts = 0
        self._pause = 0.25

    def wait(self) -> bool:
        """After a fault: sleep a little and say True, or say False when patience is at its end."""
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        self._attempts += 1
        if now - self._since >= self.seconds and self._attempts >= self.min_attempts:
            return False
        time.sleep(min(self._pause, max(0.05, self._since + self.seconds - now)))
        self._pause = min(self._pause * 2, 4.0)
        return True


class YataiClient:
    def __init__(self, wire: Wire, token: str = "", organization: str = "", retry_timeout: float = 120.0) -> None:
        self.wire = wire
        self._token = token
        self._organization = organization
        self.retry_timeout = retry_timeout
        self.cookie = ""

    # -- requests ------------------------------------------------------------------------------------------------
    def headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "X-Bentoml-Version": CLIENT_VERSION}
        if self.cookie:
            headers["Cookie"] = self.cookie
        elif self._token:
            headers["X-YATAI-API-TOKEN"] = self._token
        if self._organization:
            headers["X-Yatai-Organization"] = self._organization
        return headers

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: dict[str, Any] | None = None,
        patience: float | None = None,
    ) -> Any:
        """One JSON request, repeated while the server is away or in trouble; raises what reason there is."""
        url = f"{API}{path}" + (f"?{urlencode(query)}" if query else "")
        headers = self.headers()
        data = b""
        if body is not None:
            data = json.dumps(body, default=str, ensure_ascii=False).encode()
            headers["Content-Type"] = "application/json"
            if len(data) > JSON_LIMIT:
                raise PayloadTooLarge(
                    f"{method} {path} would send {len(data)} bytes of JSON and Yatai takes {JSON_LIMIT}: "
                    + _biggest(body)
                )
        clock = Patience(self.retry_timeout if patience is None else patience)
        timeout = min(60.0, max(5.0, clock.seconds))
        drops = 0
        while True:
            try:
                answer = self.wire.send(method, url, headers, data or None, timeout, False)
                if answer.status < 400:
                    return self._decode(method, path, answer)
                if not is_dropped(answer.status, reason_of(answer.data)):
                    raise api_error(method, path, answer.status, answer.data)
                fault: Exception = api_error(method, path, answer.status, answer.data)
                dropped = True
            except ServerFault as exc:
                fault, dropped = exc, False
            except Broken as exc:
                fault, dropped = exc, exc.dropped
            # A request that kills its own handler looks like a dead server, but the server answers others.
            drops = drops + 1 if dropped and self.alive() else 0
            if drops >= _DROPS_TO_BELIEVE:
                raise RequestDropped(
                    f"Yatai is up, yet drops the connection on {method} {path} every time: Yatai 1.1 does so for an "
                    "API token that was created without scopes. Make a token with scopes [api] "
                    "(bentobox.platform.yatai_account does)"
                ) from None
            if not clock.wait():
                if isinstance(fault, YataiError):
                    raise fault
                raise Unreachable(
                    f"{method} {self.wire.public_url}{path} got no answer for {clock.seconds:.0f} s: {fault}. "
                    "Is Yatai running and the endpoint right?"
                ) from None

    def _decode(self, method: str, path: str, answer: Any) -> Any:
        if answer.headers.get("Set-Cookie"):
            self.cookie = answer.headers["Set-Cookie"].split(";", 1)[0]
        if not answer.data or 300 <= answer.status < 400:  # a login redirects to the dashboard
            return {}
        try:
            return json.loads(answer.data)
        except ValueError:
            kind = answer.headers.get("Content-Type", "something")
            raise YataiError(
                f"{method} {self.wire.public_url}{path} answered with {kind} "
                "instead of JSON: the endpoint is not Yatai's API (give it without /api/v1)"
            ) from None

    def alive(self) -> bool:
        try:
            answer = self.wire.send("GET", f"{API}/version", {"Accept": "application/json"}, None, 5.0, False)
        except Broken:
            return False
        return answer.status == 200 and answer.data[:1] == b"{"

    def wait_alive(self, timeout: float) -> str:
        """Wait for the API and return the server's version."""
        version = self.call("GET", "/version", patience=timeout)
        return str(version.get("version", "")) if isinstance(version, dict) else ""

    def put_stream(self, path: str, body: Body, timeout: float) -> None:
        """One attempt to send a body; Broken or ApiError when it did not work."""
        headers = self.headers() | {"Content-Type": "application/octet-stream", "Content-Length": str(body.size)}
        answer = self.wire.send("PUT", f"{API}{path}", headers, body, timeout, False)
        if answer.status >= 400:
            raise api_error("PUT", path, answer.status, answer.data)

    @contextmanager
    def get_stream(self, path: str, timeout: float) -> Iterator[Any]:
        """One attempt to open a download."""
        answer = self.wire.send("GET", f"{API}{path}", self.headers() | {"Accept": "*/*"}, None, timeout, True)
        try:
            if answer.status >= 400:
                raise api_error("GET", path, answer.status, answer.read(4096))
            yield answer
        finally:
            # Closing, not draining: a body of gigabytes that nobody wants must not be read to its end.
            answer.close()
            answer.release_conn()

    def retrying(self, attempt: Callable[[], Any], what: str) -> Any:
        """Repeat a transfer while Yatai or its store is in trouble."""
        clock = Patience(self.retry_timeout, min_attempts=3)
        while True:
            try:
                return attempt()
            except ServerFault as exc:
                if is_permanent(exc.reason):
                    raise
                fault: Exception = exc
            except Broken as exc:
                fault = exc
            if not clock.wait():
                if isinstance(fault, YataiError):
                    raise fault
                raise Unreachable(
                    f"{what} was given up after {clock.seconds:.0f} s of failures; the last: {fault}"
                ) from None

    # -- resources -----------------------------------------------------------------------------------------------
    def get_or_none(self, path: str, query: dict[str, Any] | None = None) -> Any:
        try:
            return self.call("GET", path, query=query)
        except NotFound as exc:
            # The organisation itself is missing: that is not "no such bento".
            if self._organization and exc.status == 404 and "organisation" in exc.reason:
                raise
            return None

    def pages(self, path: str, query: dict[str, Any] | None = None, limit: int = 0) -> Iterator[dict[str, Any]]:
        start = 0
        while True:
            count = min(_PAGE, limit - start) if limit else _PAGE
            page = self.call("GET", path, query={**(query or {}), "start": start, "count": count})
            items = page.get("items") or []
            yield from items
            start += len(items)
            if not items or start >= int(page.get("total", 0)) or (limit and start >= limit):
                return

    def login(self, name: str, password: str) -> None:
        """Open a session; its cookie replaces the token in this client."""
        self.cookie = ""
        self.call("POST", "/auth/login", {"name_or_email": name, "password": password})
        if not self.cookie:
            raise YataiError(f"Yatai took the login of {name} and gave no session cookie")

    def whoami(self) -> dict[str, Any]:
        return self.call("GET", "/auth/current")

    def current_org(self) -> dict[str, Any]:
        return self.call("GET", "/current_org")


def is_permanent(reason: str) -> bool:
    """Faults of the store that time does not heal."""
    words = (
        "no s3 config",
        "access denied",
        "accessdenied",
        "invalidaccesskeyid",
        "signature",
        "access key id",
        "nosuchbucket",
        "entitytoolarge",
        "quota",
        "bucket name",
        "does not exist",
    )
    low = reason.lower()
    return any(word in low for word in words)


def _biggest(body: Any) -> str:
    manifest = body.get("manifest", body) if isinstance(body, dict) else {}
    sizes = {key: len(json.dumps(value, default=str)) for key, value in manifest.items()}
    if not sizes:
        return "make it smaller"
    key = max(sizes, key=lambda name: sizes[name])
    return f"'{key}' alone has {sizes[key]}; keep large values in files of the model instead of in its {key}"
