# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes to Yatai: through it (proxy), or straight to the object store in parts (presigned)."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .client import Patience
from .errors import StoreError, Unreachable, VerifyError, YataiError, strip_query
from .registry import Registry
from .tarplan import CHUNK, TarPlan
from .transport import Body, Broken, pool_send

MIN_PART = 5 << 20  # S3's own limit, for all parts but the last
MAX_PARTS = 10_000
_XML_CODE = re.compile(rb"<Code>([A-Za-z0-9]+)</Code>")
_XML_MESSAGE = re.compile(rb"<Message>([^<]*)</Message>")
_RETRY_CODES = {"SlowDown", "ServiceUnavailable", "InternalError", "RequestTimeout", "BadDigest", "IncompleteBody"}


class Part(NamedTuple):
    number: int
    start: int
    end: int


@dataclass
class TransferOptions:
    part_size: int
    parallel: int
    stall_timeout: float
    verify: str
    store_pool: Any  # urllib3 pool for presigned URLs


def plan_parts(size: int, part_size: int) -> list[Part]:
    """Parts of part_size, larger when there would be too many; an empty object is one empty part."""
    part_size = max(part_size, MIN_PART, -(-size // MAX_PARTS))
    starts = range(0, size, part_size) if size else [0]
    return [Part(n, start, min(start + part_size, size)) for n, start in enumerate(starts, 1)]


def _hashing(pieces: Iterator[memoryview], sums: list[Any]) -> Iterator[memoryview]:
    for piece in pieces:
        for checksum in sums:
            checksum.update(piece)
        yield piece


class Transfer:
    """One archive on its way. `sent` counts every byte that left, repetitions included."""

    def __init__(self, registry: Registry, name: str, version: str, plan: TarPlan, options: TransferOptions) -> None:
        self.registry, self.name, self.version, self.plan, self.options = registry, name, version, plan, options
        self.client = registry.client
        self.what = f"the upload of {registry.kind} {name}:{version}"
        self.sent = 0
        self._lock = threading.Lock()

    def _pieces(self, part: Part, sums: list[Any]) -> Iterator[memoryview]:
        return _hashing(self.plan.chunks(part.start, part.end), sums)

    def _count(self, body: Body) -> None:
        with self._lock:
            self.sent += body.sent

    # -- through Yatai -------------------------------------------------------------------------------------------
    def proxy(self) -> str:
        """One PUT; begun again from its first byte after a fault, since the server cannot continue one."""

        def attempt() -> str:
            sha = hashlib.sha256()
            body = Body(partial(self._pieces, Part(1, 0, self.plan.size), [sha]), self.plan.size)
            try:
                path = self.registry.path(self.name, self.version, "upload")
                self.client.put_stream(path, body, self.options.stall_timeout)
            finally:
                self._count(body)
            return f"sha256:{sha.hexdigest()}"

        return self.client.retrying(attempt, self.what)

    # -- straight to the store -----------------------------------------------------------------------------------
    def _verb(self, verb: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return self.registry.verb(self.name, self.version, verb, body)

    def presigned(self) -> str:
        """Multipart: a fault costs one part, never the whole."""
        with ThreadPoolExecutor(1) as hasher:
            digest = hasher.submit(self.plan.digest)
            self._verb("start_upload")
            for _round in range(2):
                upload_id = self._verb("start_multipart_upload").get("upload_id")
                if not upload_id:
                    raise YataiError(f"Yatai gave no upload_id for {self.what}")
                try:
                    self._complete(upload_id, self._parts(upload_id))
                    break
                except StoreError as exc:
                    # The store forgot the upload (it expired or was aborted): only then everything begins anew.
                    if exc.code != "NoSuchUpload" or _round:
                        raise
            return digest.result()

    def _parts(self, upload_id: str) -> list[dict[str, Any]]:
        parts = plan_parts(self.plan.size, self.options.part_size)
        stop = threading.Event()

        def run(part: Part) -> dict[str, Any]:
            if stop.is_set():
                raise YataiError("given up")
            try:
                return {"part_number": part.number, "etag": self._part(upload_id, part, len(parts), stop)}
            except BaseException:
                stop.set()
                raise

        with ThreadPoolExecutor(max(1, min(self.options.parallel, len(parts)))) as pool:
            futures = [pool.submit(run, part) for part in parts]
        errors = [f.exception() for f in futures if f.exception()]
        if errors:
            # The first real reason, not the "given up" of those that stopped because of it.
            raise next((e for e in errors if str(e) != "given up"), errors[0]) or YataiError(self.what)
        return [future.result() for future in futures]

    def _part(self, upload_id: str, part: Part, count: int, stop: threading.Event) -> str:
        what = f"part {part.number} of {count} of {self.what}"
        clock = Patience(self.client.retry_timeout, min_attempts=3)
        while True:
            answer = self._verb("presign_multipart_upload_url", {"upload_id": upload_id, "part_number": part.number})
            md5 = hashlib.md5(usedforsecurity=False)
            sums = [md5] if self.options.verify == "digest" else []
            body = Body(partial(self._pieces, part, sums), part.end - part.start)
            try:
                etag = self._put(answer["presigned_upload_url"], body, what)
                # A store that encrypts answers with an ETag of another shape, which tells nothing.
                if sums and re.fullmatch(r'"?[0-9a-f]{32}"?', etag) and etag.strip('"') != md5.hexdigest():
                    raise StoreError(f"{what} arrived damaged (its MD5 is {etag} in the store)", 400, "BadDigest")
                return etag
            except Broken as exc:
                fault: YataiError = Unreachable(f"{what} failed for {clock.seconds:.0f} s; the last reason: {exc}")
            except StoreError as exc:
                if exc.status < 500 and exc.code not in _RETRY_CODES:
                    raise
                fault = exc
            finally:
                self._count(body)
            if stop.is_set() or not clock.wait():
                raise fault

    def _put(self, url: str, body: Body, what: str) -> str:
        headers = {"Content-Length": str(body.size)}
        answer = pool_send(self.options.store_pool, "PUT", url, headers, body, self.options.stall_timeout, False)
        if answer.status != 200:
            raise store_error(f"the object store refused {what} at {strip_query(url)}", answer)
        etag = answer.headers.get("ETag")
        if not etag:
            raise StoreError(f"the object store took {what} without an ETag: is {strip_query(url)} an S3 server?", 200)
        return etag

    def _complete(self, upload_id: str, parts: list[dict[str, Any]]) -> None:
        try:
            self._verb("complete_multipart_upload", {"upload_id": upload_id, "parts": parts})
        except YataiError as exc:
            if "upload" not in str(exc).lower() or "exist" not in str(exc).lower():
                raise
            # Completed by a request whose answer got lost, or really gone: the stored size tells.
            if stored_size(self.registry, self.name, self.version, self.options) != self.plan.size:
                raise StoreError(str(exc), 404, "NoSuchUpload") from exc

    # -- afterwards ----------------------------------------------------------------------------------------------
    def verify(self, digest: str) -> str:
        """Compare what is stored with what was sent; returns how it was found out."""
        if self.options.verify == "none":
            return "none"
        if self.options.verify == "size":
            size = stored_size(self.registry, self.name, self.version, self.options)
            if size is not None:
                self._check(size == self.plan.size, f"{size} bytes are stored, {self.plan.size} were sent")
                return "size"
        # The store cannot be reached from here, and Yatai's download tells no length: read it.
        stored, size = self.client.retrying(self._read_back, f"the verification of {self.what}")
        self._check(size == self.plan.size, f"{size} bytes are stored, {self.plan.size} were sent")
        self._check(stored == digest, f"stored is {stored}, sent was {digest}")
        return "digest"

    def _check(self, good: bool, reason: str) -> None:
        if not good:
            raise VerifyError(f"{self.what} went through, but {reason}. Push again with force: true")

    def _read_back(self) -> tuple[str, int]:
        sha, size = hashlib.sha256(), 0
        with self.client.get_stream(
            self.registry.path(self.name, self.version, "download"), self.options.stall_timeout
        ) as answer:
            for piece in read_pieces(answer):
                sha.update(piece)
                size += len(piece)
        return f"sha256:{sha.hexdigest()}", size

    def failed(self, reason: str) -> None:
        """Leave word in Yatai; when it cannot be reached there is nobody to tell."""
        try:
            body = {"status": "failed", "reason": reason[:1000]}
            self.registry.verb(self.name, self.version, "finish_upload", body, patience=5.0)
        except YataiError:
            pass


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


def stored_size(registry: Registry, name: str, version: str, options: TransferOptions) -> int | None:
    """Ask the store for one byte: its answer tells the whole length. None when the store is out of reach from here."""
    answer = registry.verb(name, version, "presign_download_url")
    url = answer.get("presigned_download_url") or ""
    if not url or not reachable(url):
        return None
    try:
        got = pool_send(options.store_pool, "GET", url, {"Range": "bytes=0-0"}, None, 30.0, True)
    except Broken:
        return None
    try:
        if got.status == 206:
            return int(got.headers.get("Content-Range", "/-1").rpartition("/")[2])
        if got.status == 200 and got.headers.get("Content-Length"):
            return int(got.headers["Content-Length"])
        if got.status == 404:
            return -1
        return None
    finally:
        got.close()
        got.release_conn()


def store_reachable(registry: Registry, name: str, version: str) -> str:
    """'' when the object store of presigned URLs can be reached from here, else the reason."""
    url = registry.verb(name, version, "presign_upload_url").get("presigned_upload_url") or ""
    if not url:
        return "Yatai gives no presigned URL"
    if not reachable(url):
        return f"the object store {urlsplit(url).netloc} that Yatai names cannot be reached from here"
    return ""
