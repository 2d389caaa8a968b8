# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the namespaces a component needs. Those that exist are left as they are, unless we made them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .apply import Applier, Change
from .applyset import MANAGED_BY
from .errors import ApiError
from .objects import NAMESPACE, Key, Obj, key_of, wave_of
from .refusals import explained
from .remove import deleting
from .render import Item


class Namespaces:
    def __init__(self, applier: Applier, params: dict[str, Any]) -> None:
        self.applier = applier
        self.names = list(dict.fromkeys([params["namespace"], *(params["namespaces"] or [])]))
        self.labels = params["create_namespace_labels"] or {}
        self.changes: list[Change] = []

    def home(self, items: list[Item], live: dict[Key, Obj]) -> None:
        """The component's own namespace, in which its record lives. The record comes before all other objects, so what
        the manifests say of this namespace follows in ensure()."""
        name = self.names[0]
        have = self._live(name, live)
        if have and name in _declared(items):
            self._add(Change(_key(name), "unchanged", have, have))
        else:
            self._add(self._make(_key(name), have))

    def ensure(self, items: list[Item], live: dict[Key, Obj]) -> set[Key]:
        """Returns the Namespace manifests that were applied here already: everything else needs them first."""
        declared = _declared(items)
        if self.names[0] in declared:
            self._declare(self.changes[0], declared[self.names[0]])
        for name in [name for name in dict.fromkeys([*self.names, *declared]) if name != self.names[0]]:
            have = self._live(name, live)
            self._add(self.applier.apply(declared[name], have) if name in declared else self._make(_key(name), have))
        return {key_of(obj) for obj in declared.values()}

    def _declare(self, made: Change, obj: Obj) -> None:
        """What the manifests say of the namespace that is there already; one change for both."""
        change = self.applier.apply(obj, None if self.applier.check_mode and made.action == "created" else made.after)
        made.after, made.predicted = change.after, change.predicted
        if made.action == "unchanged":
            made.action = change.action

    def _add(self, change: Change) -> None:
        self.changes.append(change)
        if self.applier.check_mode and change.action == "created":
            self.applier.missing_namespaces.add(change.key.name)

    def _live(self, name: str, live: dict[Key, Obj]) -> Obj | None:
        have = live.get(_key(name)) or self.applier.client.get_or_none("v1", "Namespace", name)
        if have and deleting(have):
            self.applier.outlast(have)
            return None
        return have

    def _make(self, key: Key, have: Obj | None) -> Change:
        client, check = self.applier.client, self.applier.check_mode
        labels = {**MANAGED_BY, **self.labels}
        if have is None:
            obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": key.name, "labels": labels}}
            return Change(key, "created", None, self._send(key, lambda: client.apply(obj, dry_run=check)))
        current = have["metadata"].get("labels") or {}
        ours = all(current.get(name) == value for name, value in MANAGED_BY.items())
        missing = {name: value for name, value in labels.items() if current.get(name) != value}
        if not ours or not missing:
            return Change(key, "unchanged", have, have)
        # A patch, not an apply: several components may share the namespace, each with labels of its own.
        body = {"metadata": {"labels": missing}}
        after = self._send(key, lambda: client.patch("v1", "Namespace", key.name, None, body, dry_run=check))
        return Change(key, "updated", have, after)

    def _send(self, key: Key, send: Callable[[], Obj]) -> Obj:
        try:
            return self.applier.patiently(key, send)
        except ApiError as error:
            raise explained(error, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": key.name}}) from None


def _key(name: str) -> Key:
    return Key("", "Namespace", "", name)


def _declared(items: list[Item]) -> dict[str, Obj]:
    return {item.obj["metadata"]["name"]: item.obj for item in items if wave_of(item.obj) == NAMESPACE}
