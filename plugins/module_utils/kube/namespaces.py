# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the namespaces a component needs. Those that exist are left as they are, unless we made them."""

from __future__ import annotations

import time
from typing import Any

from .apply import Applier, Change
from .applyset import MANAGED_BY
from .objects import NAMESPACE, Key, Obj, key_of, wave_of
from .render import Item
from .wait import wait_until


class Namespaces:
    def __init__(self, applier: Applier, params: dict[str, Any]) -> None:
        self.applier = applier
        self.names = list(dict.fromkeys([params["namespace"], *(params["namespaces"] or [])]))
        self.labels = params["create_namespace_labels"] or {}
        self.changes: list[Change] = []

    def ensure(self, items: list[Item], live: dict[Key, Obj]) -> set[Key]:
        """Returns the Namespace manifests that were applied here already: everything else needs them first."""
        declared = {item.obj["metadata"]["name"]: item.obj for item in items if wave_of(item.obj) == NAMESPACE}
        done = set()
        for name in dict.fromkeys([*self.names, *declared]):
            key = Key("", "Namespace", "", name)
            have = live.get(key) or self.applier.client.get_or_none("v1", "Namespace", name)
            if have and have["metadata"].get("deletionTimestamp"):
                have = self._wait_gone(key, have)
            if name in declared:
                change = self.applier.apply(declared[name], have)
                done.add(key_of(declared[name]))
            else:
                change = self._make(key, have)
            self.changes.append(change)
            if self.applier.check_mode and change.action == "created":
                self.applier.missing_namespaces.add(name)
        return done

    def _wait_gone(self, key: Key, have: Obj) -> Obj | None:
        if self.applier.check_mode:
            return None
        self.applier.progress(f"{key} is being deleted; waiting until it is gone")
        client = self.applier.client
        wait_until(
            lambda: client.get_or_none("v1", "Namespace", key.name) is None,
            max(1.0, self.applier.deadline - time.monotonic()),
            0.5,
            what=f"that the old {key} is gone",
        )
        return None

    def _make(self, key: Key, have: Obj | None) -> Change:
        client, check = self.applier.client, self.applier.check_mode
        labels = {**MANAGED_BY, **self.labels}
        if have is None:
            obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": key.name, "labels": labels}}
            return Change(key, "created", None, client.apply(obj, dry_run=check))
        current = have["metadata"].get("labels") or {}
        ours = all(current.get(name) == value for name, value in MANAGED_BY.items())
        missing = {name: value for name, value in labels.items() if current.get(name) != value}
        if not ours or not missing:
            return Change(key, "unchanged", have, have)
        # A patch, not an apply: several components may share the namespace, each with labels of its own.
        after = client.patch("v1", "Namespace", key.name, None, {"metadata": {"labels": missing}}, dry_run=check)
        return Change(key, "updated", have, after)
