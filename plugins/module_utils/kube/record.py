# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a component's record: before the first change and after the last, each time whole, in one request.

Before, it names what there was and what will be, and that the run is not finished; afterwards what there is. So a run
that is cut short anywhere leaves nothing that the next one does not know of. A run that changes nothing writes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from . import applyset
from .apply import Applier, Change
from .fields import Fields
from .ledger import FIELD, Ledger, decode, encode
from .objects import Key, Obj, key_of

_DECLARED = (applyset.TOOLING, applyset.GROUP_KINDS, applyset.NAMESPACES, applyset.VERSION, applyset.RELEASE)
_FOLLOWS = (applyset.DIGEST, applyset.RUN)


class Record:
    def __init__(self, applier: Applier, params: dict[str, Any], live: Obj | None, digest: str) -> None:
        # force: whoever wrote to it while it was another tool's, it is ours now (see applyset.check_parent).
        self.applier = replace(applier, force=True)
        self.params, self.live, self.digest = params, live, digest
        self.ledger, self.had = Ledger(), decode(live)
        self.final: Obj = {}
        self.kinds: set[str] = set()
        key = Key("", "Secret", params["namespace"], params["name"])
        self.change = Change(key, "unchanged", told(live), told(live))
        self.stale = False

    def of(self, kinds: set[str]) -> dict[Key, Fields | None]:
        """What it knows of objects of these group-kinds."""
        known = self.had.objects if self.had else {}
        return {key: fields for key, fields in known.items() if key.group_kind in kinds}

    def open(self, ledger: Ledger, staying: Iterable[Obj], going: Iterable[Obj], kinds: set[str]) -> Change:
        """staying and going: objects that are no longer declared. kinds: to be named whether one is known or not."""
        self.ledger, self.kinds = ledger, kinds
        keys = {*ledger.objects, *map(key_of, staying)}
        self.final = self._parent(keys)
        self.stale = not self._current()
        if self.stale and self.applier.check_mode:
            done = self.applier.apply(self._holding(self.final), self.live)
            self.change.after, self.change.predicted = told(done.after), done.predicted
        if self.live is None:
            self.change.action = "created"
        elif _differs(self.live, self.final, _DECLARED):
            self.change.action = "updated"
        if self.stale and not self.applier.check_mode:
            self._write(self._parent({*keys, *map(key_of, going)}, run="unfinished"))
        return self.change

    def close(self, changes: list[Change], pruned: list[Obj]) -> None:
        """changes: all that was applied, with the fields that the server says are ours now."""
        others = bool(pruned) or any(change.action != "unchanged" for change in changes if change is not self.change)
        if self.stale and self.change.action == "unchanged" and not others:
            # What was asked is written differently, or the last run was cut short: nothing but the record says so.
            self.change.action = "updated"
        if self.applier.check_mode or not (self.stale or others):
            return
        for change in changes:
            if change.key in self.ledger.objects:
                self.ledger.objects[change.key] = change.owned
        if self.stale or self.had is None or self.had.objects != self.ledger.objects:
            self._write(self.final)

    def _write(self, parent: Obj) -> None:
        self.live = self.applier.apply(self._holding(parent), self.live).after
        self.change.after = told(self.live)

    def _parent(self, keys: set[Key], run: str = "") -> Obj:
        parent = applyset.parent(
            self.params["name"],
            self.params["namespace"],
            {key.group_kind for key in keys} | self.kinds,
            {key.namespace for key in keys},
            self.params.get("version"),
            self.params.get("release"),
            digest=self.digest,
            run=run,
        )
        # A Secret's type cannot be changed, and another tool's parent has its own.
        return {**parent, "type": (self.live or {}).get("type") or parent["type"]}

    def _holding(self, parent: Obj) -> Obj:
        packed = encode(self.ledger)
        return {**parent, "data": {FIELD: packed}} if packed else parent

    def _current(self) -> bool:
        """Compared by value: who wrote it does not matter, or handing it over and back would be a change."""
        if self.live is None or _differs(self.live, self.final, (*_DECLARED, *_FOLLOWS)):
            return False
        return self.had.names == self.ledger.names if self.had else encode(self.ledger) is None


def told(obj: Obj | None) -> Obj | None:
    """What a diff shows of a record (of other objects: everything): its ledger is no reading for people."""
    labels = ((obj or {}).get("metadata") or {}).get("labels") or {}
    return {key: value for key, value in obj.items() if key != "data"} if obj and applyset.ID in labels else obj


def _differs(live: Obj, desired: Obj, names: tuple[str, ...]) -> bool:
    have, want = live["metadata"], desired["metadata"]
    labels, annotations = have.get("labels") or {}, have.get("annotations") or {}
    return any(labels.get(name) != value for name, value in want["labels"].items()) or any(
        annotations.get(name, "") != want["annotations"].get(name, "") for name in names
    )
