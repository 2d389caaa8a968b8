# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of a component: an ApplySet as KEP-3659 defines it, with a Secret as its parent."""

from __future__ import annotations

import base64
import hashlib

from .client import Client
from .errors import ConfigError, Forbidden, NotFound
from .objects import Key, Obj, key_of
from .pool import in_parallel

PART_OF = "applyset.kubernetes.io/part-of"
ID = "applyset.kubernetes.io/id"
TOOLING = "applyset.kubernetes.io/tooling"
GROUP_KINDS = "applyset.kubernetes.io/contains-group-kinds"
NAMESPACES = "applyset.kubernetes.io/additional-namespaces"
TOOL = "bentobox.platform/v0.1.0"
COMPONENT = "bentobox.platform/component"  # label of parents: how component_info finds them
VERSION = "bentobox.platform/version"
RELEASE = "bentobox.platform/release"
DIGEST = "bentobox.platform/digest"  # of what was asked
RUN = "bentobox.platform/run"  # "unfinished" from the first change of a run until all of it is applied
MANAGED_BY = {"app.kubernetes.io/managed-by": "bentobox.platform"}


def applyset_id(name: str, namespace: str, kind: str = "Secret", group: str = "") -> str:
    """applyset-<base64url(sha256(name.namespace.kind.group))>-v1"""
    digest = hashlib.sha256(f"{name}.{namespace}.{kind}.{group}".encode()).digest()
    return f"applyset-{base64.urlsafe_b64encode(digest).decode().rstrip('=')}-v1"


def member(obj: Obj, identifier: str) -> Obj:
    """The object with the label that makes it ours."""
    metadata = dict(obj.get("metadata") or {})
    metadata["labels"] = {**(metadata.get("labels") or {}), PART_OF: identifier}
    return {**obj, "metadata": metadata}


def parent(
    name: str,
    namespace: str,
    group_kinds: set[str],
    namespaces: set[str],
    version: str | None,
    release: str | None,
    *,
    digest: str = "",
    run: str = "",
) -> Obj:
    """The record of a component."""
    annotations = {TOOLING: TOOL, GROUP_KINDS: ",".join(sorted(group_kinds))}
    others = sorted(namespaces - {namespace, ""})
    if others:
        annotations[NAMESPACES] = ",".join(others)
    optional = {VERSION: version, RELEASE: release, DIGEST: digest, RUN: run}
    annotations.update({key: value for key, value in optional.items() if value})
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {ID: applyset_id(name, namespace), COMPONENT: name, **MANAGED_BY},
            "annotations": annotations,
        },
        "type": "bentobox.platform/component",
    }


def check_parent(live: Obj | None, name: str, namespace: str, *, take_ownership: bool = False) -> None:
    """Refuse to make somebody else's Secret, or another tool's ApplySet, our own."""
    if live is None:
        return
    metadata = live["metadata"]
    if (metadata.get("labels") or {}).get(ID) != applyset_id(name, namespace):
        raise ConfigError(
            f"Secret {namespace}/{name} exists and is not the record of a component; give the component another name"
        )
    tooling = (metadata.get("annotations") or {}).get(TOOLING, TOOL)
    if not is_ours(tooling) and not take_ownership:
        raise ConfigError(
            f"ApplySet {namespace}/{name} is managed by {tooling}; to take it over, set 'take_ownership: true' "
            f"(or, as that tool would have it, its annotation {TOOLING} to {TOOL})"
        )


def is_ours(tooling: str) -> bool:
    """Whatever the version."""
    return tooling.partition("/")[0] == TOOL.partition("/")[0]


def recorded(live: Obj | None) -> tuple[set[str], set[str]]:
    """(group-kinds, namespaces) a parent says its members have."""
    annotations = ((live or {}).get("metadata") or {}).get("annotations") or {}
    kinds = {part for part in annotations.get(GROUP_KINDS, "").split(",") if part}
    namespaces = {part for part in annotations.get(NAMESPACES, "").split(",") if part}
    return kinds, namespaces


def spaces_of_others(client: Client, namespace: str, name: str) -> set[str]:
    """The namespaces in which components besides this one have their record or objects."""
    ours = Key("", "Secret", namespace, name)
    records = client.list("v1", "Secret", label_selector=COMPONENT)
    others = [record for record in records if key_of(record) != ours]
    return {space for record in others for space in (key_of(record).namespace, *recorded(record)[1])}


def split_group_kind(text: str) -> tuple[str, str]:
    """Deployment.apps -> (apps, Deployment)"""
    parts = text.partition(".")
    return parts[2], parts[0]


def members(client: Client, identifier: str, versions: dict[tuple[str, str], str]) -> dict[Key, Obj]:
    """Live members of these kinds: one LIST per kind. versions: (group, kind) -> apiVersion to read them in."""

    def read(entry: tuple[tuple[str, str], str]) -> list[Obj]:
        (_group, kind), api_version = entry
        return list_members(client, api_version, kind, f"{PART_OF}={identifier}")

    found: dict[Key, Obj] = {}
    for listed in in_parallel(read, sorted(versions.items())):
        for obj in listed:
            found[key_of(obj)] = obj
    return found


def list_members(client: Client, api_version: str, kind: str, selector: str) -> list[Obj]:
    """All over the cluster; no such kind means no such objects."""
    try:
        return client.list(api_version, kind, label_selector=selector)
    except NotFound:
        return []


def owner(client: Client, identifier: str) -> str:
    """Whose ApplySet that is, for a person to read; nothing when its parent is not where parents usually are."""
    for kind in ("Secret", "ConfigMap"):
        try:
            parents = client.list("v1", kind, label_selector=f"{ID}={identifier}")
        except Forbidden:
            continue
        for found in parents:
            key, labels = key_of(found), found["metadata"].get("labels") or {}
            tooling = (found["metadata"].get("annotations") or {}).get(TOOLING, "an unknown tool")
            what = "component" if COMPONENT in labels else f"{kind} of {tooling}:"
            return f"{what} {key.namespace}/{key.name}"
    return ""
