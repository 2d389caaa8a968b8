# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine: brings one component to its declared state. The module and its action plugin both call run()."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import groupby
from typing import Any

from . import applyset
from .apply import Applier, Change
from .client import FIELD_MANAGER, Client
from .configuration import Configuration
from .desired import brought_kinds, build
from .diff import difference
from .fields import Fields
from .leaving import left
from .ledger import Ledger, digest
from .namespaces import Namespaces
from .objects import CRD, WAVE_NAMES, Key, Obj, group_of, key_of, wave_of
from .ownership import check_all
from .pool import in_parallel
from .record import Record, told
from .remove import delete_all
from .render import MAIN, POST, Item
from .survey import absent
from .uninstall import Uninstall
from .waiting import Target, awaited, extra_targets, target_of, wait_for_all

Display = Callable[[str], None]


def run(params: dict[str, Any], check_mode: bool, diff: bool, display: Display) -> dict[str, Any]:
    """Raises KubeError; returns what the module returns."""
    component = Component(params, Client.from_params(params), check_mode=check_mode, diff=diff, display=display)
    if params["state"] == "absent":
        component.absent()
    else:
        component.present()
    return component.result()


class Component:
    """One run for one component."""

    def __init__(
        self, params: dict[str, Any], client: Client, *, check_mode: bool, diff: bool, display: Display
    ) -> None:
        self.params, self.client, self.check_mode, self.diff = params, client, check_mode, diff
        self.name, self.namespace = params["name"], params["namespace"]
        self.identifier = applyset.applyset_id(self.name, self.namespace)
        self.deadline = time.monotonic() + params["wait_timeout"]
        self.display = display
        self.progress: Display = lambda text: display(text if text.startswith(self.name) else f"{self.name}: {text}")
        client.transport.retry_until, client.transport.notice = self.deadline, self.progress
        self.applier = Applier(
            client, self.deadline, check_mode, force=params["take_ownership"], progress=self.progress
        )
        self.changes: list[Change] = []
        self.pruned: list[Obj] = []
        self.kept: list[Obj] = []
        self.warnings: list[str] = []
        self.timing = {"render": 0.0, "plan": 0.0, "apply": 0.0, "wait": 0.0}
        self.live: dict[Key, Obj] = {}
        self.shapes: dict[str, Fields] = {}
        self.silent: set[str] = set()  # group-kinds of members that cannot be seen now
        self.digest = ""

    # -- present -------------------------------------------------------------------------------------------------
    def present(self) -> None:
        with Clock(self.timing, "render"):
            rendered = build(self.params, self.client, check_mode=self.check_mode)
            items, self.warnings = rendered.items, rendered.warnings
            self.digest = digest(items, self.params)
            for item in items:
                item.obj = applyset.member(item.obj, self.identifier)
            items.sort(key=lambda item: item.order)
            configuration = Configuration(self.applier, self.params, self.identifier)
            configuration.prepare(items)
        with Clock(self.timing, "plan"):
            self.applier.awaited_kinds = set(brought_kinds([item.obj for item in items]))
            parent = self._parent()
            kinds, _spaces = applyset.recorded(parent)
            self.live = applyset.members(self.client, self.identifier, self._versions(items, kinds))
            if not self.params["take_ownership"]:
                check_all(self.client, [item.obj for item in items], self.live)
        with Clock(self.timing, "apply"):
            namespaces = Namespaces(self.applier, self.params)
            namespaces.home(items, self.live)
            wanted = {item.key for item in items}
            gone = [obj for key, obj in self.live.items() if key not in wanted]
            going, self.kept = left(self.client, self.params, gone, [item.obj for item in items], self.identifier)
            # What was seen in a namespace that was made anew since then went with the old one.
            known = None if self.namespace in self.applier.renewed_namespaces else parent
            record = Record(self.applier, self.params, known, self.digest)
            ledger = Ledger({**record.of(self.silent), **dict.fromkeys(wanted)}, configuration.generated_keys)
            self.changes.append(record.open(ledger, self.kept, going, self.silent))
            done = namespaces.ensure(items, self.live)
            self.changes = [*namespaces.changes, *self.changes, *configuration.generate()]
            configuration.complete(items)
        waited: list[Target] = []
        for phase, grouped in groupby((item for item in items if item.key not in done), lambda i: i.phase):
            if phase == POST:
                self._wait(waited)
            waited += self._apply_phase(list(grouped), phase, configuration)
        with Clock(self.timing, "apply"):
            self.pruned = delete_all(
                self.client, going, deadline=self.deadline, check_mode=self.check_mode, progress=self.progress
            )
            record.close(self.changes, self.pruned)
        self._wait([*waited, *extra_targets(self.params["wait_for"] or [], self.namespace, self.client)])

    def _versions(self, items: list[Item], recorded: set[str]) -> dict[tuple[str, str], str]:
        """In which version to list the members of each kind; kinds the cluster no longer has hold no members."""
        versions = {(group_of(item.obj), item.obj["kind"]): item.obj["apiVersion"] for item in items}
        for text in recorded:
            group, kind = applyset.split_group_kind(text)
            if (group, kind) not in versions:
                preferred = self.client.discovery.preferred(group, kind)
                if preferred:
                    versions[(group, kind)] = preferred
                elif self.client.discovery.silent(group, kind):
                    self.silent.add(text)
                    self.warnings.append(
                        f"the API server of {text} does not answer (see 'kubectl get apiservices'); what {self.name} "
                        "has of it was neither looked at nor removed, and stays recorded"
                    )
        return versions

    def _apply_phase(self, items: list[Item], phase: int, configuration: Configuration) -> list[Target]:
        """All waves of a phase. Hooks are waited for weight by weight, since that is what their order is for."""
        targets: list[Target] = []
        for (weight, wave), grouped in groupby(items, lambda item: (item.weight, wave_of(item.obj))):
            batch = list(grouped)
            with Clock(self.timing, "apply"):
                at_once = wave == CRD or phase != MAIN
                found = self._apply_wave(batch, configuration, to_wait=at_once or self.params["wait"])
            if at_once:
                what = WAVE_NAMES[wave] if phase == MAIN else f"chart hooks of weight {weight}"
                self._wait(found, what=what, always=True)
            else:
                targets += found
        return targets

    def _apply_wave(self, items: list[Item], configuration: Configuration, *, to_wait: bool) -> list[Target]:
        """Returns what is to be waited for. Of all other objects only what is told in the end is kept."""
        targets: dict[Key, Target] = {}

        def done(item: Item, change: Change) -> Change:
            self.live.pop(item.key, None)
            if to_wait and awaited(item.obj):
                targets[item.key] = target_of(item.obj, change.after)
            shown = self.diff and change.action != "unchanged"
            return change if shown else change.slim(self.shapes)

        def settle(item: Item) -> Change | None:
            change = self.applier.settled(item.obj, self.live.get(item.key))
            return done(item, change) if change else None

        def send(item: Item) -> Change:
            doubtful = item.key in configuration.doubtful
            live = self.live.get(item.key)
            return done(item, self.applier.apply(item.obj, live, doubtful=doubtful, unsettled=True))

        settled = [settle(item) for item in items]
        rest = [item for item, change in zip(items, settled, strict=True) if change is None]
        self.applier.absent |= absent(self.client, [item.obj for item in rest], self.live)
        applied = iter(in_parallel(send, rest))
        changes = [change or next(applied) for change in settled]
        self.changes += changes
        self._tell(changes, items[0])
        return [targets[item.key] for item in items if item.key in targets]

    def _tell(self, changes: list[Change], first: Item) -> None:
        if self.check_mode:
            return
        counts = {action: sum(change.action == action for change in changes) for action in ("created", "updated")}
        text = ", ".join(f"{count} {action}" for action, count in counts.items() if count)
        if text:
            self.progress(f"{WAVE_NAMES[wave_of(first.obj)]}: {text}")

    def _wait(self, targets: list[Target], *, what: str = "", always: bool = False) -> None:
        if self.check_mode or not targets or not (always or self.params["wait"]):
            return
        with Clock(self.timing, "wait"):
            title = f"{self.name}: {what}" if what else self.name
            wait_for_all(self.client, targets, self.deadline, self.display, title)

    def _parent(self) -> Obj | None:
        live = self.client.get_or_none("v1", "Secret", self.name, self.namespace)
        applyset.check_parent(live, self.name, self.namespace, take_ownership=self.params["take_ownership"])
        return live

    # -- absent --------------------------------------------------------------------------------------------------
    def absent(self) -> None:
        with Clock(self.timing, "plan"):
            parent = self._parent()
            uninstall = Uninstall(self.client, self.params, self.identifier, parent)
            uninstall.find()
        with Clock(self.timing, "apply"):
            self.pruned = uninstall.remove(self.deadline, self.check_mode, self.progress)
            self.kept = uninstall.kept

    # -- result --------------------------------------------------------------------------------------------------
    def result(self) -> dict[str, Any]:
        objects: dict[str, list[str]] = {"created": [], "updated": [], "pruned": [], "unchanged": []}
        for change in self.changes:
            objects[change.action].append(str(change.key))
        objects["pruned"] = [str(key_of(obj)) for obj in self.pruned]
        result: dict[str, Any] = {
            "changed": any(objects[action] for action in ("created", "updated", "pruned")),
            "name": self.name,
            "namespace": self.namespace,
            "version": self.params.get("version") or "",
            "digest": self.digest,
            "objects": objects,
            "kept": sorted(str(key_of(obj)) for obj in self.kept),
            "predicted": [str(change.key) for change in self.changes if change.predicted],
            "timing": {name: round(seconds, 2) for name, seconds in self.timing.items()},
        }
        if self.warnings:
            result["warnings"] = self.warnings
        if self.diff:
            result["diff"] = [
                difference(change.before, change.after, FIELD_MANAGER, predicted=change.predicted)
                for change in self.changes
                if change.action != "unchanged"
            ] + [difference(told(obj), None, FIELD_MANAGER) for obj in self.pruned]
        return result


class Clock:
    """Adds the time of a block to one of the phases."""

    def __init__(self, timing: dict[str, float], name: str) -> None:
        self.timing, self.name = timing, name

    def __enter__(self) -> None:
        self.started = time.monotonic()

    def __exit__(self, *_: object) -> None:
        self.timing[self.name] += time.monotonic() - self.started
