# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Changes to rendered objects: JSON merge patch (RFC 7386) and JSON patch (RFC 6902). Pure."""

from __future__ import annotations

import copy
from typing import Any

from .errors import RenderError
from .objects import Obj, key_of, matches


def apply_patches(objects: list[Obj], patches: list[dict[str, Any]], namespace: str) -> list[Obj]:
    """Every patch must match something, unless it is optional: an upgrade of a chart must not lose it silently."""
    for number, item in enumerate(patches, 1):
        hits = 0
        for place, obj in enumerate(objects):
            if not _meant(obj, item, namespace):
                continue
            hits += 1
            if item.get("merge"):
                objects[place] = merge(objects[place], item["merge"])
            if item.get("json"):
                objects[place] = json_patch(objects[place], item["json"])
        if not hits and not item.get("optional"):
            raise RenderError(_missed("patch", number, item, objects))
    return objects


def drop(objects: list[Obj], drops: list[dict[str, Any]], namespace: str) -> list[Obj]:
    """Every drop must match something, unless it is optional."""
    for number, item in enumerate(drops, 1):
        left = [obj for obj in objects if not _meant(obj, item, namespace)]
        if len(left) == len(objects) and not item.get("optional"):
            raise RenderError(_missed("drop", number, item, objects))
        objects = left
    return objects


def _meant(obj: Obj, item: dict[str, Any], default: str) -> bool:
    if not matches(obj, item["kind"], item.get("name"), None):
        return False
    # Cluster-wide objects and those a chart left to the default namespace have none yet.
    return not item.get("namespace") or (key_of(obj).namespace or default) == item["namespace"]


def _missed(what: str, number: int, item: dict[str, Any], objects: list[Obj]) -> str:
    same = sorted(key_of(obj).name for obj in objects if obj.get("kind") == item["kind"])
    have = f"{item['kind']}s there: {', '.join(same)}" if same else f"there is no {item['kind']}"
    name = item.get("name") or "*"
    where = f" in namespace {item['namespace']}" if item.get("namespace") else ""
    return (
        f"{what} {number} matches nothing: {item['kind']} {name}{where} ({have}); "
        "correct it, or set 'optional: true' if that is intended"
    )


def merge(target: Any, patch: Any) -> Any:
    """RFC 7386: null removes."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), value)
    return result


def json_patch(obj: Obj, operations: list[dict[str, Any]]) -> Obj:
    result = copy.deepcopy(obj)
    for operation in operations:
        try:
            result = _operate(result, operation)
        except (KeyError, IndexError, ValueError, TypeError) as error:
            what = f"{operation.get('op')} {operation.get('path')}"
            raise RenderError(f"patch of {key_of(obj)}: cannot {what}: {error}") from None
    return result


def _operate(document: Any, operation: dict[str, Any]) -> Any:
    kind = operation["op"]
    path = _pointer(operation["path"])
    if kind == "test":
        if _get(document, path) != operation["value"]:
            raise ValueError("the value is another one")
        return document
    if kind in ("copy", "move"):
        source = _pointer(operation["from"])
        value = copy.deepcopy(_get(document, source))
        if kind == "move":
            _remove(document, source)
        return _add(document, path, value)
    if kind == "remove":
        _remove(document, path)
        return document
    if kind == "replace":
        _get(document, path)  # must exist
        if path and isinstance(_get(document, path[:-1]), list):
            _get(document, path[:-1])[int(path[-1])] = operation["value"]
            return document
        return _add(document, path, operation["value"])
    if kind == "add":
        return _add(document, path, operation["value"])
    raise ValueError("unknown operation")


def _pointer(text: str) -> list[str]:
    if text and not text.startswith("/"):
        raise ValueError("a path starts with '/'")
    return [part.replace("~1", "/").replace("~0", "~") for part in text.split("/")[1:]]


def _get(document: Any, path: list[str]) -> Any:
    for part in path:
        document = document[int(part)] if isinstance(document, list) else document[part]
    return document


def _add(document: Any, path: list[str], value: Any) -> Any:
    if not path:
        return value
    holder = _get(document, path[:-1])
    if isinstance(holder, list):
        place = len(holder) if path[-1] == "-" else int(path[-1])
        if not 0 <= place <= len(holder):
            raise IndexError(f"there is no place {place}")
        holder.insert(place, value)
    else:
        holder[path[-1]] = value
    return document


def _remove(document: Any, path: list[str]) -> None:
    holder = _get(document, path[:-1])
    if isinstance(holder, list):
        del holder[int(path[-1])]
    else:
        del holder[path[-1]]
