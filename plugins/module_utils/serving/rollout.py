# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is a Deployment's newest version rolled out, and if not: what keeps its pods? Whoever made the Deployment."""

from __future__ import annotations

import re
from typing import Any, Protocol

from . import pods as pod_rules
from .pods import condition, is_going, name_of, owner_uids, problem, uid_of
from .text import first_line
from .verdict import FAILED, STUCK, WORKING, Verdict

Obj = dict[str, Any]

CRASHES = 3
GRACE_IMAGE, GRACE_CRASH, GRACE_QUOTA = 20.0, 20.0, 15.0
_REVISION = "deployment.kubernetes.io/revision"


class Watched(Protocol):
    """What of a moment in the cluster is looked at here."""

    replica_sets: list[Obj]
    pods: list[Obj]
    events: list[Obj]


def rollout(scene: Watched, workload: Obj) -> Verdict | None:
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
    troubled = refusal(workload) or troubles(scene, current_pods(scene, workload))
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


def refusal(workload: Obj) -> Verdict | None:
    """Pods that the API server does not let the Deployment make."""
    refused = condition(workload, "ReplicaFailure")
    if refused.get("status") != "True":
        return None
    text = first_line(str(refused.get("message") or ""))
    hint = ""
    if "must specify" in text:  # also for containers that are put into the pod by others
        hint = "the namespace's ResourceQuota wants it of every container; a LimitRange gives defaults to those without"
    elif "quota" in text:
        hint = "raise the namespace's ResourceQuota or lower resources"
    return Verdict(STUCK, f"Deployment {name_of(workload)} cannot make its pods: {text}", GRACE_QUOTA, hint=hint)


def current_pods(scene: Watched, workload: Obj) -> list[Obj]:
    """The pods of the Deployment's newest revision; what an older one suffers from is about to end."""
    revision = (workload["metadata"].get("annotations") or {}).get(_REVISION)
    mine = [rs for rs in scene.replica_sets if uid_of(workload) in owner_uids(rs)]
    newest = {uid_of(rs) for rs in mine if (rs["metadata"].get("annotations") or {}).get(_REVISION) == revision}
    return [pod for pod in scene.pods if owner_uids(pod) & newest and not is_going(pod)]


def troubles(scene: Watched, pods: list[Obj]) -> Verdict | None:
    """The worst of what keeps these pods from running, or None."""
    found: list[Verdict] = []
    for pod in pods:
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
            hint = "raise resources.limits.memory" if told.oom else unhealthy(scene, {uid_of(pod): name_of(pod)})
            state = FAILED if told.restarts >= CRASHES else STUCK
            reason = re.sub(r"back-off .* restarting", "restarting", told.message)
            found.append(Verdict(state, reason, GRACE_CRASH, hint=hint, **about))  # type: ignore[arg-type]
    return min(found, key=lambda verdict: verdict.state != FAILED) if found else None


def _not_ready(scene: Watched, workload: Obj) -> str:
    said = unhealthy(scene, {uid_of(pod): name_of(pod) for pod in current_pods(scene, workload)})
    return f"; {said}" if said else ""


def unhealthy(scene: Watched, pods: dict[str, str]) -> str:
    """The probes' own words about one of these pods, by uid."""
    for event in reversed(scene.events):
        uid = (event.get("involvedObject") or {}).get("uid")
        if event.get("reason") == "Unhealthy" and uid in pods:
            return f"Pod {pods[uid]}: {first_line(str(event.get('message') or ''))}"
    return ""
