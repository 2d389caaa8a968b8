# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How bytes reach Yatai: straight over HTTP, or through the Kubernetes API server's service proxy.

Both give back urllib3's answer object, and raise Broken for anything that is not an answer.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Callable, Generator, Iterator
from typing import Any, Protocol
from urllib.parse import urlsplit

from ansible_collections.bentobox.platform.plugins.module_utils.kube.relay import relay

from .errors import YataiError, strip_query

try:
    import urllib3
    from urllib3.exceptions import HTTPError

    HAS_URLLIB3 = True
except ImportError:  # the module says so with missing_required_lib
    HAS_URLLIB3 = False
    HTTPError = Exception  # type: ignore[assignment,misc]

_KUBERNETES = re.compile(r"kubernetes://(?P<namespace>[a-z0-9-]+)/(?P<service>[a-z0-9.-]+):(?P<port>[a-z0-9-]+)/?\Z")


class Broken(Exception):
    """The connection failed before a whole answer came. `dropped`: the other side closed it on this very request."""

    def __init__(self, reason: str, dropped: bool = False) -> None:
        super().__init__(reason)
        self.dropped = dropped


class Body:
    """A request body of known length, produced while it is sent; `sent` counts for the report."""

    def __init__(
        self, pieces: Iterator[memoryview], size: int, progress: Callable[[int], None] = lambda _count: None
    ) -> None:
        self.size = size
        self.sent = 0
        self._pieces, self._progress = pieces, progress

    def read(self, _amount: int = -1) -> memoryview | bytes:
        # The HTTP client asks for 16 KiB at a time; whole pieces of 1 MiB cost a tenth of the system calls.
        piece = next(self._pieces, None)
        if piece is None:
            return b""
        self.sent += len(piece)
        self._progress(len(piece))
        return piece

    def close(self) -> None:
        """Let go of files and threads now, not when the garbage is collected."""
        if isinstance(self._pieces, Generator):
            self._pieces.close()


class Wire(Protocol):
    """What the client needs of a transport."""

    public_url: str

    def send(self, method: str, path: str, headers: dict[str, str], body: Any, timeout: float, stream: bool) -> Any:
        """A request; the raw answer, whatever its status."""

    def relay(self, url: str, headers: dict[str, str], timeout: float) -> Any | None:
        """A GET of a presigned URL by way of the cluster; None where there is no such way."""


def broken(exc: Exception) -> Broken:
    text = str(exc)
    dropped = any(word in text for word in ("Remote end closed", "Connection reset", "RemoteDisconnected"))
    # urllib3 puts the pool's repr in front; the reason is behind the last colon pair.
    reason = re.sub(r"<urllib3[^>]*>:? ?", "", text)
    reason = re.sub(r"\?[^\s'\")]*", "", reason)
    return Broken(reason[:300] or exc.__class__.__name__, dropped)


def tls_context(validate: bool, ca_cert: str | None) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_cert)
    except (OSError, ssl.SSLError) as exc:
        raise YataiError(f"cannot load the CA file {ca_cert}: {exc}") from exc
    if not validate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def make_pool(validate: bool, ca_cert: str | None, size: int) -> Any:
    return urllib3.PoolManager(
        maxsize=size, block=False, retries=False, ssl_context=tls_context(validate, ca_cert), num_pools=4
    )


def pool_send(
    pool: Any, method: str, url: str, headers: dict[str, str], body: Any, timeout: float, stream: bool
) -> Any:
    # While a body is being sent, urllib3 applies the connect timeout to each write: a stalled store must fit in it.
    connect = timeout if isinstance(body, Body) else min(10.0, timeout)
    try:
        return pool.request(
            method,
            url,
            headers=headers,
            body=body,
            timeout=urllib3.Timeout(connect=connect, read=timeout),
            preload_content=not stream,
            redirect=False,
            retries=False,
        )
    except (HTTPError, OSError) as exc:
        raise broken(exc) from None


class HttpWire:
    def __init__(self, endpoint: str, validate: bool, ca_cert: str | None, connections: int) -> None:
        parts = urlsplit(endpoint)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise YataiError(
                f"endpoint '{strip_query(endpoint)}' is neither http(s)://HOST[:PORT] nor kubernetes://NAMESPACE/SERVICE:PORT"
            )
        if parts.username or parts.password:
            raise YataiError("endpoint must not hold credentials: give api_token instead")
        self.public_url = endpoint.rstrip("/")
        self._pool = make_pool(validate, ca_cert, connections)

    def send(self, method: str, path: str, headers: dict[str, str], body: Any, timeout: float, stream: bool) -> Any:
        return pool_send(self._pool, method, self.public_url + path, headers, body, timeout, stream)

    def relay(self, url: str, headers: dict[str, str], timeout: float) -> Any | None:
        return None


class KubernetesWire:
    """Through /api/v1/namespaces/NS/services/NAME:PORT/proxy: needs no route to the cluster's network."""

    def __init__(self, endpoint: str, client: Any, errors: type[Exception]) -> None:
        match = _KUBERNETES.match(endpoint)
        if not match:
            raise YataiError(f"endpoint '{endpoint}' is not kubernetes://NAMESPACE/SERVICE:PORT")
        self._at = match.groupdict()
        self._client, self._errors = client, errors
        self.public_url = f"http://{self._at['service']}.{self._at['namespace']}.svc.cluster.local:{self._at['port']}"

    def send(self, method: str, path: str, headers: dict[str, str], body: Any, timeout: float, stream: bool) -> Any:
        at = self._at
        return self._answer(
            lambda: self._client.service_request(
                at["namespace"],
                at["service"],
                at["port"],
                method,
                path,
                body=body,
                headers=headers,
                stream=stream,
                timeout=timeout,
            )
        )

    def relay(self, url: str, headers: dict[str, str], timeout: float) -> Any | None:
        return self._answer(lambda: relay(self._client, "GET", url, headers=headers, timeout=timeout))

    def _answer(self, request: Callable[[], Any]) -> Any:
        try:
            return request()
        except self._errors as exc:
            raise broken(exc) from None
        except (HTTPError, OSError) as exc:
            raise broken(exc) from None


def is_kubernetes(endpoint: str) -> bool:
    return endpoint.startswith("kubernetes://")
