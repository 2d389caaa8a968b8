# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads managedFields: which fields of a live object are ours, and whether they are as we want them.

The answer 'unchanged' is only given when it is certain; in doubt the server decides, for which a server-side apply
that changes nothing costs one request and no write.
"""

from __future__ import annotations

import json
from typing import Any

from .defaults import is_default
from .objects import Obj, group_of
from .quantity import same as same_quantity

Fields = dict[str, Any]
Path = tuple[str, ...]  # names of fields; places in lists are left out


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
    return Comparison(desired).same(want, live, entry.get("fieldsV1") or {}, ())


def touched(before: Obj, after: Obj, manager: str) -> bool:
    """Whether an apply (or its dry run) changed anything: a field, or that it is ours.

    The resourceVersion alone does not tell: a controller may have written the status between our two looks.
    """
    first, second = owned(before, manager), owned(after, manager)
    # Taking back fields of an object that is ours is no change as long as their values are the same. Who writes a
    # status without the rest, in another version of the kind, takes the rest from us: so does Istio with HTTPRoutes.
    if not first or union(first, second) != second:
        return first != second
    return project(before, second) != project(after, second)


class Comparison:
    """Of what we want of one object with what is there, along the fields that are ours."""

    def __init__(self, desired: Obj) -> None:
        self.kind = (group_of(desired), str(desired.get("kind")))

    def same(self, want: Any, live: Any, fields: Fields, path: Path) -> bool:
        if not fields or (len(fields) == 1 and "." in fields):
            return want == live or self._equivalent(want, live, path)
        if isinstance(want, dict):
            if not isinstance(live, dict) or len(want) != len(fields) - ("." in fields):
                return False
            for key, value in want.items():
                sub = fields.get(f"f:{key}")
                if sub is None or not self.same(value, live.get(key), sub, (*path, key)):
                    return False
            return True
        if isinstance(want, list):
            return isinstance(live, list) and self._same_list(want, live, fields, path)
        return False

    def _same_list(self, want: list[Any], live: list[Any], fields: Fields, path: Path) -> bool:
        if len(want) != len(fields) - ("." in fields):
            return False
        chosen = [(json.loads(key[2:]), sub) for key, sub in fields.items() if key.startswith("k:")]
        last = -1
        for item in want:
            if isinstance(item, dict):
                match = next(((key, sub) for key, sub in chosen if _fits(item, key)), None)
                if match is None:
                    return False
                key, sub = match
                place = next((i for i, e in enumerate(live) if isinstance(e, dict) and _fits(e, key, True)), -1)
                if place < 0 or not self.same(item, live[place], sub, path):
                    return False
            elif f"v:{json.dumps(item)}" in fields and item in live:
                place = live.index(item)
            else:
                return False
            if place < last:  # another order: of environment variables, say, it matters
                return False
            last = place
        return True

    def _equivalent(self, want: Any, live: Any, path: Path) -> bool:
        """Unequal, but the same once the server has written quantities its way and filled in its defaults."""
        if isinstance(want, dict) and isinstance(live, dict):
            if not want.keys() <= live.keys():
                return False
            for key, value in live.items():
                there = (*path, key)
                if key not in want:
                    if not is_default(self.kind, there, value):
                        return False
                elif want[key] != value and not self._equivalent(want[key], value, there):
                    return False
            return True
        if isinstance(want, list) and isinstance(live, list) and len(want) == len(live):
            pairs = zip(want, live, strict=True)
            return all(first == second or self._equivalent(first, second, path) for first, second in pairs)
        return same_quantity(self.kind, path, want, live)


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
