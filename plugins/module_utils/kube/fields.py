# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads managedFields: which fields of a live object are ours, and whether they are as we want them.

The answer 'unchanged' is only given when it is certain; in doubt (a quantity written differently, say) the server
decides, for which a server-side apply that changes nothing costs one request and no write.
"""

from __future__ import annotations

import json
from typing import Any

from .objects import Obj

Fields = dict[str, Any]


def owned(obj: Obj | None, manager: str) -> Fields:
    """The FieldsV1 tree of what the manager applied."""
    entry = _entry(obj, manager)
    return entry.get("fieldsV1") or {} if entry else {}


def _entry(obj: Obj | None, manager: str) -> Obj | None:
    for entry in ((obj or {}).get("metadata") or {}).get("managedFields") or []:
        if entry.get("manager") == manager and entry.get("operation") == "Apply" and not entry.get("subresource"):
            return entry
    return None


def unchanged(desired: Obj, live: Obj, manager: str) -> bool:
    """True when applying would surely change nothing: we own exactly these fields, and they have these values."""
    entry = _entry(live, manager)
    if entry is None or entry.get("apiVersion") != desired.get("apiVersion"):
        return False
    want = {key: value for key, value in desired.items() if key not in ("apiVersion", "kind", "metadata")}
    metadata = {key: value for key, value in desired["metadata"].items() if key not in ("name", "namespace")}
    if metadata:
        want["metadata"] = metadata
    return _same(want, live, entry.get("fieldsV1") or {})


def touched(before: Obj, after: Obj, manager: str) -> bool:
    """Whether an apply (or its dry run) changed anything: a field, or that it is ours.

    The resourceVersion alone does not tell: a controller may have written the status between our two looks.
    """
    first, second = owned(before, manager), owned(after, manager)
    if first != second:
        return True
    return project(before, first) != project(after, first)


def _same(want: Any, live: Any, fields: Fields) -> bool:
    children = {key: sub for key, sub in fields.items() if key != "."}
    if not children:
        return want == live
    if isinstance(want, dict):
        if not isinstance(live, dict) or {f"f:{key}" for key in want} != set(children):
            return False
        return all(_same(value, live.get(key), children[f"f:{key}"]) for key, value in want.items())
    if isinstance(want, list):
        return isinstance(live, list) and _same_list(want, live, children)
    return False


def _same_list(want: list[Any], live: list[Any], children: Fields) -> bool:
    if len(want) != len(children):
        return False
    last = -1
    for item in want:
        if isinstance(item, dict):
            match = next((key for key in children if key.startswith("k:") and _fits(item, json.loads(key[2:]))), None)
            if match is None:
                return False
            chosen = json.loads(match[2:])
            place = next((i for i, e in enumerate(live) if isinstance(e, dict) and _fits(e, chosen, True)), -1)
            if place < 0 or not _same(item, live[place], children[match]):
                return False
        elif f"v:{json.dumps(item)}" in children and item in live:
            place = live.index(item)
        else:
            return False
        if place < last:  # another order: of environment variables, say, it matters
            return False
        last = place
    return True


def _fits(item: Obj, chosen: Obj, strict: bool = False) -> bool:
    """Keys that are defaulted (a port's protocol) may be missing in what we want, never in what is there."""
    return all(item[key] == value if key in item else not strict for key, value in chosen.items())


def union(first: Fields, second: Fields) -> Fields:
    """Fields that are in either."""
    merged = dict(first)
    for key, sub in second.items():
        # {} owns the whole value; together with anything it stays the whole value.
        if key in merged:
            merged[key] = union(merged[key], sub) if merged[key] and sub else {}
        else:
            merged[key] = sub
    return merged


def project(value: Any, fields: Fields) -> Any:
    """Only the named fields of a value."""
    children = {key: sub for key, sub in fields.items() if key != "."}
    if not children:
        return value if "." not in fields else type(value)() if isinstance(value, (dict, list)) else value
    if isinstance(value, dict):
        return {key: project(entry, children[f"f:{key}"]) for key, entry in value.items() if f"f:{key}" in children}
    if isinstance(value, list):
        kept = []
        for entry in value:
            for key, sub in children.items():
                if key.startswith("k:") and isinstance(entry, dict) and _fits(entry, json.loads(key[2:]), True):
                    kept.append({**json.loads(key[2:]), **project(entry, sub)})
                elif key.startswith("v:") and json.loads(key[2:]) == entry:
                    kept.append(entry)
        return kept
    return value
