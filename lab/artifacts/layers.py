"""Layer archives: the same content gives the same bytes, whoever builds them and when."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

COMPRESSION = 1  # the mirror is on the same machine: quick beats small


@dataclass(frozen=True)
class Blob:
    """A compressed layer: `digest` names the file in a registry, `diff_id` its content in the image's config."""

    path: Path
    digest: str
    diff_id: str
    size: int


class _Hashing(io.RawIOBase):
    """A write-only stream that hashes what passes through."""

    def __init__(self, target: IO[bytes]) -> None:
        self.target = target
        self.hash = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.hash.update(data)
        self.size += len(data)
        return self.target.write(data)


@contextmanager
def blob_writer(path: Path) -> Iterator[tuple[IO[bytes], list[Blob]]]:
    """Write an uncompressed tar into the stream; afterwards the list holds its Blob."""
    result: list[Blob] = []
    with path.open("wb") as file:
        outer = _Hashing(file)
        with gzip.GzipFile(filename="", mode="wb", compresslevel=COMPRESSION, fileobj=outer, mtime=0) as packed:
            inner = _Hashing(packed)  # type: ignore[arg-type]
            yield inner, result  # type: ignore[misc]
    result.append(Blob(path, "sha256:" + outer.hash.hexdigest(), "sha256:" + inner.hash.hexdigest(), outer.size))


def compress_tar(tar: Path, target: Path) -> Blob:
    with tar.open("rb") as source, blob_writer(target) as (stream, result):
        shutil.copyfileobj(source, stream, 1 << 20)
    return result[0]


@dataclass(frozen=True)
class Entry:
    """One member of a layer; exactly one of source, text and link is set, or none for a folder."""

    path: str
    source: Path | None = None
    text: bytes | None = None
    link: str | None = None
    mode: int | None = None
    owner: int = 0

    def member(self) -> tarfile.TarInfo:
        info = tarfile.TarInfo(self.path.lstrip("/"))
        info.uid = info.gid = self.owner
        info.mtime = 0
        if self.link is not None:
            info.type, info.linkname, info.mode = tarfile.SYMTYPE, self.link, 0o777
        elif self.source is not None:
            info.size = self.source.stat().st_size
            executable = os.access(self.source, os.X_OK)
            info.mode = self.mode if self.mode is not None else (0o755 if executable else 0o644)
        elif self.text is not None:
            info.size = len(self.text)
            info.mode = self.mode if self.mode is not None else 0o644
        else:
            info.type = tarfile.DIRTYPE
            info.mode = self.mode if self.mode is not None else 0o755
        return info


def tar_stream(stream: IO[bytes], entries: Iterable[Entry]) -> None:
    """Write the entries as they come."""
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.GNU_FORMAT) as tar:
        for entry in entries:
            info = entry.member()
            if entry.source is not None:
                with entry.source.open("rb") as content:
                    tar.addfile(info, content)
            else:
                tar.addfile(info, io.BytesIO(entry.text) if entry.text is not None else None)


def write_layer(entries: Iterable[Entry], target: Path) -> Blob:
    """Members sorted by path, with the folders they need before them."""
    members: dict[str, Entry] = {}
    for entry in entries:
        members["/" + entry.path.strip("/")] = entry
    for path in list(members):
        for parent in Path(path).parents:
            if str(parent) != "/":
                members.setdefault(str(parent), Entry(str(parent)))
    with blob_writer(target) as (stream, result):
        tar_stream(stream, [members[path] for path in sorted(members)])
    return result[0]


def tree_entries(source: Path, target: str, owner: int = 0) -> list[Entry]:
    """A folder with all that is below it, modes kept simple: a program stays executable."""
    entries = [Entry(target, owner=owner)]
    for path in sorted(source.rglob("*")):
        where = f"{target.rstrip('/')}/{path.relative_to(source)}"
        if path.is_symlink():
            entries.append(Entry(where, link=os.readlink(path), owner=owner))
        elif path.is_dir():
            entries.append(Entry(where, owner=owner))
        else:
            entries.append(Entry(where, source=path, owner=owner))
    return entries


def library_entries(program: Path) -> list[Entry]:
    """The shared libraries a program needs, for images that hold nothing else: the loader and what ldd names."""
    answer = subprocess.run(["ldd", program], capture_output=True, text=True, check=False, timeout=60)
    entries = []
    for line in answer.stdout.splitlines():
        found = re.search(r"(?:=> )?(/\S+) \(0x", line)
        if found:
            entries.append(Entry(found.group(1), source=Path(found.group(1)).resolve(), mode=0o755))
    return entries
