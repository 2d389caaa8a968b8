# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is installed, from the records components leave in the cluster, and how it differs from what was applied."""

from __future__ import annotations

from typing import Any

from . import applyset
from .client import FIELD_MANAGER, Client
from .drift import lost
from .errors import NotFound
from .ledger import Ledger, decode
from .objects import Key, Obj, key_of
from .pool import in_parallel
from .wait import readiness
from .waiting import awaited

_ASKED_FOR = 100  # objects that the LISTs do not show and that are asked for one by one


def installed(client: Client, name: str | None, namespace: str | None) -> list[dict[str, Any]]:
    """One LIST for the records, then one for each kind, whatever the number of components."""
    selector = f"{applyset.COMPONENT}={name}" if name else applyset.COMPONENT
    try:
        parents = client.list("v1", "Secret", namespace, label_selector=selector)
    except NotFound:
        return []
    parents.sort(key=lambda obj: (obj["metadata"]["namespace"], obj["metadata"]["name"]))
    found = _members(client, parents)
    return [_component(client, parent, found[parent["metadata"]["labels"][applyset.ID]]) for parent in parents]


def _members(client: Client, parents: list[Obj]) -> dict[str, dict[Key, Obj]]:
    """By component: its live objects."""
    found: dict[str, dict[Key, Obj]] = {parent["metadata"]["labels"][applyset.ID]: {} for parent in parents}
    kinds = {applyset.split_group_kind(text) for parent in parents for text in applyset.recorded(parent)[0]}
    only = f"={next(iter(found))}" if len(found) == 1 else ""

    def read(entry: tuple[str, str]) -> list[Obj]:
        version = client.discovery.preferred(*entry)
        return applyset.list_members(client, version, entry[1], applyset.PART_OF + only) if version else []

    if kinds:
        client.discovery.preferred(*next(iter(kinds)))  # reads all there is, once, before the threads do
    for listed in in_parallel(read, sorted(kinds)):
        for obj in listed:
            component = found.get(obj["metadata"]["labels"][applyset.PART_OF])
            if component is not None:
                component[key_of(obj)] = obj
    return found


def _component(client: Client, parent: Obj, members: dict[Key, Obj]) -> dict[str, Any]:
    metadata = parent["metadata"]
    annotations = metadata.get("annotations") or {}
    waiting = []
    for key, obj in sorted(members.items()):
        ready, why = readiness(obj)
        if awaited(obj) and not ready:
            waiting.append(f"{key}: {why}")
    for text in sorted(applyset.recorded(parent)[0]):
        if client.discovery.silent(*applyset.split_group_kind(text)):
            waiting.append(f"{text}: its API server does not answer")
    complete = annotations.get(applyset.RUN) is None
    ledger = decode(parent)
    drifted, missing = _compare(client, ledger or Ledger(), members)
    return {
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "version": annotations.get(applyset.VERSION, ""),
        "release": annotations.get(applyset.RELEASE, ""),
        "digest": annotations.get(applyset.DIGEST, ""),
        "managed_by": annotations.get(applyset.TOOLING, ""),
        "complete": complete,
        "objects": [str(key) for key in sorted(members)],
        "objects_count": len(members),
        "ready": not waiting,
        "not_ready": waiting,
        "drift_known": complete and ledger is not None and ledger.complete,
        "drifted": drifted,
        "missing": missing,
    }


def _compare(client: Client, ledger: Ledger, members: dict[Key, Obj]) -> tuple[list[dict[str, Any]], list[str]]:
    """Objects without their label, or that never had it (Secrets made once), are no members and yet there."""
    unseen = sorted((set(ledger.objects) | ledger.generated) - set(members))
    there = dict(zip(unseen, in_parallel(lambda key: _get(client, key), unseen[:_ASKED_FOR]), strict=False))
    drifted = []
    for key, applied in sorted(ledger.objects.items()):
        live = members.get(key) or there.get(key)
        if live is not None and applied and (fields := lost(applied, live, FIELD_MANAGER)):
            drifted.append({"object": str(key), "fields": fields})
    unknown = [key for key in unseen if not there.get(key)]
    return drifted, [str(key) for key in unknown if not client.discovery.silent(key.group, key.kind)]


def _get(client: Client, key: Key) -> Obj | None:
    version = client.discovery.preferred(key.group, key.kind)
    return client.get_or_none(version, key.kind, key.name, key.namespace or None) if version else None
