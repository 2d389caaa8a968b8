# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP to one API server: TLS, proxy, pool, retries. Knows no objects."""

from __future__ import annotations

import ipaddress
import os
import random
import ssl
import tempfile
import threading
import time
import urllib.request
from base64 import b64encode
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from ansible.module_utils.basic import missing_required_lib

from .config import Connection, read, resolve
from .errors import ConfigError, Unavailable

try:
    import urllib3
    from urllib3.exceptions import HTTPError, NewConnectionError, ProxyError, SSLError
except ImportError:  # reported when it is needed
    urllib3 = None  # type: ignore[assignment]
    HTTPError = NewConnectionError = ProxyError = SSLError = Exception  # type: ignore[assignment,misc]

IDEMPOTENT = {"GET", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"}  # our PATCHes are declarative
RETRY_STATUS = {429, 502, 503, 504}
_WHERE = "; check that 'kubeconfig', 'context' or 'host' name the cluster you mean"
_SETTLING = 10.0  # seconds in which an API server that has just started may refuse what it will allow
_LEAST_PATIENCE = 5.0  # seconds for an answer, however near the deadline is
CONNECTIONS = 8  # kept alive; see pool.WIDTH


class Transport:
    """A pool of kept-alive connections that survives an API server's restart."""

    def __init__(self, params: dict[str, Any], *, retry_for: float = 60.0) -> None:
        if urllib3 is None:
            raise ConfigError(missing_required_lib("urllib3"))
        self.retry_for = retry_for
        # Of time.monotonic(): how long a server that has answered once is waited for, by all requests together.
        self.retry_until: float | None = None
        self.notice: Callable[[str], None] = lambda text: None  # told when the server goes away and when it is back
        self._answered = self._gone = False
        self._lost_at = -_SETTLING  # when the last connection failed
        self._params = params
        self._lock = threading.Lock()
        self._setup(resolve(params))

    def _setup(self, connection: Connection) -> None:
        self.connection = connection
        parts = urlsplit(connection.host if "://" in connection.host else f"https://{connection.host}")
        self.base = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        options: dict[str, Any] = {"num_pools": 2, "maxsize": CONNECTIONS, "retries": False}
        if parts.scheme == "https":
            options["ssl_context"] = _tls(connection)
            if connection.server_name:
                options |= {"server_hostname": connection.server_name, "assert_hostname": connection.server_name}
        proxy = connection.proxy or proxy_for(parts.scheme, parts.hostname or "", parts.port)
        pool = urllib3.ProxyManager(proxy, **options) if proxy else urllib3.PoolManager(**options)
        # The server's own pool: the manager would look it up again for each request. A plain proxy wants whole URLs.
        whole = bool(proxy) and parts.scheme == "http"
        self._target = (pool.connection_from_url(self.base), self.base if whole else parts.path.rstrip("/"))
        self._common = self._identity(connection)

    @staticmethod
    def _identity(connection: Connection) -> Any:
        """The headers of every request."""
        headers = urllib3.HTTPHeaderDict({"Accept": "application/json", "User-Agent": "bentobox.platform"})
        if connection.token:
            headers["Authorization"] = f"Bearer {connection.token}"
        elif connection.username:
            pair = f"{connection.username}:{connection.password or ''}".encode()
            headers["Authorization"] = "Basic " + b64encode(pair).decode()
        if connection.impersonate_user:
            headers["Impersonate-User"] = connection.impersonate_user
            for group in connection.impersonate_groups:
                headers.add("Impersonate-Group", group)
        return headers

    def _headers(self, extra: dict[str, str] | None) -> Any:
        if not extra:
            return self._common
        headers = self._common.copy()
        for key, value in extra.items():
            headers[key] = value
        return headers

    def refresh(self) -> bool:
        """Credentials that can expire are fetched once more; False when there is nothing to fetch."""
        with self._lock:
            if self.connection.token_file:
                token = read(self.connection.token_file, "tokenFile").strip()
                changed, self.connection.token = token != self.connection.token, token
                self._common = self._identity(self.connection)
                return changed
            if self.connection.dynamic:
                self._setup(resolve(self._params))
                return True
        return False

    def send(
        self,
        method: str,
        url: str,
        *,
        body: Any = None,
        headers: dict[str, str] | None = None,
        timeout: float = 30.0,
        stream: bool = False,
        retry_status: bool = True,
        retry_for: float | None = None,
        what: str = "",
    ) -> Any:
        """One request and its repetitions: connection errors and 'not now' answers, until retry_for is over."""
        deadline = time.monotonic() + (self.retry_for if retry_for is None else retry_for)
        bounded = self.retry_until if retry_for is None else None
        repeatable = body is None or isinstance(body, bytes)
        # While a streamed body is sent, urllib3 takes the connect timeout for every write: a store may well stall.
        connect = min(10.0, timeout) if repeatable else timeout
        refreshed = False
        attempt = 0
        while True:
            attempt += 1
            if bounded is not None:
                deadline = bounded if self._answered else min(deadline, bounded)
                timeout = min(timeout, max(_LEAST_PATIENCE, deadline - time.monotonic()))
            pool, base = self._target
            try:
                answer = pool.request(
                    method,
                    base + url,
                    body=body,
                    headers=self._headers(headers),
                    timeout=urllib3.Timeout(connect=min(connect, timeout), read=timeout),
                    preload_content=not stream,
                    redirect=False,
                    assert_same_host=False,
                )
            except HTTPError as error:
                self._lost_at = time.monotonic()
                # A request that was never sent may always be repeated, others only when that does no harm.
                unsent = isinstance(error, NewConnectionError)
                fatal = _untrusted(error)
                again = repeatable and not fatal and (unsent or method in IDEMPOTENT)
                pause = backoff(attempt)
                if not again or time.monotonic() + pause > deadline:
                    why = _plain(error, self.base)
                    if bounded is not None and again:
                        why += "; raise wait_timeout to wait longer for it" if self._answered else _WHERE
                    raise Unavailable(0, _kind(error), why, verb=method, what=what or url) from None
                if attempt > 1:
                    self._tell(True, f"{_plain(error, self.base)}; trying again")
                time.sleep(pause)
                continue
            self._answered = True
            self._tell(False, f"the API server {self.base} answers again")
            if answer.status == 401 and not refreshed and repeatable and self.refresh():
                refreshed = True
            elif answer.status in (401, 403) and retry_status and repeatable and self._settling():
                # It serves before it has read its own roles. Nothing was done, so that any request may be repeated.
                if time.monotonic() > deadline:
                    return answer
                time.sleep(backoff(1))
            elif answer.status in RETRY_STATUS and retry_status and repeatable and method in IDEMPOTENT:
                pause = retry_after(answer.headers.get("Retry-After"), backoff(attempt))
                if time.monotonic() + pause > deadline:
                    return answer
                time.sleep(pause)
            else:
                return answer
            answer.drain_conn()

    def _settling(self) -> bool:
        return time.monotonic() - self._lost_at < _SETTLING

    def _tell(self, gone: bool, text: str) -> None:
        """Once per outage, whichever of the threads notices it first."""
        if gone is self._gone:
            return
        with self._lock:
            changed, self._gone = gone is not self._gone, gone
        if changed:
            self.notice(text)


def backoff(attempt: int) -> float:
    """Short at first, never above two seconds, jittered so that a pool's threads do not march in step."""
    return min(0.1 * 2**attempt, 2.0) * random.uniform(0.6, 1.0)  # noqa: S311  # no secret depends on it


def retry_after(header: str | None, default: float) -> float:
    """Never sooner than the server says, and not all threads at once."""
    try:
        return max(float(header), 0.1) * random.uniform(1.0, 1.25) if header else default  # noqa: S311
    except ValueError:
        return default


def _untrusted(error: Exception) -> bool:
    """Whether TLS will never work; a connection that is cut during its handshake is an SSLError, too."""
    text = str(error)
    return "CERTIFICATE_VERIFY_FAILED" in text or (isinstance(error, SSLError) and "EOF occurred" not in text)


def _kind(error: Exception) -> str:
    return "ProxyError" if isinstance(error, ProxyError) else type(error).__name__


def _plain(error: Exception, base: str) -> str:
    """urllib3's texts name pool objects; what an operator needs is the cause and the server."""
    text = str(error)
    cause = text.rsplit(": ", 1)[-1] if "object at 0x" in text else text
    hint = ""
    if "CERTIFICATE_VERIFY_FAILED" in text:
        hint = "; set 'ca_cert' to the authority that signed it"
    return f"cannot reach the API server {base}: {cause}{hint}"


def _tls(connection: Connection) -> ssl.SSLContext:
    try:
        if connection.verify:
            # As kubectl: an authority that is given is the only one. (The system's take 30 ms to load, per task.)
            context = ssl.create_default_context(cadata=connection.ca or None)
        else:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if connection.server_name:
            context.check_hostname = False  # urllib3 compares with assert_hostname instead
        if connection.client_cert:
            # ssl only loads files; this one is ours alone (0600) and is gone when the context has read it.
            with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
                file.write(connection.client_cert.rstrip("\n") + "\n" + (connection.client_key or ""))
                file.flush()
                context.load_cert_chain(file.name)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigError(f"the certificates for {connection.host} cannot be used: {error}") from None
    return context


def proxy_for(scheme: str, host: str, port: int | None) -> str | None:
    """The environment's proxy, with NO_PROXY as kubectl reads it (suffixes, networks; loopback is never proxied)."""
    proxy = urllib.request.getproxies_environment().get(scheme)
    if not proxy or host == "localhost":
        return None
    no_proxy = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None if _bypassed(host, port, no_proxy) else proxy
    if address.is_loopback:
        return None
    for entry in (part.strip() for part in no_proxy.split(",")):
        try:
            if entry == "*" or (entry and address in ipaddress.ip_network(entry, strict=False)):
                return None
        except ValueError:
            continue
    return proxy


def _bypassed(host: str, port: int | None, no_proxy: str) -> bool:
    for entry in (part.strip().lower().lstrip("*") for part in no_proxy.split(",")):
        suffix = entry.lstrip(".").removesuffix(f":{port}")
        if suffix and (host.lower() == suffix or host.lower().endswith(f".{suffix}")):
            return True
    return "*" in (part.strip() for part in no_proxy.split(","))
