# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps rendered objects between runs, by the content of all that went into them.

It is a convenience and never a reason to fail: whatever is odd about it means that the work is done again. The folder
is the user's alone; what holds a secret is not kept at all, since a disk is backed up, shared and forgotten.
BENTOBOX_RENDER_CACHE=off turns it off.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .objects import Obj
from .redact import sounds_secret

_FORMAT = 1  # raised when entries of an older release must not be read
_MOST_ENTRIES = 200
_MOST_BYTES = 64 << 20
_LARGEST = 16 << 20


def key_of_inputs(**inputs: Any) -> str:
    """One name for one set of inputs."""
    text = json.dumps({"format": _FORMAT, **inputs}, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def load(key: str | None) -> list[Obj] | None:
    """What was saved under this key; None when there is nothing, or nothing that can be trusted."""
    folder = _folder() if key else None
    if folder is None:
        return None
    try:
        descriptor = os.open(folder / str(key), os.O_RDONLY | os.O_NOFOLLOW)
        with os.fdopen(descriptor, "rb") as file:
            if not _private(os.fstat(descriptor), stat.S_ISREG):
                return None
            digest, _newline, payload = file.read(_LARGEST + 100).partition(b"\n")
            if hashlib.sha256(payload).hexdigest().encode() != digest:
                return None
            os.utime(descriptor)  # the oldest are the first to go
        return json.loads(payload)
    except (OSError, ValueError):
        return None


def save(key: str | None, objects: list[Obj], secrets: set[str]) -> bool:
    """False when it was not kept. secrets: values that must not get onto the disk, in whatever form."""
    if key is None or holds_secret(objects, secrets):
        return False
    try:
        payload = json.dumps(objects).encode()
    except (TypeError, ValueError):  # YAML can say more than JSON
        return False
    folder = _folder(make=True) if len(payload) < _LARGEST else None
    if folder is None:
        return False
    try:
        descriptor, name = tempfile.mkstemp(dir=folder, prefix=".")  # 0600
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(hashlib.sha256(payload).hexdigest().encode() + b"\n" + payload)
            os.replace(name, folder / key)
        except OSError:
            os.unlink(name)
            raise
        _trim(folder)
    except OSError:
        return False
    return True


def holds_secret(objects: list[Obj], secrets: set[str]) -> bool:
    """A Secret with content, a variable that sounds like one, or a value that came in under a name that does."""
    if any(obj.get("kind") == "Secret" and (obj.get("data") or obj.get("stringData")) for obj in objects):
        return True
    if not all(_harmless_variables(obj) for obj in objects):
        return True
    if not secrets:
        return False
    text = "\n".join(piece for obj in objects for piece in _strings(obj))
    forms = {form for value in secrets for form in (value.strip(), base64.b64encode(value.encode()).decode())}
    return any(form in text for form in forms if form)


def _harmless_variables(value: Any) -> bool:
    if isinstance(value, list):
        return all(_harmless_variables(entry) for entry in value)
    if not isinstance(value, dict):
        return True
    name, given = value.get("name"), value.get("value")
    if isinstance(name, str) and isinstance(given, str) and given and sounds_secret(name):
        return False
    return all(_harmless_variables(entry) for entry in value.values())


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for entry in value.values():
            yield from _strings(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from _strings(entry)


def _folder(make: bool = False) -> Path | None:
    """Ours alone, or none."""
    if os.environ.get("BENTOBOX_RENDER_CACHE", "").lower() in ("off", "no", "false", "0"):
        return None
    try:
        home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        if not os.path.isabs(home):  # as the specification of these folders says
            return None
        folder = Path(home) / "bentobox.platform" / "rendered"
        if make:
            folder.parent.mkdir(parents=True, exist_ok=True)
            folder.mkdir(mode=0o700, exist_ok=True)
        return folder if _private(os.lstat(folder), stat.S_ISDIR) else None
    except (OSError, RuntimeError):  # no such folder; no home
        return None


def _private(status: os.stat_result, kind: Any) -> bool:
    return bool(kind(status.st_mode)) and status.st_uid == os.geteuid() and not stat.S_IMODE(status.st_mode) & 0o077


def _trim(folder: Path) -> None:
    """Also takes away what a killed run left half-written: it ages like everything else."""
    entries = sorted(
        ((entry.stat(follow_symlinks=False), entry.path) for entry in os.scandir(folder)),
        key=lambda found: found[0].st_mtime_ns,
        reverse=True,
    )
    total = 0
    for number, (status, path) in enumerate(entries):
        total += status.st_size
        if number >= _MOST_ENTRIES or total > _MOST_BYTES:
            os.unlink(path)
