# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a BentoDeployment serve? Its condition Available only says that objects were written, so the truth is read from
the Deployments, their pods, the HorizontalPodAutoscalers and the Ingress."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from . import pods as pod_rules
from .pods import condition, is_going, name_of, owner_uids, problem, uid_of
from .quantity import same
from .text import first_line
from .verdict import DONE, FAILED, STUCK, WORKING, Verdict

Obj = dict[str, Any]

MAIN = "main"
CRASHES = 3
GRACE_BENTO, GRACE_BUILD, GRACE_IMAGE, GRACE_CRASH, GRACE_QUOTA, GRACE_OPERATOR, GRACE_SILENCE = (
    10.0,
    30.0,
    20.0,
    20.0,
    15.0,
    15.0,
    90.0,
)
_REVISION = "deployment.kubernetes.io/revision"
# What the operator reports and no waiting will heal. Yatai being away is not among it.
_FINAL = re.compile(
    r"exceeded quota|is forbidden|is invalid|admission webhook .* denied|invalid port value|parse (limits|requests) "
    r"|unmarshal|no matches for kind",
    re.IGNORECASE,
)


@dataclass
class Scene:
    """Everything there is about one BentoDeployment at one moment."""

    deployment: Obj | None  # the BentoDeployment
    bento: Obj | None = None
    request: Obj | None = None
    workloads: list[Obj] = field(default_factory=list)
    replica_sets: list[Obj] = field(default_factory=list)
    pods: list[Obj] = field(default_factory=list)
    scalers: list[Obj] = field(default_factory=list)
    ingress: Obj | None = None
    events: list[Obj] = field(default_factory=list)


@dataclass(frozen=True)
class Component:
    """The API server (runner is empty) or a runner."""

    workload: str
    runner: str
    spec: Obj


def components(deployment: Obj, bento: Obj) -> list[Component]:
    """The operator makes one Deployment per runner of the Bento, whatever the BentoDeployment lists."""
    name, spec = name_of(deployment), deployment.get("spec") or {}
    own = {runner.get("name"): runner for runner in spec.get("runners") or []}
    found = [Component(name, "", spec)]
    for index, runner in enumerate((bento.get("spec") or {}).get("runners") or []):
        found.append(Component(f"{name}-runner-{index}", runner["name"], own.get(runner["name"]) or {}))
    return found


def judge(scene: Scene, gone_envs: dict[str, set[str]] | None = None) -> Verdict:
    """gone_envs: per runner ('' is the API server) the variables that the last change took away."""
    deployment = scene.deployment
    if deployment is None:
        return Verdict(FAILED, "the BentoDeployment was deleted")
    if scene.bento is None or is_going(scene.bento):
        return _no_bento(deployment, scene.request)
    by_name = {name_of(workload): workload for workload in scene.workloads if not is_going(workload)}
    scalers = {name_of(scaler): scaler for scaler in scene.scalers}
    waits: list[Verdict] = []
    for component in components(deployment, scene.bento):
        workload = by_name.get(component.workload)
        behind = (
            "is missing"
            if workload is None
            else lag(component, workload, scene.bento, (gone_envs or {}).get(component.runner, set()))
        )
        if behind or workload is None:
            waits.append(_operator(scene, f"Deployment {component.workload} {behind}"))
            continue
        waits.append(_rollout(scene, workload) or _scaler(component, workload, scalers.get(component.workload)))
    waits.append(_ingress(scene))
    # The worst first: a crash says more than the wait for something else.
    for state in (FAILED, STUCK, WORKING):
        found = [verdict for verdict in waits if verdict.state == state]
        if found:
            return found[0]
    return Verdict(DONE, "rolled out")


def _no_bento(deployment: Obj, request: Obj | None) -> Verdict:
    name = deployment["spec"].get("bento")
    if request is None:
        return Verdict(
            STUCK,
            f"there is no Bento {name} and no BentoRequest that would make it",
            GRACE_BENTO,
            hint="build its image first (bentobox.platform.image_build), in the same namespace",
        )
    available = condition(request, "BentoAvailable")
    if available.get("status") == "False":
        text = first_line(str(available.get("message") or ""))
        return Verdict(STUCK, f"the image of Bento {name} cannot be built: {text}", GRACE_BUILD)
    return Verdict(WORKING, f"the image of Bento {name} is being built")


def lag(component: Component, workload: Obj, bento: Obj, gone: set[str]) -> str:
    """What of the specification the operator has not written into the Deployment yet; '' when all of it is there."""
    template = (workload.get("spec") or {}).get("template") or {}
    containers = {c.get("name"): c for c in (template.get("spec") or {}).get("containers") or []}
    main = containers.get(MAIN)
    if main is None:
        return "has no container main"
    image = bento["spec"]["image"]
    if main.get("image") != image:
        return f"still has image {main.get('image')} instead of {image}"
    version = str(bento["spec"].get("tag", "")).partition(":")[2]
    labels = (template.get("metadata") or {}).get("labels") or {}
    if labels.get("yatai.ai/bento-version", version) != version:
        return f"is still of bento version {labels['yatai.ai/bento-version']}"
    have = {entry["name"]: entry.get("value", "") for entry in main.get("env") or []}
    for entry in component.spec.get("envs") or []:
        # The operator may write the monitoring options into this one.
        if entry["name"] != "BENTOML_CONFIG_OPTIONS" and have.get(entry["name"]) != entry.get("value", ""):
            return f"does not have the new value of {entry['name']}"
    left = sorted(gone & set(have))
    if left:
        return f"still has {', '.join(left)}"
    return _resources_lag(component.spec.get("resources") or {}, main.get("resources") or {})


def _resources_lag(wanted: Obj, have: Obj) -> str:
    for kind in ("requests", "limits"):
        given = wanted.get(kind) or {}
        amounts = {key: given[key] for key in ("cpu", "memory") if given.get(key)} | (given.get("custom") or {})
        if kind == "limits" and given.get("gpu"):
            amounts["nvidia.com/gpu"] = given["gpu"]
        for name, amount in amounts.items():
            if not same(str((have.get(kind) or {}).get(name, "")), str(amount)):
                return f"does not have {kind} {name} {amount}"
    return ""


def _operator(scene: Scene, what: str) -> Verdict:
    deployment = scene.deployment or {}
    if not (deployment.get("status") or {}).get("conditions"):
        return Verdict(
            STUCK,
            "yatai-deployment has not touched the BentoDeployment",
            GRACE_SILENCE,
            hint="is the operator running, and is this one of its namespaces (yatai_deployment_bento_namespaces)?",
        )
    available = condition(deployment, "Available")
    told = str(available.get("message") or "") if available.get("status") == "False" else ""
    if not told:
        return Verdict(WORKING, what)
    text = first_line(told.removeprefix("Failed to reconcile BentoDeployment: "))
    if _FINAL.search(told):
        return Verdict(STUCK, f"yatai-deployment says: {text}", GRACE_OPERATOR)
    return Verdict(WORKING, f"{what}; yatai-deployment says: {text}")


def _rollout(scene: Scene, workload: Obj) -> Verdict | None:
    """None when all replicas of the newest version are up and none of an older one is left."""
    name, spec, status = name_of(workload), workload.get("spec") or {}, workload.get("status") or {}
    wanted = spec.get("replicas", 1)
    counts = {key: int(status.get(key) or 0) for key in ("updatedReplicas", "availableReplicas", "replicas")}
    current = int(status.get("observedGeneration") or 0) >= int(workload["metadata"].get("generation") or 0)
    if (
        current
        and counts["updatedReplicas"] == counts["availableReplicas"] == counts["replicas"] == wanted
        and wanted > 0
    ):
        return None
    if not current:
        return Verdict(WORKING, f"Deployment {name} is not seen by its controller yet")
    refused = condition(workload, "ReplicaFailure")
    if refused.get("status") == "True":
        text = first_line(str(refused.get("message") or ""))
        hint = "raise the namespace's ResourceQuota or lower resources" if "quota" in text else ""
        return Verdict(STUCK, f"Deployment {name} cannot make its pods: {text}", GRACE_QUOTA, hint=hint)
    troubled = _pods(scene, workload)
    if troubled:
        return troubled
    progressing = condition(workload, "Progressing")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return Verdict(FAILED, f"Deployment {name}: {first_line(str(progressing.get('message') or ''))}")
    return Verdict(
        WORKING,
        f"Deployment {name}: {counts['updatedReplicas']} of {wanted} replicas are new, "
        f"{counts['availableReplicas']} of {counts['replicas']} are up" + _not_ready(scene, workload),
    )


def current_pods(scene: Scene, workload: Obj) -> list[Obj]:
    """The pods of the Deployment's newest revision; what an older one suffers from is about to end."""
    revision = (workload["metadata"].get("annotations") or {}).get(_REVISION)
    mine = [rs for rs in scene.replica_sets if uid_of(workload) in owner_uids(rs)]
    newest = {uid_of(rs) for rs in mine if (rs["metadata"].get("annotations") or {}).get(_REVISION) == revision}
    return [pod for pod in scene.pods if owner_uids(pod) & newest and not is_going(pod)]


def _pods(scene: Scene, workload: Obj) -> Verdict | None:
    found: list[Verdict] = []
    for pod in current_pods(scene, workload):
        told = problem(pod)
        if told is None:
            continue
        about = {"pod": name_of(pod), "container": told.container, "previous": told.previous}
        if told.kind == pod_rules.UNSCHEDULABLE:
            found.append(Verdict(STUCK, told.message, -1.0, pod=name_of(pod)))
        elif told.kind == pod_rules.IMAGE:
            hint = "can the nodes reach that registry, and is there a pull secret for it?"
            found.append(Verdict(STUCK, told.message, GRACE_IMAGE, pod=name_of(pod), hint=hint))
        elif told.kind == pod_rules.CONFIG:
            found.append(Verdict(STUCK, told.message, GRACE_IMAGE, pod=name_of(pod)))
        elif told.kind in (pod_rules.CRASH, pod_rules.INIT):
            hint = "raise resources.limits.memory" if told.oom else _unhealthy(scene, {uid_of(pod): name_of(pod)})
            state = FAILED if told.restarts >= CRASHES else STUCK
            reason = re.sub(r"back-off .* restarting", "restarting", told.message)
            found.append(Verdict(state, reason, GRACE_CRASH, hint=hint, **about))  # type: ignore[arg-type]
    return min(found, key=lambda verdict: verdict.state != FAILED) if found else None


def _not_ready(scene: Scene, workload: Obj) -> str:
    said = _unhealthy(scene, {uid_of(pod): name_of(pod) for pod in current_pods(scene, workload)})
    return f"; {said}" if said else ""


def _unhealthy(scene: Scene, pods: dict[str, str]) -> str:
    """The probes' own words about one of these pods, by uid."""
    for event in reversed(scene.events):
        uid = (event.get("involvedObject") or {}).get("uid")
        if event.get("reason") == "Unhealthy" and uid in pods:
            return f"Pod {pods[uid]}: {first_line(str(event.get('message') or ''))}"
    return ""


def _scaler(component: Component, workload: Obj, scaler: Obj | None) -> Verdict:
    if scaler is None:
        return Verdict(WORKING, f"HorizontalPodAutoscaler {component.workload} is missing")
    wanted = component.spec.get("autoscaling") or {"minReplicas": 1, "maxReplicas": 1}
    have = scaler.get("spec") or {}
    low, high = have.get("minReplicas", 1), have.get("maxReplicas")
    if (low, high) != (wanted["minReplicas"], wanted["maxReplicas"]):
        return Verdict(WORKING, f"HorizontalPodAutoscaler {component.workload} still allows {low} to {high} replicas")
    # Each of the operator's updates sets one replica; the autoscaler brings the others back some seconds later.
    replicas = (workload.get("spec") or {}).get("replicas", 1)
    if not low <= replicas <= high:
        return Verdict(WORKING, f"Deployment {component.workload} has {replicas} replicas and will be scaled to {low}")
    return Verdict(DONE, "")


def _ingress(scene: Scene) -> Verdict:
    deployment = scene.deployment or {}
    enabled = (deployment["spec"].get("ingress") or {}).get("enabled")
    if enabled and scene.ingress is None:
        return _operator(scene, "the Ingress is missing")
    if not enabled and scene.ingress is not None and uid_of(deployment) in owner_uids(scene.ingress):
        return Verdict(WORKING, "the Ingress is still there")
    return Verdict(DONE, "")
