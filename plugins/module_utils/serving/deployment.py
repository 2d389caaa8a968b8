# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a BentoDeployment up, and tells the truth about whether it serves."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import NotFound, UnknownKind

from . import deployment_verdict as rules
from .deployment_check import PORT, Check, Settings
from .deployment_verdict import Scene
from .errors import RolloutFailed, ServingError, TimedOut
from .look import Look, apply_if_changed, fields, last_words
from .names import RESOURCES_API, SERVING_API
from .pods import conditions, is_going, name_of, owner_uids, uid_of
from .verdict import DONE, FAILED, STUCK, Patience, Verdict

Obj = dict[str, Any]

LABEL = "yatai.ai/bento-deployment"
# What the operator makes for one BentoDeployment, all of it labelled.
MADE = (
    ("apps/v1", "Deployment"),
    ("apps/v1", "ReplicaSet"),
    ("v1", "Pod"),
    ("v1", "Service"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("networking.k8s.io/v1", "Ingress"),
)


class BentoDeployment:
    def __init__(
        self,
        client: Any,
        name: str,
        namespace: str,
        settings: Settings,
        warn: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self.client, self.name, self.namespace = client, name, namespace
        self.settings, self.warn = settings, warn

    # -- present ---------------------------------------------------------------------------------------------------
    def present(self, desired: Obj) -> Obj:
        start = time.monotonic()
        live = self._live()
        bento = desired["spec"]["bento"]
        if not self._known(bento):
            text = f"there is neither a Bento nor a BentoRequest {self.namespace}/{bento}"
            if self.settings.wait and not self.settings.check_mode:
                raise RolloutFailed(
                    f"{text}; build its image first (bentobox.platform.image_build). Nothing was changed"
                )
            self.warn(text)
        change = apply_if_changed(
            self.client, desired, live, force=self.settings.take_ownership, check_mode=self.settings.check_mode
        )
        result = {"changed": change.changed, "diff": change.diff}
        after = change.after
        if self.settings.check_mode or not self.settings.wait:
            scene = self._scene() if live else Scene(after)
            return {**result, **self._facts(scene, start)}
        gone = _gone_envs(live, after)
        scene = self._wait(start, gone, conditions(after) if change.changed else [])
        facts = self._facts(scene, start)
        check = Check(self.client, self.name, self.namespace, self.settings, self.warn)
        check.ingress(facts["urls"].get("ingress", ""), scene.ingress, start)
        if self.settings.probe:
            facts["probe"] = check.probe(start)
        facts["seconds"] = round(time.monotonic() - start, 1)
        return {**result, **facts}

    def _known(self, bento: str) -> bool:
        try:
            return any(
                self.client.get_or_none(RESOURCES_API, kind, bento, self.namespace)
                for kind in ("Bento", "BentoRequest")
            )
        except UnknownKind:
            return False

    def _live(self) -> Obj | None:
        try:
            live: Obj | None = self.client.get(SERVING_API, "BentoDeployment", self.name, self.namespace)
        except UnknownKind:
            if self.settings.check_mode:
                self.warn("the cluster knows no BentoDeployment v2alpha1 yet: what would happen is a guess")
                return None
            raise ServingError(
                "the cluster knows no BentoDeployment v2alpha1: install yatai-deployment first "
                "(role bentobox.platform.yatai_deployment)"
            ) from None
        except NotFound:
            return None
        if live and is_going(live) and not self.settings.check_mode:
            self._wait_gone(live)
            return None
        return live

    def _scene(self) -> Scene:
        client, selector = self.client, f"{LABEL}={self.name}"
        deployment = client.get_or_none(SERVING_API, "BentoDeployment", self.name, self.namespace)
        bento = (deployment or {}).get("spec", {}).get("bento", "")
        scene = Scene(
            deployment,
            bento=client.get_or_none(RESOURCES_API, "Bento", bento, self.namespace) if bento else None,
            workloads=client.list("apps/v1", "Deployment", self.namespace, label_selector=selector),
            scalers=client.list("autoscaling/v2", "HorizontalPodAutoscaler", self.namespace, label_selector=selector),
            ingress=client.get_or_none("networking.k8s.io/v1", "Ingress", self.name, self.namespace),
        )
        if scene.bento is None and bento:
            scene.request = client.get_or_none(RESOURCES_API, "BentoRequest", bento, self.namespace)
        return scene

    def _details(self, scene: Scene) -> Scene:
        """Pods and events, which are only asked for while something is not ready."""
        client, selector = self.client, f"{LABEL}={self.name}"
        scene.replica_sets = client.list("apps/v1", "ReplicaSet", self.namespace, label_selector=selector)
        scene.pods = client.list("v1", "Pod", self.namespace, label_selector=selector)
        uids = {uid_of(obj) for obj in (scene.deployment or {}, *scene.workloads, *scene.pods)}
        scene.events = Look.events(client, self.namespace, uids)
        return scene

    def _wait(self, start: float, gone: dict[str, set[str]], heard: list[Obj]) -> Scene:
        deadline = start + self.settings.timeout
        patience = Patience()
        while True:
            scene = self._scene()
            verdict = rules.judge(scene, gone, heard)
            if verdict.state == DONE:
                return scene
            verdict = rules.judge(self._details(scene), gone, heard)
            if verdict.state == STUCK and verdict.grace < 0:
                verdict = Verdict(**{**verdict.__dict__, "grace": self.settings.unschedulable_timeout})
            verdict = patience.judge(verdict)
            if verdict.state == FAILED:
                raise RolloutFailed(self._obituary(verdict))
            if time.monotonic() > deadline:
                raise TimedOut(
                    f"not ready after {self.settings.timeout:g} s (raise wait_timeout if it needs longer): "
                    f"{self._obituary(verdict)}"
                )
            time.sleep(min(self.settings.poll, max(0.1, deadline - time.monotonic())))

    def _obituary(self, verdict: Verdict) -> str:
        text = f"BentoDeployment {self.namespace}/{self.name}: {verdict.reason}"
        if verdict.hint:
            text += f"; {verdict.hint}"
        return text + last_words(self.client, self.namespace, verdict.pod, verdict.container, verdict.previous)

    # -- absent ----------------------------------------------------------------------------------------------------
    def absent(self) -> Obj:
        start = time.monotonic()
        try:
            live = self.client.get_or_none(SERVING_API, "BentoDeployment", self.name, self.namespace)
        except UnknownKind:
            live = None
        facts = self._facts(Scene(live), start)
        if live is None:
            return {"changed": False, "diff": {"before": {}, "after": {}}, **facts}
        if not self.settings.check_mode:
            self.client.delete(SERVING_API, "BentoDeployment", self.name, self.namespace, uid=uid_of(live))
            if self.settings.wait:
                self._wait_gone(live)
        facts["seconds"] = round(time.monotonic() - start, 1)
        return {"changed": True, "diff": {"before": fields(live), "after": {}}, **facts}

    def _wait_gone(self, live: Obj) -> None:
        deadline = time.monotonic() + self.settings.timeout
        while True:
            left = self._left(live)
            if not left:
                return
            if time.monotonic() > deadline:
                raise TimedOut(
                    f"BentoDeployment {self.namespace}/{self.name} was deleted, but after {self.settings.timeout:g} s "
                    f"there is still {', '.join(left)}; is kube-controller-manager, which collects garbage, running?"
                )
            time.sleep(0.5)

    def _left(self, live: Obj) -> list[str]:
        current = self.client.get_or_none(SERVING_API, "BentoDeployment", self.name, self.namespace)
        if current and uid_of(current) == uid_of(live):
            return [f"BentoDeployment {self.name}"]
        objects: list[Obj] = []
        for api_version, kind in MADE:
            objects += self.client.list(api_version, kind, self.namespace, label_selector=f"{LABEL}={self.name}")
        config = self.client.get_or_none("v1", "ConfigMap", f"{self.name}-envoy-config", self.namespace)
        # Made again meanwhile for a new BentoDeployment of this name: not what we wait for.
        other = {uid_of(current)} if current else set()
        owned = [obj for obj in (*objects, *([config] if config else [])) if not owner_uids(obj) & other]
        return sorted(
            f"{obj['kind']} {name_of(obj)}" for obj in owned if obj is not config or uid_of(live) in owner_uids(obj)
        )

    # -- result ----------------------------------------------------------------------------------------------------
    def _facts(self, scene: Scene, start: float) -> Obj:
        deployment = scene.deployment or {}
        runners: dict[str, int] = {}
        by_name = {name_of(workload): workload for workload in scene.workloads}
        api = int(((by_name.get(self.name) or {}).get("status") or {}).get("availableReplicas") or 0)
        if deployment and scene.bento:
            for component in rules.components(deployment, scene.bento):
                if component.runner:
                    status = (by_name.get(component.workload) or {}).get("status") or {}
                    runners[component.runner] = int(status.get("availableReplicas") or 0)
        urls = {"service": f"http://{self.name}.{self.namespace}.svc:{PORT}"}
        host = ""
        if scene.ingress and uid_of(deployment) in owner_uids(scene.ingress):
            spec = scene.ingress.get("spec") or {}
            rule = (spec.get("rules") or [{}])[0]
            host = rule.get("host") or ""
            path = (((rule.get("http") or {}).get("paths") or [{}])[0]).get("path") or "/"
            # Some controllers' paths are patterns, as in /(.*): only a plain prefix is part of the address.
            prefix = path.rstrip("/") if path.replace("/", "").replace("-", "").isalnum() else ""
            urls["ingress"] = f"{'https' if spec.get('tls') else 'http'}://{host}{prefix}"
        return {
            "name": self.name,
            "namespace": self.namespace,
            "bento": (deployment.get("spec") or {}).get("bento", ""),
            "image": ((scene.bento or {}).get("spec") or {}).get("image") or "",
            "urls": urls,
            "host": host,
            "replicas": {"api": api, "runners": runners},
            "probe": {},
            "conditions": conditions(deployment),
            "seconds": round(time.monotonic() - start, 1),
        }


def _gone_envs(before: Obj | None, after: Obj) -> dict[str, set[str]]:
    """Variables that this change takes away, per runner; '' is the API server."""

    def names(obj: Obj | None) -> dict[str, set[str]]:
        spec = (obj or {}).get("spec") or {}
        found = {"": {entry["name"] for entry in spec.get("envs") or []}}
        for runner in spec.get("runners") or []:
            found[runner.get("name", "")] = {entry["name"] for entry in runner.get("envs") or []}
        return found

    new = names(after)
    return {runner: old - new.get(runner, set()) for runner, old in names(before).items()}
