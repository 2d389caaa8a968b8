# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waits for an InferenceService: looks, judges, tells, and remembers what Knative cleans away when a revision fails."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import NotFound

from .errors import RolloutFailed, TimedOut
from .inference_spec import INFERENCE_API, KIND, RAW, mode_of
from .inference_verdict import INITIALIZER, SERVICE_LABEL, Scene, still_serving, storage_hint
from .look import Look, last_words
from .pods import uid_of
from .verdict import DONE, FAILED, STUCK, Patience, Verdict

Obj = dict[str, Any]
KNATIVE_API = "serving.knative.dev/v1"
_HEARTBEAT = 60.0  # seconds after which something is said although nothing has changed
_SETTLE = 5.0  # seconds in which KServe takes over a change that cannot be seen in what it makes


def look(client: Any, name: str, namespace: str) -> Scene:
    service = client.get_or_none(INFERENCE_API, KIND, name, namespace)
    scene = Scene(service)
    if service is None:
        return scene
    selector = f"{SERVICE_LABEL}={name}"
    if mode_of(service) != RAW:
        try:
            scene.knative = client.get_or_none(KNATIVE_API, "Service", f"{name}-predictor", namespace)
            by_service = f"serving.knative.dev/service={name}-predictor"
            scene.revisions = client.list(KNATIVE_API, "Revision", namespace, label_selector=by_service)
        except NotFound:
            pass  # no Knative: KServe says so itself
    scene.workloads = client.list("apps/v1", "Deployment", namespace, label_selector=selector)
    scene.pods = client.list("v1", "Pod", namespace, label_selector=selector)
    return scene


def look_closer(client: Any, namespace: str, scene: Scene) -> None:
    """What is only asked for while something is not ready."""
    name = (scene.service or {}).get("metadata", {}).get("name", "")
    scene.replica_sets = client.list("apps/v1", "ReplicaSet", namespace, label_selector=f"{SERVICE_LABEL}={name}")
    about = [scene.service, scene.knative, *scene.revisions, *scene.workloads, *scene.pods]
    scene.events = Look.events(client, namespace, {uid_of(obj) for obj in about if obj})


class Waiter:
    """One wait. before: the generation of what KServe had made, where that was there and the service was changed."""

    def __init__(
        self,
        client: Any,
        name: str,
        namespace: str,
        rule: Callable[[Scene], Verdict],
        *,
        deadline: float,
        timeout: float,
        poll: float,
        unschedulable: float,
        show: Callable[[str], None],
        before: int | None,
    ) -> None:
        self.client, self.name, self.namespace, self.rule = client, name, namespace, rule
        self.deadline, self.timeout, self.poll, self.unschedulable = deadline, timeout, poll, unschedulable
        self.show, self.before = show, before
        self.who = f"InferenceService {namespace}/{name}"
        self.started = time.monotonic()
        self._said, self._said_at = "", self.started
        self._seen: dict[str, str] = {}  # reason -> the log that went with it
        self._last = Verdict(DONE, "")  # the last that named a pod

    def wait(self) -> Scene:
        patience = Patience()
        while True:
            scene = look(self.client, self.name, self.namespace)
            verdict = self.rule(scene)
            if verdict.state == DONE and not self._settling(scene):
                self._tell("ready", quiet=not self._said)
                return scene
            if verdict.state == DONE:
                time.sleep(min(0.5, self.poll))
                continue
            look_closer(self.client, self.namespace, scene)
            verdict = self.rule(scene)
            if verdict.state == STUCK and verdict.grace < 0:
                verdict = Verdict(**{**verdict.__dict__, "grace": self.unschedulable})
            verdict = patience.judge(verdict)
            self._remember(verdict)
            self._tell(verdict.reason)
            if verdict.state == FAILED:
                raise RolloutFailed(self._obituary(verdict, scene))
            if time.monotonic() > self.deadline:
                raise TimedOut(
                    f"not ready after {self.timeout:g} s (raise wait_timeout if it needs longer): "
                    f"{self._obituary(verdict, scene)}"
                )
            time.sleep(min(self.poll, max(0.1, self.deadline - time.monotonic())))

    def _settling(self, scene: Scene) -> bool:
        """Whether KServe may still be about to act on the change."""
        generation = int(((scene.backing() or {}).get("metadata") or {}).get("generation") or 0)
        return generation == self.before and time.monotonic() - self.started < _SETTLE

    def _tell(self, reason: str, *, quiet: bool = False) -> None:
        now = time.monotonic()
        if not quiet and (reason != self._said or now - self._said_at > _HEARTBEAT):
            self.show(f"{self.who}: {reason} ({now - self.started:.0f} s)")
            self._said, self._said_at = reason, now

    def _remember(self, verdict: Verdict) -> None:
        """Knative takes the pods of a failed revision away, and their logs with them."""
        if not verdict.pod:
            return
        words = last_words(self.client, self.namespace, verdict.pod, verdict.container, verdict.previous)
        self._seen[verdict.reason] = words or self._seen.get(verdict.reason, "")
        self._last = verdict

    def _obituary(self, verdict: Verdict, scene: Scene) -> str:
        earlier = self._last if self._last.pod and not verdict.pod else None
        cause = earlier or verdict
        text = f"{self.who}: {verdict.reason}"
        if earlier:
            text += f"; before that: {earlier.reason}"
        words = self._seen.get(cause.reason, "")
        hint = cause.hint
        if cause.container == INITIALIZER:
            predictor = ((scene.service or {}).get("spec") or {}).get("predictor") or {}
            uri = str((predictor.get("model") or {}).get("storageUri") or "the model's address")
            hint = storage_hint(uri, f"{cause.reason}\n{words}") or hint
        for part in (hint, still_serving(scene)):
            if part:
                text += f"; {part}"
        return text + words
