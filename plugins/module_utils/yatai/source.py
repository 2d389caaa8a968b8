# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where bentos and models come from: BentoML's store, a built directory, or an exported file."""

from __future__ import annotations

import gzip
import lzma
import os
import tarfile
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import Any

from .errors import SourceError
from .manifest import (
    bento_manifest,
    build_at,
    creation_time,
    labels_of,
    model_manifest,
    model_tags,
    read_yaml,
    tree_size,
)
from .tag import Tag, parse_tag
from .tarplan import TarPlan, plan_directory

_YAML = {"bento": "bento.yaml", "model": "model.yaml"}


@dataclass
class Item:
    """One bento or model on disk."""

    kind: str
    tag: Tag
    path: str
    info: dict[str, Any]
    manifest: dict[str, Any]
    labels: dict[str, str]
    models: list[Item] = field(default_factory=list)
    missing_models: list[Tag] = field(default_factory=list)
    _plan: TarPlan | None = None

    @property
    def build_at(self) -> str:
        return build_at(self.info)

    def plan(self) -> TarPlan:
        if self._plan is None:
            # A bento's models travel in archives of their own; the image builder puts them back.
            exclude = ("models",) if self.kind == "bento" else ()
            self._plan = plan_directory(self.path, int(creation_time(self.info).timestamp()), exclude)
        return self._plan


class Store:
    """A BENTOML_HOME: bentos/<name>/<version>/ and models/<name>/<version>/, a file `latest` beside the versions."""

    def __init__(self, home: str) -> None:
        self.home = os.path.abspath(os.path.expanduser(home))

    def folder(self, kind: str) -> str:
        return os.path.join(self.home, f"{kind}s")

    def path(self, kind: str, tag: Tag) -> str:
        return os.path.join(self.folder(kind), tag.name, tag.version)

    def versions(self, kind: str, name: str) -> list[str]:
        folder = os.path.join(self.folder(kind), name)
        if not os.path.isdir(folder):
            return []
        return sorted(v for v in os.listdir(folder) if os.path.isfile(os.path.join(folder, v, _YAML[kind])))

    def newest(self, kind: str, name: str) -> str:
        """By creation time, as BentoML decides it."""
        versions = self.versions(kind, name)
        times = {v: creation_time(read_yaml(os.path.join(self.folder(kind), name, v, _YAML[kind]))) for v in versions}
        return max(versions, key=lambda v: times[v]) if versions else ""

    def resolve(self, kind: str, text: str) -> Tag:
        tag = parse_tag(text)
        versions = self.versions(kind, tag.name)
        if not versions:
            raise SourceError(
                f"{kind} '{tag.name}' is not in the store {self.folder(kind)}: it has "
                f"{_some(self._names(kind)) or f'no {kind}s at all'}. Set bentoml_home if the store is elsewhere"
            )
        if not tag.version:
            latest = os.path.join(self.folder(kind), tag.name, "latest")
            version = ""
            if os.path.isfile(latest):
                with open(latest, encoding="utf-8") as file:
                    version = file.read().strip()
            return Tag(tag.name, version if version in versions else self.newest(kind, tag.name))
        if tag.version not in versions:
            raise SourceError(
                f"{kind} '{tag}' is not in the store {self.folder(kind)}; "
                f"versions of {tag.name} there: {_some(versions)}"
            )
        return tag

    def has(self, kind: str, tag: Tag) -> bool:
        return os.path.isfile(os.path.join(self.path(kind, tag), _YAML[kind]))

    def _names(self, kind: str) -> list[str]:
        folder = self.folder(kind)
        return sorted(n for n in os.listdir(folder) if self.versions(kind, n)) if os.path.isdir(folder) else []


def _some(names: list[str], limit: int = 8) -> str:
    more = f" and {len(names) - limit} more" if len(names) > limit else ""
    return ", ".join(names[:limit]) + more


def load_item(kind: str, path: str) -> Item:
    """A built bento or a saved model in a directory."""
    file = os.path.join(path, _YAML[kind])
    if not os.path.isfile(file):
        hint = ""
        if kind == "bento" and os.path.isfile(os.path.join(path, "bentofile.yaml")):
            hint = ": it is a project with a bentofile.yaml, run 'bentoml build' in it first"
        elif kind == "bento" and os.path.isfile(os.path.join(path, "model.yaml")):
            hint = ": it is a model, use bentobox.platform.model_push"
        raise SourceError(f"{path} holds no {_YAML[kind]}{hint or f', so it is not a built {kind}'}")
    info = read_yaml(file)
    tag = parse_tag(f"{info['name']}:{info['version']}")
    if kind == "model":
        return Item(kind, tag, path, info, model_manifest(info, tree_size(path)), labels_of(info))
    return Item(kind, tag, path, info, bento_manifest(info, tree_size(path, ("models",))), labels_of(info))


def load_bento(path: str, store: Store) -> Item:
    """A bento with its models, looked for inside it first and in the store then."""
    item = load_item("bento", path)
    inside = Store(path)
    for text in dict.fromkeys(model_tags(item.info)):
        tag = parse_tag(text)
        where = next((s for s in (inside, store) if s.has("model", tag)), None)
        if where is None:
            item.missing_models.append(tag)
            continue
        model = load_item("model", where.path("model", tag))
        if model.tag != tag:
            raise SourceError(f"{model.path} should hold model {tag} but its model.yaml says {model.tag}")
        item.models.append(model)
    # BentoML's size of a bento includes its models, wherever they lie.
    item.manifest["size_bytes"] += sum(model.manifest["size_bytes"] for model in item.models)
    return item


def unpack_export(path: str, target: str) -> str:
    """Unpack what `bentoml export` wrote (tar plain or packed, or zip) and return the directory with its content."""
    try:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                archive.extractall(target)  # noqa: S202  # zipfile itself keeps members inside
        elif tarfile.is_tarfile(path):
            with tarfile.open(path) as archive:
                safe_extract(archive, target)
        else:
            size = os.path.getsize(path)
            raise SourceError(f"{path} ({size} bytes) is neither a tar nor a zip file as 'bentoml export' writes them")
    except (tarfile.TarError, zipfile.BadZipFile, gzip.BadGzipFile, lzma.LZMAError, EOFError, zlib.error) as exc:
        raise SourceError(f"{path} is damaged: {exc}. Export it again") from exc
    except OSError as exc:
        raise SourceError(f"cannot unpack {path} to {target}: {exc.strerror or exc}") from exc
    return target


def safe_extract(archive: tarfile.TarFile, target: str) -> None:
    """Nothing of an archive may land outside the target, be a device, or belong to somebody else."""
    if not hasattr(tarfile, "data_filter"):
        raise SourceError("this Python's tarfile has no 'data' filter: use Python 3.11.4 or newer")
    for member in archive:
        archive.extract(member, target, filter="data")
        archive.members.clear()  # type: ignore[attr-defined]  # else memory grows with the number of files


def open_source(kind: str, tag: str | None, path: str | None, home: str, workdir: str) -> Item:
    """The item a module was asked to push."""
    store = Store(home)
    if tag:
        found = store.resolve(kind, tag)
        folder = store.path(kind, found)
    else:
        folder = os.path.abspath(os.path.expanduser(path or ""))
        if not os.path.exists(folder):
            raise SourceError(
                f"{folder} does not exist: give a built {kind}'s directory or an exported file, or use tag"
            )
        if os.path.isfile(folder):
            folder = unpack_export(folder, workdir)
    return load_bento(folder, store) if kind == "bento" else load_item(kind, folder)
