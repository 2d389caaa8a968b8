# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pull: from Yatai into BentoML's store, a directory, or an exported file; nothing half-done is ever left in place."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .client import YataiClient
from .download import Pulled, PullOptions, check_content, download
from .errors import ContentDiffers, SourceError, YataiError
from .manifest import creation_time, differences, parse_yaml
from .push import DIGEST_LABEL, labels_dict
from .registry import Registry
from .source import Store, load_bento, load_item
from .tag import Tag, exact_tag
from .tarplan import plan_directory


def find_remote(client: YataiClient, kind: str, text: str) -> tuple[Tag, dict[str, Any]]:
    """The record in Yatai; 'name' and 'name:latest' mean the newest that is whole."""
    registry = Registry(client, kind)
    name, _colon, version = text.partition(":")
    if version and version != "latest":
        tag = exact_tag(text)
        remote = registry.get(*tag)
    else:
        # Yatai lists the newest first.
        path = f"{registry.repository(name)}/{kind}s"
        items = list(client.pages(path)) if registry.get_repository(name) else []
        remote = next((item for item in items if item.get("upload_status") == "success"), None)
        tag = Tag(name, (remote or {}).get("name", version))
    if not remote:
        raise YataiError(
            f"{kind} {text} is not in Yatai at {client.wire.public_url}: list what is there with {kind}_info"
        )
    if remote.get("upload_status") != "success":
        reason = remote.get("upload_finished_reason") or "no reason given"
        raise YataiError(
            f"{kind} {tag} is registered in Yatai, but its upload is '{remote.get('upload_status')}' ({reason}): "
            "push it again"
        )
    return tag, remote


def unchanged_in_store(store: Store, kind: str, tag: Tag, remote: dict[str, Any], force: bool) -> bool:
    """Whether the store has it already; other content under the tag is an error unless forced."""
    if not store.has(kind, tag) or force:
        return False
    path = store.path(kind, tag)
    local = load_bento(path, store) if kind == "bento" else load_item(kind, path)
    found = differences(local.manifest, remote.get("manifest"))
    if local.missing_models:
        found.pop("size_bytes", None)  # its models are counted in it and come next
    if found:
        raise ContentDiffers(
            f"{path} holds {kind} {tag} with other content than Yatai (different: {', '.join(found)}): remove it, "
            "or overwrite it with force: true"
        )
    return True


def into_store(client: YataiClient, store: Store, kind: str, tag: Tag, options: PullOptions) -> Pulled:
    """One bento or model into BentoML's layout, by a rename at the very end."""
    remote = Registry(client, kind).get(*tag) or {}
    final = store.path(kind, tag)
    if unchanged_in_store(store, kind, tag, remote, options.force):
        digest = labels_dict(remote.get("labels")).get(DIGEST_LABEL)
        return Pulled(str(tag), final, digest=f"sha256:{digest}" if digest else None)
    if options.check_mode:
        return Pulled(str(tag), final, changed=True)
    os.makedirs(os.path.dirname(final), exist_ok=True)
    # Not in bentos/ or models/, where BentoML takes every directory for one of its own.
    with _work_in(store.home) as work:
        unpacked = os.path.join(work, "item")
        done = download(client, kind, tag, unpacked, options)
        check_content(kind, tag, unpacked)
        _put(unpacked, final, work)
    _point_latest(store, kind, tag)
    done.location = final
    return done


def _point_latest(store: Store, kind: str, tag: Tag) -> None:
    """As BentoML does: the file names the version that was created last."""
    file = os.path.join(store.folder(kind), tag.name, "latest")
    newest = store.newest(kind, tag.name)
    with open(file, "w", encoding="utf-8") as latest:
        latest.write(newest)


def pull_models(client: YataiClient, store: Store, manifest: dict[str, Any], options: PullOptions) -> list[Pulled]:
    return [into_store(client, store, "model", exact_tag(text), options) for text in manifest.get("models") or []]


def already_in(kind: str, tag: Tag, target: str, file: bool) -> bool:
    """Whether an earlier pull left this tag there. Ours appear whole or not at all."""
    if not os.path.exists(target):
        return False
    try:
        info = _peek(kind, target) if file else _read(kind, target)
    except (SourceError, OSError, tarfile.TarError, EOFError):
        info = None
    if info is None and (file or os.listdir(target)):
        raise ContentDiffers(
            f"{target} exists and does not hold {kind} {tag}: remove it, or overwrite it with force: true"
        )
    same = info is not None and f"{info['name']}:{info['version']}".lower() == str(tag)
    if info is not None and not same:
        raise ContentDiffers(
            f"{target} holds {info['name']}:{info['version']}, not {tag}: remove it, or overwrite it with force: true"
        )
    return same


def _read(kind: str, folder: str) -> dict[str, Any] | None:
    return load_item(kind, folder).info if os.listdir(folder) else None


def _peek(kind: str, path: str) -> dict[str, Any] | None:
    with tarfile.open(path) as archive:
        for member in archive:
            if member.name.removeprefix("./") == f"{kind}.yaml":
                content = archive.extractfile(member)
                return parse_yaml(content.read() if content else b"", f"{kind}.yaml in {path}")
    return None


@contextmanager
def _work_in(folder: str) -> Iterator[str]:
    """A directory on the disk of the target, for the rename at the end; whatever is still in it then is removed."""
    work = tempfile.mkdtemp(prefix=".pull-", dir=folder)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _put(content: str, target: str, work: str) -> None:
    if os.path.exists(target):
        os.rename(target, os.path.join(work, "old"))
    os.rename(content, target)


def _settled(kind: str, tag: Tag, target: str, options: PullOptions, file: bool) -> Pulled | None:
    """The outcome where nothing is to be fetched: an earlier pull is there, or this one only predicts."""
    parent = os.path.dirname(target)
    if not os.path.isdir(parent):
        raise SourceError(f"{parent} does not exist: make it first")
    if not options.force and already_in(kind, tag, target, file):
        return Pulled(str(tag), target)
    return Pulled(str(tag), target, changed=True) if options.check_mode else None


def _fetch(client: YataiClient, kind: str, tag: Tag, content: str, options: PullOptions, models: bool) -> Pulled:
    """The item in a directory, with models/ inside, as `bentoml export` lays it out."""
    done = download(client, kind, tag, content, options)
    check_content(kind, tag, content)
    if models:
        options.models = pull_models(client, Store(content), _manifest(client, kind, tag), options)
    return done


def _manifest(client: YataiClient, kind: str, tag: Tag) -> dict[str, Any]:
    return (Registry(client, kind).get(*tag) or {}).get("manifest") or {}


def into_directory(client: YataiClient, kind: str, tag: Tag, target: str, options: PullOptions, models: bool) -> Pulled:
    """A directory, put in place by one rename; models that an earlier pull left out are put into it one by one."""
    settled = _settled(kind, tag, target, options, file=False)
    if settled:
        if models:
            options.models = pull_models(client, Store(target), _manifest(client, kind, tag), options)
        return settled
    with _work_in(os.path.dirname(target)) as work:
        content = os.path.join(work, "item")
        done = _fetch(client, kind, tag, content, options, models)
        _put(content, target, work)
    for one in (done, *options.models):
        one.location = one.location.replace(content, target, 1)
    return done


def _lacks(file: str, models: list[Tag]) -> bool:
    """Whether an earlier pull left models out of the file."""
    missing = {f"models/{model.name}/{model.version}/model.yaml" for model in models}
    with tarfile.open(file) as archive:
        while missing and (member := archive.next()):
            missing.discard(member.name.removeprefix("./"))
    return bool(missing)


_PACKING: dict[str, Any] = {".gz": gzip.open, ".tgz": gzip.open, ".xz": lzma.open, ".bz2": bz2.open}


def into_file(client: YataiClient, kind: str, tag: Tag, target: str, options: PullOptions, models: bool) -> Pulled:
    """A file that `bentoml import` reads; packed as its ending says, plain otherwise."""
    settled = _settled(kind, tag, target, options, file=True)
    wanted = [exact_tag(text) for text in _manifest(client, kind, tag).get("models") or []] if models else []
    if settled and not settled.changed and _lacks(target, wanted):
        settled = Pulled(str(tag), target, changed=True) if options.check_mode else None
    if settled:
        options.models = [Pulled(str(model), target, changed=settled.changed) for model in wanted]
        return settled
    try:
        with _work_in(os.path.dirname(target)) as work:
            content, packed = os.path.join(work, "item"), os.path.join(work, "file")
            done = _fetch(client, kind, tag, content, options, models)
            plan = plan_directory(content, int(creation_time(check_content(kind, tag, content)).timestamp()))
            with _PACKING.get(os.path.splitext(target)[1].lower(), open)(packed, "wb") as file:
                for piece in plan.chunks():
                    file.write(piece)
            os.replace(packed, target)
    except OSError as exc:
        raise YataiError(f"cannot write {target}: {exc.strerror or exc}") from exc
    for one in (done, *options.models):
        one.location = target
    return done


def result_of(done: Pulled, models: list[Pulled], seconds: float) -> dict[str, Any]:
    """The module's answer: always the same keys."""
    everything = [done, *models]
    touched = [one.tag for one in everything if one.changed]
    return done.result() | {
        "changed": bool(touched),
        "bytes_received": sum(one.bytes_received for one in everything),
        "seconds": round(seconds, 3),
        "models": [model.result() for model in models],
        "diff": {
            "before": {"present": sorted(one.tag for one in everything if not one.changed)},
            "after": {"present": sorted(one.tag for one in everything)},
        },
    }


def pull_bento(client: YataiClient, text: str, form: str, place: str, options: PullOptions, models: bool) -> Pulled:
    """What bento_pull does: `place` is BENTOML_HOME, a directory or a file, as `form` says."""
    tag, remote = find_remote(client, "bento", text)
    place = os.path.abspath(os.path.expanduser(place))
    if form == "directory":
        return into_directory(client, "bento", tag, place, options, models)
    if form == "file":
        return into_file(client, "bento", tag, place, options, models)
    store = Store(place)
    if not options.check_mode:
        os.makedirs(store.home, exist_ok=True)
    # Models first: a bento in the store without its models could not be served.
    if models:
        options.models = pull_models(client, store, remote.get("manifest") or {}, options)
    return into_store(client, store, "bento", tag, options)
