# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits until everything a component is made of is ready: one deadline, one line per change of state."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .applyset import PART_OF
from .client import Client
from .errors import Forbidden, KubeError, NotFound, WaitTimeout
from .explain import MOST_LINES, pods_of, report
from .objects import CUSTOM, WORKLOAD, Key, Obj, key_of, wave_of
from .pool import in_parallel
from .survey import WORTH
from .wait import condition_of, hopeless, pod_problem, readiness

_HEARTBEAT = 60.0  # seconds after which something is said although nothing has changed: many CI systems want that
_READ_ALONG = 20  # objects in a LIST that are ready already cost as much as one that is asked for alone
_GONE = 10.0  # seconds after which nobody is making anew what was deleted
_ASKED = 100  # objects whose Pods are looked at when the time is over
# Besides workloads and custom resources. PersistentVolumeClaims are not: many bind only when a Pod uses them.
_AWAITED = {"CustomResourceDefinition", "APIService", "Service"}
_NEVER = {"CronJob", "HorizontalPodAutoscaler", "ControllerRevision"}


@dataclass
class Target:
    """Something to wait for; condition: of wait_for."""

    api_version: str
    kind: str
    name: str
    namespace: str | None = None
    condition: str | None = None
    status: str = "True"
    seen: Obj | None = None
    applyset: str = ""  # whose member it is; it was there when the wait began
    missed: float | None = None  # when that was no longer so

    @property
    def key(self) -> Key:
        return Key(self.api_version.rpartition("/")[0], self.kind, self.namespace or "", self.name)

    def refresh(self, client: Client) -> None:
        self.seen = client.get_or_none(self.api_version, self.kind, self.name, self.namespace)

    def state(self) -> tuple[bool, str]:
        if self.seen is None:
            lost = "something has deleted it; run this again when nothing else works on the component"
            return False, lost if self.applyset else "not found"
        if not self.condition:
            return readiness(self.seen)
        have = condition_of(self.seen, self.condition)
        if have is None:
            return False, f"no condition {self.condition} yet"
        reason = ": ".join(str(part) for part in (have.get("reason"), have.get("message")) if part)
        return have.get("status") == self.status, f"{self.condition} is {have.get('status')}" + (
            f" ({reason})" if reason else ""
        )

    def failed(self, now: float) -> bool:
        """Whether no time helps."""
        if self.seen is not None or not self.applyset:
            self.missed = None
            return bool(self.seen and hopeless(self.seen))
        self.missed = self.missed or now
        return now - self.missed > _GONE


def awaited(obj: Obj) -> bool:
    if obj["kind"] in _NEVER:
        return False
    return wave_of(obj) in (WORKLOAD, CUSTOM) or obj["kind"] in _AWAITED


def target_of(obj: Obj, seen: Obj | None) -> Target:
    key = key_of(obj)
    whose = (obj["metadata"].get("labels") or {}).get(PART_OF, "")
    return Target(obj["apiVersion"], key.kind, key.name, key.namespace or None, seen=seen, applyset=whose)


def extra_targets(wait_for: list[dict[str, Any]], namespace: str, client: Client) -> list[Target]:
    found = []
    for item in wait_for:
        try:
            namespaced = client.resource(item["api_version"], item["kind"]).namespaced
        except NotFound:
            namespaced = True
        where = (item.get("namespace") or namespace) if namespaced else None
        found.append(
            Target(item["api_version"], item["kind"], item["name"], where, item.get("condition"), item["status"])
        )
    return found


def wait_for_all(
    client: Client, targets: list[Target], deadline: float, progress: Callable[[str], None], what: str
) -> None:
    """Returns when all are ready; raises WaitTimeout with the reasons of those that are not."""
    started, said, said_at, interval = time.monotonic(), "", time.monotonic(), 0.5
    since: dict[Key, tuple[str, float]] = {}
    for target in targets:
        if target.seen is None or target.condition:
            target.refresh(client)
    while True:
        waiting = [target for target in targets if not target.state()[0]]
        if not waiting:
            if said:
                progress(f"{what}: all {len(targets)} ready after {time.monotonic() - started:.0f} s")
            return
        now = time.monotonic()
        for target in waiting:
            if target.failed(now):
                reasons = _reasons(client, [target])
                raise WaitTimeout(_text(f"{what}: {target.key} has failed", reasons), reasons)
        if now >= deadline:
            reasons = _reasons(client, waiting)
            ready = len(targets) - len(waiting)
            head = (
                f"{what}: {ready} of {len(targets)} ready when the time was over ({now - started:.0f} s); "
                "not ready is what follows. Correct it, or raise wait_timeout"
            )
            raise WaitTimeout(_text(head, reasons), reasons)
        first = waiting[0]
        state = _state(client, first)
        known = since.get(first.key)
        if known is None or known[0] != state:
            since[first.key] = (state, now)
        line = f"{len(targets) - len(waiting)} of {len(targets)} ready; {first.key}: {state}"
        more = f", and {len(waiting) - 1} more" if len(waiting) > 1 else ""
        if line != said or now - said_at > _HEARTBEAT:
            progress(f"{what}: {line} {now - since[first.key][1]:.0f} s{more}")
            said, said_at = line, now
        time.sleep(min(interval, max(0.05, deadline - now)))
        interval = min(interval * 1.3, 3.0)
        _refresh(client, waiting, targets)


def _refresh(client: Client, waiting: list[Target], targets: list[Target]) -> None:
    """Members of a kind with one question, where there are many and most of what it reads is awaited."""
    sizes = Counter(_together(target) for target in targets)
    groups: dict[tuple[str, str, str], list[Target]] = {}
    for target in waiting:
        groups.setdefault(_together(target), []).append(target)
    alone: list[Target] = []
    for (api_version, kind, whose), group in groups.items():
        there: dict[Key, Obj] = {}
        if whose and len(group) >= max(WORTH, sizes[api_version, kind, whose] // _READ_ALONG):
            try:
                members = client.list(api_version, kind, label_selector=f"{PART_OF}={whose}")
                there = {key_of(obj): obj for obj in members}
            except (NotFound, Forbidden):
                pass
        for target in group:
            target.seen = there.get(target.key)
        alone += [target for target in group if target.seen is None]  # gone, or without its label
    in_parallel(lambda target: target.refresh(client), alone)


def _together(target: Target) -> tuple[str, str, str]:
    return target.api_version, target.kind, target.applyset


def _state(client: Client, target: Target) -> str:
    """One phrase, with what the first Pod that is not ready says."""
    phrase = target.state()[1]
    if target.seen is None or target.condition:
        return phrase
    try:
        problems = [problem for pod in pods_of(client, target.seen) if (problem := pod_problem(pod))]
    except KubeError:
        problems = []
    return f"{phrase}, {problems[0]}" if problems else phrase


def _reasons(client: Client, waiting: list[Target]) -> list[str]:
    asked = in_parallel(lambda target: _state(client, target), waiting[:_ASKED])
    states = [*asked, *(target.state()[1] for target in waiting[_ASKED:])]
    known = [(str(target.key), state, target.seen) for target, state in zip(waiting, states, strict=True)]
    return report(client, known, MOST_LINES - 1)


def _text(head: str, reasons: list[str]) -> str:
    return "\n".join([head, *reasons])
