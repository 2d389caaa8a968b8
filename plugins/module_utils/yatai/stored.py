# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The object store behind Yatai: whether it can be reached from here, and what it says it holds."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from .errors import StoreError
from .registry import Registry
from .tarplan import CHUNK
from .transport import Broken, pool_send

_XML_CODE = re.compile(rb"<Code>([A-Za-z0-9]+)</Code>")
_XML_MESSAGE = re.compile(rb"<Message>([^<]*)</Message>")
_ONE_BYTE = {"Range": "bytes=0-0"}


def read_pieces(answer: Any) -> Iterator[bytes]:
    """The body of a streamed answer; a connection that breaks in the middle is Broken, not a short body."""
    try:
        yield from answer.stream(CHUNK, decode_content=False)
    except Exception as exc:
        if exc.__class__.__module__.startswith("urllib3") or isinstance(exc, OSError):
            raise Broken(f"the connection broke while reading: {exc.__class__.__name__}", dropped=True) from None
        raise


def store_error(message: str, answer: Any) -> StoreError:
    code = _XML_CODE.search(answer.data or b"")
    text = _XML_MESSAGE.search(answer.data or b"")
    name = code.group(1).decode() if code else ""
    words = " ".join(w for w in (name, text.group(1).decode("utf-8", "replace") if text else "") if w)
    return StoreError(f"{message}: HTTP {answer.status} {words}".rstrip(), answer.status, name)


def reachable(url: str, timeout: float = 3.0) -> bool:
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        with socket.create_connection((parts.hostname or "", port), timeout):
            return True
    except OSError:
        return False


def store_reachable(registry: Registry, name: str, version: str) -> str:
    """'' when the object store of presigned URLs can be reached from here, else the reason."""
    url = registry.verb(name, version, "presign_upload_url").get("presigned_upload_url") or ""
    if not url:
        return "Yatai gives no presigned URL"
    if not reachable(url):
        return f"the object store {urlsplit(url).netloc} that Yatai names cannot be reached from here"
    return ""


def stored_size(registry: Registry, name: str, version: str, pool: Any) -> int | None:
    """Ask the store for one byte: its answer tells the whole length. None when it cannot be asked from here.

    A store that is a Service of the same cluster is out of reach outside, but not for the API server, through which
    Yatai itself is spoken to then.
    """
    url = registry.verb(name, version, "presign_download_url").get("presigned_download_url") or ""
    if not url:
        return None
    try:
        if reachable(url):
            with _opened(pool_send(pool, "GET", url, _ONE_BYTE, None, 30.0, True)) as answer:
                return told_size(answer)
        relayed = registry.client.wire.relay(url, _ONE_BYTE, 30.0)
        if relayed is None:
            return None
        with _opened(relayed) as answer:
            # Whoever else stands between here and the store may answer too: only what S3 alone says counts.
            return told_size(answer) if answer.status == 206 else None
    except Broken:
        return None


@contextmanager
def _opened(answer: Any) -> Iterator[Any]:
    """Closed, not drained: a store without ranges would send the whole."""
    try:
        yield answer
    finally:
        answer.close()
        answer.release_conn()


def told_size(answer: Any) -> int | None:
    """The length of the whole object, -1 when there is none, None when the answer does not tell."""
    if answer.status == 404:
        return -1
    if answer.status == 206:
        size = answer.headers.get("Content-Range", "").rpartition("/")[2]
    else:
        size = answer.headers.get("Content-Length", "") if answer.status == 200 else ""
    return int(size) if size.isdecimal() else None
