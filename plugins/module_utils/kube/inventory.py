# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is installed, from the records components leave in the cluster."""

from __future__ import annotations

from typing import Any

from . import applyset
from .client import Client
from .errors import NotFound
from .objects import Obj, key_of
from .wait import readiness
from .waiting import awaited


def installed(client: Client, name: str | None, namespace: str | None) -> list[dict[str, Any]]:
    selector = f"{applyset.COMPONENT}={name}" if name else applyset.COMPONENT
    try:
        parents = client.list("v1", "Secret", namespace, label_selector=selector)
    except NotFound:
        return []
    parents.sort(key=lambda obj: (obj["metadata"]["namespace"], obj["metadata"]["name"]))
    return [_component(client, parent) for parent in parents]


def _component(client: Client, parent: Obj) -> dict[str, Any]:
    metadata = parent["metadata"]
    annotations = metadata.get("annotations") or {}
    versions = {}
    for text in applyset.recorded(parent)[0]:
        group, kind = applyset.split_group_kind(text)
        api_version = client.discovery.preferred(group, kind)
        if api_version:
            versions[(group, kind)] = api_version
    members = applyset.members(client, metadata["labels"][applyset.ID], versions)
    waiting = []
    for key, obj in sorted(members.items()):
        ready, why = readiness(obj)
        if awaited(obj) and not ready:
            waiting.append(f"{key}: {why}")
    return {
        "name": metadata["name"],
        "namespace": metadata["namespace"],
        "version": annotations.get(applyset.VERSION, ""),
        "release": annotations.get(applyset.RELEASE, ""),
        "objects": [str(key_of(obj)) for _key, obj in sorted(members.items())],
        "objects_count": len(members),
        "ready": not waiting,
        "not_ready": waiting,
    }
