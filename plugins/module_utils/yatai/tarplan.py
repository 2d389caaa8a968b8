# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A tar file that exists only as a plan: its size is known before the first byte, and any range of it can be read.

That is what makes a push constant in memory, restartable at any part, and the digest stable: members are sorted,
owners are root, modes are 644 or 755, and every time stamp is the creation time of the bento.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
import tarfile
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import closing
from itertools import repeat
from typing import NamedTuple

from .errors import SourceError

CHUNK = 1 << 20
_BLOCK = tarfile.BLOCKSIZE
_RECORD = tarfile.RECORDSIZE
_EPOCH = 315532800  # 1980-01-01: zip files, and so wheels built from the archive, know no earlier date


class Entry(NamedTuple):
    name: str
    path: str  # "" for what has no content
    size: int
    mode: int
    kind: bytes
    link: str
    header: int  # bytes of header; more than one block when the name is long


class TarPlan:
    def __init__(self, entries: list[Entry], mtime: int) -> None:
        self.entries = entries
        self.mtime = max(mtime, _EPOCH)
        self._starts: list[int] = []
        offset = 0
        for entry in entries:
            self._starts.append(offset)
            offset += entry.header + _padded(entry.size)
        self._starts.append(offset)  # of what ends the tar
        # Two empty blocks end a tar, and the whole is filled up to a record, as tar(1) and tarfile do.
        self.size = -(-(offset + 2 * _BLOCK) // _RECORD) * _RECORD
        self.content_size = sum(entry.size for entry in entries)

    def header(self, entry: Entry) -> bytes:
        return _header(entry.name, entry.size, entry.mode, entry.kind, entry.link, self.mtime)

    def chunks(
        self, start: int = 0, end: int | None = None, buffers: Iterator[memoryview] | None = None
    ) -> Iterator[memoryview]:
        """The bytes [start, end) in full pieces of a buffer's size, however small the files are.

        A piece lies in the buffer that was next when it was asked for: without `buffers` there is only one, so that a
        piece is valid until the next. The pieces end early with the buffers.
        """
        end = self.size if end is None else min(end, self.size)
        buffers = buffers or repeat(memoryview(bytearray(CHUNK)))
        position = start
        with closing(_Cursor(self, start)) as cursor:
            while position < end and (buffer := next(buffers, None)) is not None:
                piece = buffer[: end - position]
                cursor.fill(piece)
                position += len(piece)
                yield piece

    def at(self, position: int) -> tuple[int, int]:
        """Number of the entry that a position is in, and how deep; behind the last entry comes the end."""
        index = bisect_right(self._starts, position) - 1
        return index, position - self._starts[index]

    def digest(self) -> str:
        sha = hashlib.sha256()
        for piece in self.chunks():
            sha.update(piece)
        return f"sha256:{sha.hexdigest()}"


def _padded(size: int) -> int:
    return -(-size // _BLOCK) * _BLOCK


def _header(name: str, size: int, mode: int, kind: bytes, link: str, mtime: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode, info.type, info.linkname, info.mtime = size, mode, kind, link, mtime
    info.uname = info.gname = "root"
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


class _Cursor:
    """A place in a planned tar, from which it is read on."""

    def __init__(self, plan: TarPlan, position: int) -> None:
        self._plan = plan
        self._index, self._inside = plan.at(position)
        self._file: io.FileIO | None = None

    def fill(self, view: memoryview) -> None:
        """The next len(view) bytes. Exactly the planned ones: a tar with a wrong member size would be garbage."""
        entries = self._plan.entries
        while view and self._index < len(entries):
            entry = entries[self._index]
            content = entry.header + entry.size
            whole = entry.header + _padded(entry.size)
            if self._inside < entry.header:
                piece = self._plan.header(entry)[self._inside :][: len(view)]
                view[: len(piece)] = piece
                count = len(piece)
            elif self._inside < content:
                count = self._read(entry, view[: content - self._inside])
            else:
                count = min(whole - self._inside, len(view))
                view[:count] = bytes(count)
            self._inside += count
            view = view[count:]
            if self._inside == whole:
                self.close()
                self._index, self._inside = self._index + 1, 0
        view[:] = bytes(len(view))

    def _read(self, entry: Entry, view: memoryview) -> int:
        try:
            if self._file is None:
                self._file = open(entry.path, "rb", buffering=0)  # noqa: SIM115  # stays open until its end
                if os.fstat(self._file.fileno()).st_size != entry.size:
                    raise SourceError(f"{entry.path} changed its size while it was being read: nothing may write to it")
                self._file.seek(self._inside - entry.header)
            count = self._file.readinto(view)
        except OSError as exc:
            raise SourceError(f"cannot read {entry.path}: {exc.strerror or exc}") from exc
        if not count:
            raise SourceError(f"{entry.path} became shorter while it was being read: nothing may write to it")
        return count

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def plan_directory(root: str, mtime: int, exclude: tuple[str, ...] = ()) -> TarPlan:
    """Plan the tar of a directory with members './...'; top-level names in `exclude` are left out."""
    entries: list[Entry] = []
    real_root = os.path.realpath(root)

    def add(name: str, path: str, size: int, mode: int, kind: bytes, link: str = "") -> None:
        length = len(_header(name, size, mode, kind, link, _EPOCH))
        entries.append(Entry(name, path, size, mode, kind, link, length))

    def walk(folder: str, prefix: str) -> None:
        try:
            with os.scandir(folder) as listing:
                children = sorted(listing, key=lambda child: child.name)
        except OSError as exc:
            raise SourceError(f"cannot list {folder}: {exc.strerror or exc}") from exc
        for child in children:
            if prefix == "./" and child.name in exclude:
                continue
            name = prefix + child.name
            info = child.stat(follow_symlinks=False)
            if stat.S_ISLNK(info.st_mode):
                add(name, "", 0, 0o777, tarfile.SYMTYPE, _safe_link(child.path, real_root))
            elif stat.S_ISDIR(info.st_mode):
                add(name, "", 0, 0o755, tarfile.DIRTYPE)
                walk(child.path, name + "/")
            elif stat.S_ISREG(info.st_mode):
                if not os.access(child.path, os.R_OK):
                    raise SourceError(f"cannot read {child.path}: permission denied")
                add(name, child.path, info.st_size, 0o755 if info.st_mode & 0o111 else 0o644, tarfile.REGTYPE)
            else:
                raise SourceError(f"{child.path} is neither a file, a directory nor a link: it cannot be pushed")

    add("./", "", 0, 0o755, tarfile.DIRTYPE)
    walk(root, "./")
    return TarPlan(entries, mtime)


def _safe_link(path: str, real_root: str) -> str:
    """A link is kept as it is, but only when it stays inside: elsewhere it would dangle."""
    target = os.readlink(path)
    resolved = os.path.realpath(path)
    if os.path.isabs(target) or os.path.commonpath([resolved, real_root]) != real_root:
        raise SourceError(
            f"{path} is a link to {target}, which leads out of the bento or model: put the file itself in its place"
        )
    return target
