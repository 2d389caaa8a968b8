# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings an InferenceService up, moves its traffic between revisions, and tells the truth about whether it serves."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import Forbidden, NotFound, UnknownKind
from ansible_collections.bentobox.platform.plugins.module_utils.kube.patience import patiently
from ansible_collections.bentobox.platform.plugins.module_utils.kube.refusals import passing

from .errors import OptionError, ServingError, TimedOut
from .inference_report import report
from .inference_runtime import choose
from .inference_spec import INFERENCE_API, KIND, check_mode_fits, check_options, manifest
from .inference_traffic import Move, held_back, plan
from .inference_verdict import SERVICE_LABEL, Scene, heard_of, judge, judge_traffic
from .inference_wait import Waiter, look
from .look import Change, Look, apply_if_changed, fields
from .pods import condition, is_going, name_of, uid_of
from .verdict import Verdict

Obj = dict[str, Any]
T = TypeVar("T")
RUNTIME_API = "serving.kserve.io/v1alpha1"
_WEBHOOK_PATIENCE = 120.0  # seconds that KServe's webhook, which has one pod, may be away


@dataclass
class Settings:
    """What of the options is not in the InferenceService."""

    wait: bool = True
    timeout: float = 600.0
    unschedulable_timeout: float = 60.0
    take_ownership: bool = False
    check_mode: bool = False
    poll: float = 2.0


def run(params: Obj, check_mode: bool, show: Callable[[str], None], warn: Callable[[str], None]) -> Obj:
    """Raises ServingError and KubeError; returns what the module returns."""
    settings = Settings(
        wait=params["wait"],
        timeout=params["wait_timeout"],
        unschedulable_timeout=params["unschedulable_timeout"],
        take_ownership=params["take_ownership"],
        check_mode=check_mode,
    )
    moving = bool(params["promote"] or params["rollback"])
    desired = manifest(params) if params["state"] == "present" and not moving else None
    if moving:
        check_options(params)
    service = InferenceService(Client.from_params(params), params["name"], params["namespace"], settings, show, warn)
    if params["state"] == "absent":
        return service.absent()
    if desired is None:
        return service.move(Move.PROMOTE if params["promote"] else Move.ROLLBACK)
    return service.present(desired)


class InferenceService:
    def __init__(
        self,
        client: Any,
        name: str,
        namespace: str,
        settings: Settings,
        show: Callable[[str], None] = lambda _text: None,
        warn: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self.client, self.name, self.namespace, self.settings = client, name, namespace, settings
        self.show, self.warn = show, warn
        self.start = time.monotonic()
        self.generation: int | None = None  # of what KServe had made of it before it was changed
        self.heard: list[Obj] = []  # what KServe had said until then
        self.who = f"InferenceService {namespace}/{name}"

    # -- present ---------------------------------------------------------------------------------------------------
    def present(self, desired: Obj) -> Obj:
        live = self._live()
        self._check_runtime(desired)
        change = self._predict(desired, live)
        if self.settings.check_mode or not self.settings.wait:
            self._write(desired, live, change)
            return self._result(change, look(self.client, self.name, self.namespace) if live else Scene(change.after))
        gone = _variables(live) - _variables(change.after)

        def ready(scene: Scene) -> Verdict:
            return judge(scene, gone, self.heard)

        held = held_back(desired, live) if live else None
        if held:
            self._apply(held, live)
            live = self._wait(ready).service
        self._write(desired, live, change)
        return self._result(change, self._wait(ready))

    def _live(self) -> Obj | None:
        try:
            live: Obj | None = self.client.get(INFERENCE_API, KIND, self.name, self.namespace)
        except UnknownKind:
            if self.settings.check_mode:
                self.warn("the cluster knows no InferenceService v1beta1 yet: what would happen is a guess")
                return None
            raise ServingError(
                "the cluster knows no InferenceService v1beta1: install KServe first (role bentobox.platform.kserve)"
            ) from None
        except NotFound:
            return None
        if live and is_going(live) and not self.settings.check_mode:
            self._wait_gone(live)
            return None
        return live

    def _check_runtime(self, desired: Obj) -> None:
        predictor = desired["spec"]["predictor"]
        model = predictor.get("model")
        if not isinstance(model, dict) or not (model.get("modelFormat") or {}).get("name"):
            return  # a container of the user's own, or one of the old fields that KServe turns into a model
        if predictor.get("workerSpec") and not model.get("runtime"):
            return  # served by several nodes together, for which KServe has rules of its own
        try:
            own = self.client.list(RUNTIME_API, "ServingRuntime", self.namespace)
            shared = self.client.list(RUNTIME_API, "ClusterServingRuntime")
        except (UnknownKind, Forbidden) as error:
            self.warn(f"nobody knows whether a serving runtime takes this model: {error}")
            return
        try:
            choose(model, own, shared)
        except OptionError as error:
            if self.settings.check_mode and not (own or shared):
                self.warn(f"{error}. In check mode that is no error: a task before this one may make them")
                return
            raise OptionError(f"{self.who}: {error} Nothing was changed") from None

    def _apply(self, desired: Obj, live: Obj | None) -> Change:
        """Predicted first, since only the API server's answer tells the mode; then written if it changes anything."""
        change = self._predict(desired, live)
        self._write(desired, live, change)
        return change

    def _predict(self, desired: Obj, live: Obj | None) -> Change:
        force = self.settings.take_ownership
        change = self._patiently(lambda: apply_if_changed(self.client, desired, live, force=force, check_mode=True))
        check_mode_fits(change.after)
        return change

    def _write(self, desired: Obj, live: Obj | None, change: Change) -> None:
        if not change.changed or self.settings.check_mode:
            return
        if live is not None and self.settings.wait:
            scene = look(self.client, self.name, self.namespace)
            scene.events = Look.events(self.client, self.namespace, {uid_of(live)})
            self.generation = int(((scene.backing() or {}).get("metadata") or {}).get("generation") or 0)
            self.heard = heard_of(scene)
        # The same write was accepted a moment ago, but by a webhook that may be restarting now.
        change.after = self._patiently(lambda: self.client.apply(desired, force=self.settings.take_ownership))

    def _patiently(self, call: Callable[[], T]) -> T:
        until = min(self.start + self.settings.timeout, time.monotonic() + _WEBHOOK_PATIENCE)
        return patiently(call, passing, until, lambda text: self.show(f"{self.who}: {text}"))

    # -- traffic ---------------------------------------------------------------------------------------------------
    def move(self, move: Move) -> Obj:
        """Promotion and roll back change where requests go, and nothing else."""
        live = self._live()
        if live is None:
            if self.settings.check_mode:
                self.warn(f"there is no {self.who} yet, so nothing can be said of its traffic")
                return self._result(Change(False, {}, {"before": {}, "after": {}}), Scene(None))
            raise OptionError(f"there is no {self.who} whose traffic could be moved")
        scene = look(self.client, self.name, self.namespace)
        planned = plan(move, live, scene)
        change = self._apply(planned.desired, live) if planned.desired else Change(False, live, _same(live))
        if self.settings.check_mode or not self.settings.wait:
            return self._result(change, scene)
        if move is Move.PROMOTE:
            return self._result(change, self._wait(lambda seen: judge(seen, heard=self.heard)))
        after = self._wait(lambda seen: judge_traffic(seen, planned.target))
        if condition(after.service, "Ready").get("status") != "True":
            self.warn(
                f"{self.who}: all requests go to revision {planned.target} again; its newest revision is not ready, so "
                "KServe goes on reporting the whole as not ready"
            )
        return self._result(change, after)

    def _wait(self, rule: Callable[[Scene], Verdict]) -> Scene:
        waiter = Waiter(
            self.client, self.name, self.namespace, rule,
            deadline=self.start + self.settings.timeout, timeout=self.settings.timeout, poll=self.settings.poll,
            unschedulable=self.settings.unschedulable_timeout, show=self.show,
            before=self.generation,
        )  # fmt: skip
        return waiter.wait()

    # -- absent ----------------------------------------------------------------------------------------------------
    def absent(self) -> Obj:
        try:
            live = self.client.get_or_none(INFERENCE_API, KIND, self.name, self.namespace)
        except UnknownKind:
            return self._result(Change(False, {}, {"before": {}, "after": {}}), Scene(None))
        if live and not self.settings.check_mode:
            self.client.delete(INFERENCE_API, KIND, self.name, self.namespace, uid=uid_of(live))
        if self.settings.wait and not self.settings.check_mode:
            self._wait_gone(live)
        before = fields(live) if live else {}
        return self._result(Change(live is not None, {}, {"before": before, "after": {}}), Scene(live))

    def _wait_gone(self, live: Obj | None) -> None:
        """Wait until it and its pods are gone, which outlive it: also those of one that was deleted earlier."""
        deadline = time.monotonic() + self.settings.timeout
        said = False
        while True:
            left = self._left(live)
            if not left:
                return
            if not said:
                self.show(f"{self.who} is being deleted; waiting for {', '.join(left)}")
                said = True
            if time.monotonic() > deadline:
                finalizers = ", ".join((live or {}).get("metadata", {}).get("finalizers") or [])
                raise TimedOut(
                    f"{self.who} was deleted, but after {self.settings.timeout:g} s there is still {', '.join(left)}"
                    + (f"; finalizers: {finalizers}. Is kserve-controller-manager running?" if finalizers else "")
                )
            time.sleep(0.5)

    def _left(self, live: Obj | None) -> list[str]:
        current = self.client.get_or_none(INFERENCE_API, KIND, self.name, self.namespace)
        if current is not None:
            # Another one of the same name, made meanwhile, is none of our business, nor are its pods.
            return [self.who] if live and uid_of(current) == uid_of(live) else []
        pods = self.client.list("v1", "Pod", self.namespace, label_selector=f"{SERVICE_LABEL}={self.name}")
        return [f"Pod {name_of(pod)}" for pod in pods]

    # -- result ----------------------------------------------------------------------------------------------------
    def _result(self, change: Change, scene: Scene) -> Obj:
        return {
            "changed": change.changed,
            "diff": change.diff,
            "name": self.name,
            "namespace": self.namespace,
            **report(scene),
            "seconds": round(time.monotonic() - self.start, 1),
        }


def _same(live: Obj) -> Obj:
    return {"before": fields(live), "after": fields(live)}


def _variables(service: Obj | None) -> set[str]:
    predictor = ((service or {}).get("spec") or {}).get("predictor") or {}
    return {entry["name"] for entry in (predictor.get("model") or {}).get("env") or []}
