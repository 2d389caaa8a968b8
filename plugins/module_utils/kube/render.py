# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a component's parameters to the objects it is made of, in the order they are applied."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .errors import RenderError
from .objects import Key, Obj, clean, key_of, wave_of

PRE, MAIN, POST = range(3)
HOOK = "helm.sh/hook"
_INSTALL = {"pre-install": PRE, "pre-upgrade": PRE, "post-install": POST, "post-upgrade": POST}
_UNINSTALL = {"pre-delete", "post-delete", "pre-rollback", "post-rollback"}
_TEST = {"test", "test-success", "test-failure"}
_HOOK_ANNOTATIONS = {f"helm.sh/hook{end}" for end in ("", "-weight", "-delete-policy", "-output-log-policy")}


@dataclass
class Item:
    """One object to be, and when it is applied: phase (hooks), hook weight, wave."""

    obj: Obj
    phase: int = MAIN
    weight: int = 0

    @cached_property
    def key(self) -> Key:
        """Its identity, which nothing changes once desired.located() has given it its namespace."""
        return key_of(self.obj)

    @property
    def order(self) -> tuple[int, int, int]:
        return self.phase, self.weight, wave_of(self.obj)


@dataclass
class Rendered:
    items: list[Item] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def flatten(documents: list[Any], what: str) -> list[Obj]:
    """Single objects out of documents: empty ones are left out, Lists are opened."""
    objects: list[Obj] = []
    for number, document in enumerate(documents, 1):
        if not document:
            continue
        if not isinstance(document, dict) or not document.get("kind") or not document.get("apiVersion"):
            raise RenderError(f"{what}: document {number} is not a Kubernetes object (no apiVersion or kind)")
        if document["kind"].endswith("List") and isinstance(document.get("items"), list):
            objects += flatten(document["items"], f"{what}: document {number}")
        else:
            objects.append(document)
    return objects


def normalise(obj: Obj) -> Obj:
    """What can be applied: no nulls, no status, nothing that only the server may say."""
    result = clean({key: value for key, value in obj.items() if key != "status"})
    metadata = result.get("metadata") or {}
    name = metadata.get("name")
    if not isinstance(name, str) or not name:
        raise RenderError(f"a {obj.get('kind')} has no metadata.name (generateName cannot be applied again)")
    for key in ("creationTimestamp", "managedFields", "resourceVersion", "uid", "generation", "selfLink"):
        metadata.pop(key, None)
    for holder in ("labels", "annotations"):
        for key, value in (metadata.get(holder) or {}).items():
            if not isinstance(value, str):
                raise RenderError(f"{obj['kind']} {name}: metadata.{holder}.{key} is not a string; quote it")
        if not metadata.get(holder):
            metadata.pop(holder, None)  # an empty one is owned only once others have written into it
    result["metadata"] = metadata
    if obj.get("kind") == "Job" and isinstance(result.get("spec"), dict):
        # A Job that vanishes when it is done would be run again by every run.
        result["spec"] = {key: value for key, value in result["spec"].items() if key != "ttlSecondsAfterFinished"}
    return result


def hooks(objects: list[Obj]) -> Rendered:
    """Sorts Helm's hooks: install and upgrade hooks become plain objects in their order, tests are dropped."""
    result = Rendered()
    for obj in objects:
        annotations = obj["metadata"].get("annotations") or {}
        names = {name.strip() for name in str(annotations.get(HOOK, "")).split(",") if name.strip()}
        key = key_of(obj)
        unknown = names - set(_INSTALL) - _UNINSTALL - _TEST
        if unknown:
            which = ", ".join(sorted(unknown))
            raise RenderError(f"{key} is a chart hook of an unknown kind: {which}; drop or patch it")
        if not names:
            result.items.append(Item(obj))
            continue
        installing = sorted(_INSTALL[name] for name in names if name in _INSTALL)
        if not installing:
            if names & _UNINSTALL:
                result.warnings.append(f"{key} is a chart hook for {', '.join(sorted(names))}; it is not run")
            continue
        try:
            weight = int(annotations.get("helm.sh/hook-weight") or 0)
        except ValueError:
            raise RenderError(f"{key}: helm.sh/hook-weight is not a number") from None
        left = {name: value for name, value in annotations.items() if name not in _HOOK_ANNOTATIONS}
        metadata = (
            {**obj["metadata"], "annotations": left}
            if left
            else {name: value for name, value in obj["metadata"].items() if name != "annotations"}
        )
        result.items.append(Item({**obj, "metadata": metadata}, installing[0], weight))
    return result


def check_unique(items: list[Item]) -> None:
    seen: set[Any] = set()
    for item in items:
        key = item.key
        if key in seen:
            raise RenderError(f"{key} is declared twice; drop one of them")
        seen.add(key)
