# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When is an object ready, and if it is not: why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .conditions import phrase
from .gateway_status import RULES as GATEWAY_RULES
from .objects import Obj, group_of

Ready = tuple[bool, str]


def readiness(obj: Obj) -> Ready:
    """(ready, one short phrase). Pure; as kstatus sees it, so an object without a status to speak of is ready."""
    if (obj.get("metadata") or {}).get("deletionTimestamp"):
        return False, "being deleted"
    status = obj.get("status") or {}
    generation = (obj.get("metadata") or {}).get("generation")
    observed = status.get("observedGeneration")
    if generation is not None and observed is not None and observed < generation:
        return False, "its controller has not seen the change yet"
    rule = _RULES.get((group_of(obj), obj.get("kind", "")))
    return rule(obj, status) if rule else _conditions(status)


def _conditions(status: Obj) -> Ready:
    conditions = {c.get("type"): c for c in status.get("conditions") or [] if isinstance(c, dict)}
    if (stalled := conditions.get("Stalled")) and stalled.get("status") == "True":
        return False, phrase(stalled)
    for name in ("Ready", "Available", "Established", "Accepted", "Programmed"):
        condition = conditions.get(name)
        if condition and condition.get("status") != "True":
            return False, phrase(condition)
    return True, "ready"


def condition_of(obj: Obj, name: str) -> Obj | None:
    for condition in (obj.get("status") or {}).get("conditions") or []:
        if condition.get("type") == name:
            return condition
    return None


def _observed(obj: Obj, status: Obj) -> bool:
    return (status.get("observedGeneration") or 0) >= (obj["metadata"].get("generation") or 0)


def _deployment(obj: Obj, status: Obj) -> Ready:
    if not _observed(obj, status):
        return False, "its controller has not seen the change yet"
    progressing = condition_of(obj, "Progressing")
    if progressing and progressing.get("reason") == "ProgressDeadlineExceeded":
        return False, phrase(progressing)
    want = obj["spec"].get("replicas", 1)
    updated, total = status.get("updatedReplicas", 0), status.get("replicas", 0)
    available = status.get("availableReplicas", 0)
    if updated < want or available < want:
        failure = condition_of(obj, "ReplicaFailure")
        return False, f"{min(updated, available)}/{want}" + (f", {failure.get('message')}" if failure else "")
    if total > updated:
        return False, f"{total - updated} old replicas are still there"
    return True, f"{available}/{want}"


def _stateful_set(obj: Obj, status: Obj) -> Ready:
    if not _observed(obj, status):
        return False, "its controller has not seen the change yet"
    spec = obj["spec"]
    want, ready = spec.get("replicas", 1), status.get("readyReplicas", 0)
    if ready < want:
        return False, f"{ready}/{want}"
    if (spec.get("updateStrategy") or {}).get("type") == "OnDelete":
        return True, f"{ready}/{want}"
    partition = ((spec.get("updateStrategy") or {}).get("rollingUpdate") or {}).get("partition") or 0
    updated = status.get("updatedReplicas", 0)
    if status.get("updateRevision") != status.get("currentRevision") and updated < want - partition:
        return False, f"{updated}/{want} updated"
    return True, f"{ready}/{want}"


def _daemon_set(obj: Obj, status: Obj) -> Ready:
    if not _observed(obj, status):
        return False, "its controller has not seen the change yet"
    want = status.get("desiredNumberScheduled", 0)
    ready = min(status.get("numberAvailable", 0), status.get("updatedNumberScheduled", 0))
    if (obj["spec"].get("updateStrategy") or {}).get("type") == "OnDelete":
        ready = status.get("numberAvailable", 0)
    return ready >= want, f"{ready}/{want} nodes"


def _replica_set(obj: Obj, status: Obj) -> Ready:
    want, ready = obj["spec"].get("replicas", 1), status.get("availableReplicas", 0)
    return ready >= want, f"{ready}/{want}"


def _job(obj: Obj, status: Obj) -> Ready:
    failed = condition_of(obj, "Failed")
    if failed and failed.get("status") == "True":
        return False, phrase(failed)
    complete = condition_of(obj, "Complete")
    if complete and complete.get("status") == "True":
        return True, "completed"
    return False, f"{status.get('active', 0)} active, {status.get('failed', 0)} failed"


def _crd(obj: Obj, status: Obj) -> Ready:
    refused = condition_of(obj, "NamesAccepted")
    if refused and refused.get("status") == "False":
        return False, phrase(refused)
    established = condition_of(obj, "Established")
    ready = bool(established and established.get("status") == "True")
    return ready, "established" if ready else "not established"


def _api_service(obj: Obj, status: Obj) -> Ready:
    available = condition_of(obj, "Available")
    if available is None:
        return False, "not available yet"
    return available.get("status") == "True", phrase(available)


def _pvc(obj: Obj, status: Obj) -> Ready:
    phase = status.get("phase") or "Pending"
    return phase == "Bound", phase


def _service(obj: Obj, status: Obj) -> Ready:
    if obj["spec"].get("type") != "LoadBalancer":
        return True, "ready"
    ingress = (status.get("loadBalancer") or {}).get("ingress")
    return bool(ingress), "has an address" if ingress else "no load balancer has given it an address"


def _pod(obj: Obj, status: Obj) -> Ready:
    phase = status.get("phase") or "Pending"
    if phase == "Succeeded":
        return True, "succeeded"
    ready = condition_of(obj, "Ready")
    if phase == "Running" and ready and ready.get("status") == "True":
        return True, "running"
    return False, pod_problem(obj) or phase


def _namespace(obj: Obj, status: Obj) -> Ready:
    return status.get("phase", "Active") == "Active", str(status.get("phase", "Active"))


_RULES: dict[tuple[str, str], Callable[[Obj, Obj], Ready]] = {
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "ReplicaSet"): _replica_set,
    ("batch", "Job"): _job,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _crd,
    ("apiregistration.k8s.io", "APIService"): _api_service,
    ("", "PersistentVolumeClaim"): _pvc,
    ("", "Service"): _service,
    ("", "Pod"): _pod,
    ("", "Namespace"): _namespace,
    **GATEWAY_RULES,
}


def hopeless(obj: Obj) -> str:
    """Why waiting longer is of no use, or nothing: only a Job says so for good."""
    if (group_of(obj), obj.get("kind")) == ("batch", "Job"):
        failed = condition_of(obj, "Failed")
        if failed and failed.get("status") == "True":
            return phrase(failed)
    return ""


def pod_problem(pod: Obj) -> str:
    """What keeps a Pod from running: the first container's waiting reason, or why it is not scheduled."""
    status = pod.get("status") or {}
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        state: dict[str, Any] = container.get("state") or {}
        waiting, ended = state.get("waiting") or {}, state.get("terminated") or {}
        if waiting.get("reason") and waiting["reason"] != "PodInitializing":
            return f"{container['name']}: {waiting['reason']}"
        if ended.get("exitCode"):
            return f"{container['name']}: exit code {ended['exitCode']} ({ended.get('reason', '')})"
    scheduled = condition_of(pod, "PodScheduled")
    if scheduled and scheduled.get("status") == "False":
        return f"{scheduled.get('reason')}: {scheduled.get('message')}"
    return str(status.get("reason") or "")
