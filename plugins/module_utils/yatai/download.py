# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One archive out of Yatai, streamed into an empty directory, and proved to be whole."""

from __future__ import annotations

import hashlib
import io
import lzma
import os
import shutil
import tarfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from .client import YataiClient
from .errors import VerifyError, YataiError
from .manifest import read_yaml
from .push import DIGEST_LABEL, labels_dict
from .registry import Registry
from .source import safe_extract
from .stored import reachable, read_pieces, store_error
from .tag import Tag
from .transfer import TransferOptions
from .transport import Broken, pool_send

_END = bytes(2 * tarfile.BLOCKSIZE)


@dataclass
class Pulled:
    """What became of one bento or model."""

    tag: str
    location: str
    changed: bool = False
    digest: str | None = None
    verified: str | None = None
    bytes_received: int = 0
    seconds: float = 0.0

    def result(self) -> dict[str, Any]:
        keys = ("tag", "location", "changed", "digest", "verified", "bytes_received", "seconds")
        return {key: getattr(self, key) for key in keys}


@dataclass
class PullOptions:
    transfer: TransferOptions
    strategy: str = "auto"
    force: bool = False
    check_mode: bool = False
    models: list[Pulled] = field(default_factory=list)


class _Meter(io.RawIOBase):
    """A readable view of a download that hashes, counts, and remembers how it ended."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, b""
        self.sha, self.size, self.last = hashlib.sha256(), 0, b""

    def readable(self) -> bool:
        return True

    def readinto(self, target: Any) -> int:
        if not self._rest:
            self._rest = next(self._pieces, b"")
            self.sha.update(self._rest)
            self.size += len(self._rest)
            self.last = (self.last + self._rest)[-len(_END) :]
        count = min(len(target), len(self._rest))
        target[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def finish(self) -> None:
        """Read what is behind the archive's end."""
        buffer = memoryview(bytearray(1 << 16))
        while self.readinto(buffer):
            pass

    @property
    def digest(self) -> str:
        return f"sha256:{self.sha.hexdigest()}"


def download(client: YataiClient, kind: str, tag: Tag, target: str, options: PullOptions) -> Pulled:
    """Stream one archive and unpack it to an empty directory; begun again after a fault."""
    registry = Registry(client, kind)
    remote = registry.get(*tag) or {}
    expected = labels_dict(remote.get("labels")).get(DIGEST_LABEL)
    done = Pulled(str(tag), target, changed=True)
    begun = time.monotonic()
    broken: set[str] = set()

    def attempt() -> None:
        shutil.rmtree(target, ignore_errors=True)
        os.makedirs(target)
        with _open(registry, tag, options, remote) as pieces:
            meter = _Meter(pieces)
            trouble = _unpack(meter, target)
        done.bytes_received += meter.size
        if trouble and meter.digest in broken:
            # The same bytes again: it is not the way that is bad, it is what is stored.
            raise VerifyError(f"the archive of {kind} {tag} is damaged in Yatai's store ({trouble}): push it again")
        if trouble:
            broken.add(meter.digest)
            raise Broken(f"the archive came damaged ({trouble})")
        done.digest = meter.digest
        # Yatai ends a download that broke behind it as if it were whole, so only the digest or the tar's own end tell.
        if expected and options.transfer.verify != "none":
            if meter.digest != f"sha256:{expected}":
                raise VerifyError(
                    f"{kind} {tag} came as {meter.digest}, but was pushed as sha256:{expected}: the stored archive is "
                    "damaged or was replaced by another tool. Push it again with force: true, or pull with verify: none"
                )
            done.verified = "digest"
        else:
            done.verified = "archive"

    try:
        client.retrying(attempt, f"the download of {kind} {tag}")
    except OSError as exc:
        raise YataiError(f"cannot write {kind} {tag} to {target}: {exc.strerror or exc}") from exc
    done.seconds = round(time.monotonic() - begun, 3)
    return done


@contextmanager
def _open(registry: Registry, tag: Tag, options: PullOptions, remote: dict[str, Any]) -> Iterator[Iterator[bytes]]:
    """The archive's bytes: from the object store when advised or wished and within reach, else through Yatai."""
    timeout = options.transfer.stall_timeout
    advised = remote.get("transmission_strategy") == "presigned_url"
    if options.strategy == "presigned" or (options.strategy == "auto" and advised):
        url = registry.verb(*tag, "presign_download_url").get("presigned_download_url") or ""
        if url and reachable(url):
            answer = pool_send(options.transfer.store_pool, "GET", url, {}, None, timeout, True)
            try:
                if answer.status >= 500:
                    raise Broken(f"the object store answers with HTTP {answer.status}")
                if answer.status != 200:
                    raise store_error(f"the object store refused {registry.kind} {tag}", answer)
                yield read_pieces(answer)
                return
            finally:
                answer.close()
                answer.release_conn()
        if options.strategy == "presigned":
            raise YataiError("strategy presigned cannot work: the object store cannot be reached from here")
    with registry.client.get_stream(registry.path(*tag, "download"), timeout) as answer:
        yield read_pieces(answer)


def _unpack(meter: _Meter, target: str) -> str:
    """Unpack to the archive's end; returns what is wrong with it, '' when nothing is."""
    stream = io.BufferedReader(meter, 1 << 20)
    packed = stream.peek(2)[:2] in (b"\x1f\x8b", b"BZ", b"\xfd7")
    try:
        with tarfile.open(fileobj=stream, mode="r|*") as archive:
            safe_extract(archive, target)
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError) as exc:
        meter.finish()
        return str(exc)
    meter.finish()
    return "" if packed or meter.last == _END else f"cut short after {meter.size} bytes"


def check_content(kind: str, tag: Tag, folder: str) -> dict[str, Any]:
    file = os.path.join(folder, f"{kind}.yaml")
    if not os.path.isfile(file):
        raise VerifyError(f"the archive of {kind} {tag} in Yatai holds no {kind}.yaml: it is not a {kind}")
    info = read_yaml(file)
    if (str(info["name"]).lower(), str(info["version"]).lower()) != tuple(tag):
        raise VerifyError(f"the archive of {kind} {tag} in Yatai holds {info['name']}:{info['version']} instead")
    return info
