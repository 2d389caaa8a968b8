"""The content-addressed cache below $XDG_CACHE_HOME: a thing is made once, and appears whole or not at all."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

KEEP_UNUSED_SECONDS = 14 * 24 * 3600


def cache_root() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "bentobox.platform"


def digest(*parts: object) -> str:
    """One hash over JSON-like values; a change of any part, or of their order, is another hash."""
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def file_digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def tree_digest(directory: Path, pattern: str = "*") -> str:
    """Hash of names and contents of the files of one folder (not recursive: the lab's sources are flat)."""
    files = sorted(path for path in directory.glob(pattern) if path.is_file())
    return digest([(path.name, file_digest(path)) for path in files])


def remove_tree(path: Path) -> None:
    """rmtree that copes with the read-only folders of a Go module cache."""

    def retry(function: Callable[..., Any], name: str, _error: object) -> None:
        for target in (os.path.dirname(name), name):
            with contextlib.suppress(OSError):
                os.chmod(target, stat.S_IRWXU)
        with contextlib.suppress(FileNotFoundError):
            function(name)

    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, onerror=retry)
    else:
        path.unlink(missing_ok=True)


def tree_size(path: Path) -> int:
    """Bytes on disk of a tree, hard links counted once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for folder, _names, files in os.walk(path):
        for name in files:
            with contextlib.suppress(OSError):
                info = os.lstat(os.path.join(folder, name))
                if (info.st_dev, info.st_ino) not in seen:
                    seen.add((info.st_dev, info.st_ino))
                    total += info.st_blocks * 512
    return total


class Cache:
    """Folders `artifacts/<kind>/<name>-<key>`: made in a temporary place and renamed when complete."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or cache_root()
        self.artifacts = self.root / "artifacts"

    def path(self, kind: str, name: str, key: str) -> Path:
        return self.artifacts / kind / f"{name}-{key[:16]}"

    def get(self, kind: str, name: str, key: str) -> Path | None:
        path = self.path(kind, name, key)
        if not path.is_dir():
            return None
        os.utime(path)  # remembered as used, see prune()
        return path

    def get_or_make(self, kind: str, name: str, key: str, make: Callable[[Path], None]) -> Path:
        found = self.get(kind, name, key)
        if found:
            return found
        with self.lock(f"{kind}-{name}"):
            found = self.get(kind, name, key)  # another process may have made it while this one waited
            if found:
                return found
            final = self.path(kind, name, key)
            work = self.artifacts / ".tmp" / f"{kind}-{name}-{key[:16]}"
            remove_tree(work)  # left by a killed run; the lock is ours, so nobody writes there
            work.mkdir(parents=True)
            try:
                make(work)
                final.parent.mkdir(parents=True, exist_ok=True)
                work.rename(final)
            finally:
                remove_tree(work)
            return final

    @contextlib.contextmanager
    def lock(self, name: str, *, shared: bool = False, wait: bool = True) -> Iterator[bool]:
        """Hold a lock between processes; without `wait` the value says whether it is held."""
        locks = self.artifacts / ".locks"
        locks.mkdir(parents=True, exist_ok=True)
        with (locks / name).open("w") as stream:
            try:
                fcntl.flock(stream, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
            else:
                yield True

    def prune(self, keep: set[Path]) -> list[Path]:
        """Drop what this checkout does not use and no other has used for two weeks."""
        dropped: list[Path] = []
        limit = time.time() - KEEP_UNUSED_SECONDS
        for path in sorted(self.artifacts.glob("[!.]*/*")):
            if path not in keep and path.stat().st_mtime < limit:
                remove_tree(path)
                dropped.append(path)
        return dropped
