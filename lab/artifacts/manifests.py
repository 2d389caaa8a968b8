"""Manifests as projects publish them with a release, put together from the files in their Go modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lab import stacks

from .progress import BuildError

FILES = Path(__file__).resolve().parent.parent / "go" / "files.yaml"


@dataclass(frozen=True)
class Manifest:
    """One entry of lab/go/files.yaml; `sources` are module/path in what is extracted, patterns allowed."""

    name: str
    version: str
    sources: tuple[str, ...]
    replace: Mapping[str, str] = field(default_factory=dict)
    stacks: tuple[str, ...] = ()

    @property
    def file(self) -> str:
        return f"{self.name}-{self.version}.yaml"

    @property
    def modules(self) -> set[str]:
        return {source.partition("/")[0] for source in self.sources}


def described(stack: str = stacks.ALL) -> list[Manifest]:
    entries: list[dict[str, Any]] = yaml.safe_load(FILES.read_text())
    tuples = ("sources", "stacks")
    found = [Manifest(**{**entry, **{key: tuple(entry.get(key, ())) for key in tuples}}) for entry in entries]
    return [manifest for manifest in found if stacks.needed(manifest.stacks, stack)]


def compose(manifest: Manifest, shipped: Mapping[str, Path]) -> str:
    """The documents of all sources in their order, each pattern's files by name, and what the release replaces."""
    texts = []
    for source in manifest.sources:
        module, _, pattern = source.partition("/")
        paths = sorted((shipped[module] / "files").glob(pattern))
        if not paths:
            raise BuildError(f"lab/go/files.yaml: {manifest.name} names {source}, which is not there")
        texts += [path.read_text().strip("\n").removeprefix("---\n") for path in paths]
    content = "\n---\n".join(texts) + "\n"
    for old, new in manifest.replace.items():
        if old not in content:
            raise BuildError(f"lab/go/files.yaml: {manifest.name} has no {old!r} to replace")
        content = content.replace(old, new)
    return content
