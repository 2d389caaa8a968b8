# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and writing the few objects both modules need, through the collection's Kubernetes client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import ApiError, NotFound

from .pods import owner_uids, uid_of
from .text import clean_log

Obj = dict[str, Any]


@dataclass
class Look:
    """Builder Jobs and pods of a namespace at one moment."""

    jobs: list[Obj] = field(default_factory=list)
    pods: list[Obj] = field(default_factory=list)

    @classmethod
    def builders(cls, client: Any, namespace: str, selector: str) -> Look:
        return cls(
            jobs=client.list("batch/v1", "Job", namespace, label_selector=selector),
            pods=client.list("v1", "Pod", namespace, label_selector=selector),
        )

    def children(self, request: Obj) -> tuple[list[Obj], list[Obj]]:
        """Found by owner, not by name: 1.1.4 splits digits from letters in names, and labels can be overridden."""
        jobs = [job for job in self.jobs if uid_of(request) in owner_uids(job)]
        owners = {uid_of(request)} | {uid_of(job) for job in jobs}
        return jobs, [pod for pod in self.pods if owners & owner_uids(pod)]

    @staticmethod
    def events(client: Any, namespace: str, uids: set[str]) -> list[Obj]:
        """Warnings about these objects, the latest last."""
        found = client.list("v1", "Event", namespace, field_selector="type=Warning")
        mine = [event for event in found if (event.get("involvedObject") or {}).get("uid") in uids]
        return sorted(mine, key=lambda e: str(e.get("lastTimestamp") or e.get("eventTime") or ""))


@dataclass
class Change:
    changed: bool
    after: Obj
    diff: Obj


def fields(obj: Obj | None) -> Obj:
    """What is shown and compared: neither status nor what the server keeps for itself."""
    if not obj:
        return {}
    metadata = obj.get("metadata") or {}
    kept = {key: metadata[key] for key in ("name", "namespace", "labels", "annotations") if metadata.get(key)}
    return {
        "apiVersion": obj.get("apiVersion"),
        "kind": obj.get("kind"),
        "metadata": kept,
        "spec": obj.get("spec") or {},
    }


def apply_if_changed(
    client: Any, desired: Obj, live: Obj | None, *, force: bool, check_mode: bool, compare: bool = True
) -> Change:
    """Server-side apply, written only when a dry run shows a difference. Without compare it is to be made anew."""
    try:
        after = client.apply(desired, dry_run=True, force=force) if compare else desired
    except NotFound:
        # Its namespace or kind is not there yet: in check mode something before us would have made it.
        if not check_mode:
            raise
        after = desired
    before, predicted = fields(live), fields(after)
    changed = before != predicted
    if changed and not check_mode:
        after = client.apply(desired, force=force)
    return Change(changed, after, {"before": before, "after": predicted})


def last_words(client: Any, namespace: str, pod: str, container: str, previous: bool = False) -> str:
    """The end of a container's log as text to append to an error; empty when there is none to be had."""
    if not pod or not container:
        return ""
    lines: list[str] = []
    for past in [True, False] if previous else [False]:
        try:
            lines = clean_log(client.pod_logs(namespace, pod, container, tail_lines=200, previous=past))
        except ApiError:
            continue
        if lines:
            break
    if not lines:
        return ""
    return f"\nLast lines of container {container} of Pod {pod}:\n" + "\n".join(lines)
