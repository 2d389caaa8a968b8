# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the output of `helm template` depends on, so that the same inputs need no Helm."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import tarfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import cache
from .fetch import is_url

_ACTION = re.compile(rb"\{\{.*?\}\}", re.DOTALL)
# Functions whose answer is another one tomorrow. What is random shows when a chart is rendered twice.
_TIME = re.compile(rb"\b(now|ago|getHostByName)\b")
_APIS = re.compile(rb"\bAPIVersions\b")
_HAS_API = re.compile(rb"\bAPIVersions\.Has\s+[\"`]([^\"`]+)[\"`]")


@dataclass(frozen=True)
class Traits:
    """What a chart asks for besides its values.

    A first run brings kinds that the second one finds: a chart that does not ask for them renders to the same.
    """

    tells_time: bool
    asks: list[str] | None  # API versions it looks for; None when that cannot be told

    @classmethod
    def of(cls, contents: Iterable[bytes]) -> Traits:
        time, unclear = False, False
        asks: set[str] = set()
        for content in contents:
            for action in _ACTION.finditer(content):
                time = time or bool(_TIME.search(action[0]))
                known = _HAS_API.findall(action[0])
                asks.update(name.decode(errors="replace") for name in known)
                unclear = unclear or len(known) != len(_APIS.findall(action[0]))
        return cls(time, None if unclear else sorted(asks))

    def seen(self, api_versions: list[str]) -> list[str]:
        """Those that can make a difference."""
        return api_versions if self.asks is None else [name for name in api_versions if name in self.asks]


def traits_of(content: str | None, path: Path | None) -> Traits | None:
    """Kept by the chart's digest, so that a chart which is known is not read; path: where it is, if it is here."""
    if content is None:
        return None
    key = cache.key_of_inputs(traits=plain(content))
    kept = cache.load(key)
    if kept:
        return Traits(kept[0]["tells_time"], kept[0]["asks"])
    if path is None:
        return None
    try:
        found = Traits.of(_contents(path))
    except (OSError, tarfile.TarError, EOFError):
        return None
    cache.save(key, [{"tells_time": found.tells_time, "asks": found.asks}], set())
    return found


def plain(digest: str) -> str:
    return digest.removeprefix("sha256:").lower()


@dataclass(frozen=True)
class Inputs:
    """Everything besides the chart's own content."""

    chart: dict[str, Any]
    program: str
    namespace: str
    kube_version: str
    api_versions: list[str]

    def key(self, content: str | None, traits: Traits | None) -> str | None:
        """None when it cannot be known whether the inputs are the same. content: digest of the chart."""
        helm = _program(self.program)
        values = json.dumps(self.chart.get("values") or {}, sort_keys=True, default=str)
        given = Traits.of([values.encode()])
        if content is None or traits is None or helm is None or traits.tells_time or given.tells_time:
            return None
        options = ("name", "release_name", "namespace", "version", "include_crds", "skip_schema_validation")
        return cache.key_of_inputs(
            content=plain(content),
            chart={name: self.chart.get(name) for name in options},
            values=values,
            helm=helm,
            environment={name: value for name, value in sorted(os.environ.items()) if name.startswith("HELM_")},
            namespace=self.namespace,
            kube_version=self.kube_version,
            api_versions=[traits.seen(self.api_versions), given.seen(self.api_versions)],
        )


def _program(path: str) -> list[Any] | None:
    """Which Helm this is, without starting it. A script may start another one tomorrow: nobody knows."""
    try:
        real = os.path.realpath(path)
        status = os.stat(real)
        with open(real, "rb") as file:
            if file.read(2) == b"#!":
                return None
    except OSError:
        return None
    return [real, status.st_size, status.st_mtime_ns]


def remote_digest(chart: dict[str, Any]) -> str | None:
    """The digest of a chart that would have to be fetched to be looked at."""
    reference = str(chart["ref"])
    return chart.get("digest") or None if reference.startswith("oci://") or is_url(reference) else None


def digest_of(path: Path) -> str | None:
    """Of a packed chart's bytes, or of all files of a folder. None where a link may lead anywhere."""
    try:
        if path.is_file():
            return hashlib.sha256(path.read_bytes()).hexdigest()
        digest = hashlib.sha256()
        for file in sorted(path.rglob("*")):
            if file.is_symlink():
                return None
            if file.is_file():
                content = hashlib.sha256(file.read_bytes()).hexdigest()
                digest.update(f"{file.relative_to(path).as_posix()}\0{content}\n".encode())
        return digest.hexdigest()
    except OSError:
        return None


def _contents(path: Path) -> Iterator[bytes]:
    if path.is_file():
        yield from _packed(path.read_bytes())
        return
    for file in path.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            yield from _packed(content) if file.suffix == ".tgz" else (content,)


def _packed(data: bytes) -> Iterator[bytes]:
    """Also of charts inside of charts."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for entry in archive:
            file = archive.extractfile(entry) if entry.isfile() else None
            if file is None:
                continue
            content = file.read()
            yield from _packed(content) if entry.name.endswith(".tgz") else (content,)
