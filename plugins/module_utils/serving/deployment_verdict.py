# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does a BentoDeployment serve? Its condition Available only says that objects were written, so the truth is read from
the Deployments, their pods, the HorizontalPodAutoscalers and the Ingress."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .pods import condition, conditions, is_going, name_of, owner_uids, uid_of
from .quantity import same
from .rollout import rollout
from .text import first_line
from .verdict import DONE, FAILED, GRACE_SILENCE, STUCK, WORKING, Verdict, grace_of

Obj = dict[str, Any]

MAIN = "main"
GRACE_BENTO, GRACE_BUILD, GRACE_OPERATOR = 10.0, 30.0, 15.0
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


def judge(scene: Scene, gone_envs: dict[str, set[str]] | None = None, heard: Sequence[Obj] = ()) -> Verdict:
    """gone_envs: per runner ('' is the API server) the variables that the last change took away. heard: the conditions
    there were when the BentoDeployment was changed."""
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
            waits.append(_operator(scene, f"Deployment {component.workload} {behind}", heard))
            continue
        waits.append(rollout(scene, workload) or _scaler(component, workload, scalers.get(component.workload)))
    waits.append(_ingress(scene, heard))
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


def _operator(scene: Scene, what: str, heard: Sequence[Obj]) -> Verdict:
    deployment = scene.deployment or {}
    if not conditions(deployment):
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
        return Verdict(STUCK, f"yatai-deployment says: {text}", grace_of(available, heard, GRACE_OPERATOR))
    return Verdict(WORKING, f"{what}; yatai-deployment says: {text}")


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


def _ingress(scene: Scene, heard: Sequence[Obj]) -> Verdict:
    deployment = scene.deployment or {}
    enabled = (deployment["spec"].get("ingress") or {}).get("enabled")
    if enabled and scene.ingress is None:
        return _operator(scene, "the Ingress is missing", heard)
    if not enabled and scene.ingress is not None and uid_of(deployment) in owner_uids(scene.ingress):
        return Verdict(WORKING, "the Ingress is still there")
    return Verdict(DONE, "")
