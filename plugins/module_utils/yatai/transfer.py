# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bytes to Yatai: through it (proxy), or straight to the object store in parts (presigned)."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from .client import Patience
from .errors import StoreError, Unreachable, VerifyError, YataiError, strip_query
from .progress import Progress, silent
from .readahead import PIECES, hashed_ahead
from .registry import Registry
from .stored import read_pieces, store_error, stored_size
from .tarplan import TarPlan
from .transport import Body, Broken, pool_send

MIN_PART = 5 << 20  # S3's own limit, for all parts but the last
MAX_PARTS = 10_000
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
    read_ahead: int = PIECES  # MiB; the archives that are sent side by side share it
    say: Callable[[str], None] = silent


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
        self._progress = Progress(f"{registry.kind} {name}:{version}", plan.size, options.say)

    @contextmanager
    def _body(self, pieces: Iterator[memoryview], size: int) -> Iterator[Body]:
        """A body that counts, also when it was sent in vain."""
        body = Body(pieces, size, self._progress.add)
        try:
            yield body
        except BaseException:
            self._progress.add(-body.sent)
            raise
        finally:
            body.close()
            with self._lock:
                self.sent += body.sent

    # -- through Yatai -------------------------------------------------------------------------------------------
    def proxy(self) -> str:
        """One PUT; begun again from its first byte after a fault, since the server cannot continue one."""

        def attempt() -> str:
            sha = hashlib.sha256()
            with self._body(hashed_ahead(self.plan, sha, self.options.read_ahead), self.plan.size) as body:
                path = self.registry.path(self.name, self.version, "upload")
                self.client.put_stream(path, body, self.options.stall_timeout)
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
            pieces = _hashing(self.plan.chunks(part.start, part.end), sums)
            fault: YataiError = Unreachable(f"{what} was not sent")
            try:
                with self._body(pieces, part.end - part.start) as body:
                    etag = self._put(answer["presigned_upload_url"], body, what)
                    # A store that encrypts answers with an ETag of another shape, which tells nothing.
                    if sums and re.fullmatch(r'"?[0-9a-f]{32}"?', etag) and etag.strip('"') != md5.hexdigest():
                        raise StoreError(f"{what} arrived damaged (its MD5 is {etag} in the store)", 400, "BadDigest")
                    return etag
            except Broken as exc:
                fault = Unreachable(f"{what} failed for {clock.seconds:.0f} s; the last reason: {exc}")
            except StoreError as exc:
                if exc.status < 500 and exc.code not in _RETRY_CODES:
                    raise
                fault = exc
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
            if stored_size(self.registry, self.name, self.version, self.options.store_pool) != self.plan.size:
                raise StoreError(str(exc), 404, "NoSuchUpload") from exc

    # -- afterwards ----------------------------------------------------------------------------------------------
    def verify(self, digest: str) -> str:
        """Compare what is stored with what was sent; returns how it was found out."""
        if self.options.verify == "none":
            return "none"
        if self.options.verify == "size":
            size = stored_size(self.registry, self.name, self.version, self.options.store_pool)
            if size is not None:
                self._check(size == self.plan.size, f"{size} bytes are stored, {self.plan.size} were sent")
                return "size"
        # The store cannot be asked from here, and Yatai's download tells no length: read it.
        self.options.say(f"{self.registry.kind} {self.name}:{self.version}: reading it back to verify what is stored")
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
