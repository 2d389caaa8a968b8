# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with a pod, read from its status alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .text import first_line

Obj = dict[str, Any]

IMAGE = "image"  # the kubelet cannot get an image
CONFIG = "config"  # the kubelet cannot make the container
CRASH = "crash"  # a container keeps ending
FAILED = "failed"  # the pod ended for good
INIT = "init"  # an init container ended with an error
NODE = "node"  # the node or the scheduler took the pod away
UNSCHEDULABLE = "unschedulable"

_IMAGE_REASONS = {
    "ImagePullBackOff",
    "ErrImagePull",
    "ErrImageNeverPull",
    "InvalidImageName",
    "ImageInspectError",
    "RegistryUnavailable",
    "SignatureValidationFailed",
}
_CONFIG_REASONS = {"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PreStartHookError"}
_NODE_REASONS = {
    "Evicted",
    "NodeLost",
    "NodeShutdown",
    "Shutdown",
    "Terminated",
    "Preempting",
    "Preempted",
    "UnexpectedAdmissionError",
    "OutOfcpu",
    "OutOfmemory",
    "OutOfpods",
    "NodeAffinity",
}


@dataclass(frozen=True)
class Problem:
    kind: str
    message: str
    container: str = ""
    previous: bool = False
    exit_code: int | None = None
    oom: bool = False
    restarts: int = 0


def name_of(obj: Obj) -> str:
    return str((obj.get("metadata") or {}).get("name", ""))


def owner_uids(obj: Obj) -> set[str]:
    return {str(ref.get("uid")) for ref in (obj.get("metadata") or {}).get("ownerReferences") or []}


def uid_of(obj: Obj | None) -> str:
    return str(((obj or {}).get("metadata") or {}).get("uid", ""))


def is_going(obj: Obj) -> bool:
    return bool((obj.get("metadata") or {}).get("deletionTimestamp"))


def newest(objects: list[Obj]) -> Obj | None:
    """By creation; objects on their way out only when there is nothing else."""
    if not objects:
        return None
    return max(objects, key=lambda o: (not is_going(o), str(o["metadata"].get("creationTimestamp", "")), name_of(o)))


def conditions(obj: Obj | None) -> list[Obj]:
    return list(((obj or {}).get("status") or {}).get("conditions") or [])


def condition(obj: Obj | None, kind: str) -> Obj:
    return next((entry for entry in conditions(obj) if entry.get("type") == kind), {})


def active_container(pod: Obj) -> str:
    """The container that works now, or worked last."""
    status = pod.get("status") or {}
    for container in status.get("initContainerStatuses") or []:
        if ((container.get("state") or {}).get("terminated") or {}).get("exitCode") != 0:
            return str(container.get("name", ""))
    for container in status.get("containerStatuses") or []:
        return str(container.get("name", ""))
    return ""


def problem(pod: Obj) -> Problem | None:
    """The worst thing about this pod, or None."""
    status = pod.get("status") or {}
    name = name_of(pod)
    reason = str(status.get("reason") or "")
    disrupted = condition(pod, "DisruptionTarget")
    if reason in _NODE_REASONS or (status.get("phase") == "Failed" and disrupted.get("status") == "True"):
        why = first_line(str(status.get("message") or disrupted.get("message") or ""))
        return Problem(NODE, f"Pod {name} was taken from its node: {reason or disrupted.get('reason')} {why}".strip())
    for kind, key in ((INIT, "initContainerStatuses"), (FAILED, "containerStatuses")):
        for container in status.get(key) or []:
            found = _container(name, container, kind, ended=status.get("phase") == "Failed")
            if found:
                return found
    if status.get("phase") == "Failed":
        text = first_line(str(status.get("message") or reason or "no reason given"))
        return Problem(FAILED, f"Pod {name} failed: {text}")
    scheduled = condition(pod, "PodScheduled")
    if scheduled.get("status") == "False":
        text = first_line(str(scheduled.get("message") or scheduled.get("reason") or "no node fits"))
        return Problem(UNSCHEDULABLE, f"Pod {name} cannot be scheduled: {text}")
    return None


def _container(pod: str, status: Obj, kind: str, *, ended: bool) -> Problem | None:
    name = str(status.get("name", ""))
    restarts = int(status.get("restartCount") or 0)
    state, last = status.get("state") or {}, (status.get("lastState") or {}).get("terminated") or {}
    where = f"container {name} of Pod {pod}"
    gone = state.get("terminated") or {}
    if gone and gone.get("exitCode"):
        # While a pod may restart its containers, the end of one is only the beginning of a crash loop.
        what = kind if ended or kind == INIT else CRASH
        return Problem(what, f"{where} ended with {_end(gone)}", name, False, gone["exitCode"], _oom(gone), restarts)
    waiting = state.get("waiting") or {}
    reason = str(waiting.get("reason") or "")
    text = first_line(str(waiting.get("message") or ""))
    if reason in _IMAGE_REASONS:
        return Problem(IMAGE, f"{where} cannot get its image {status.get('image', '')}: {reason}: {text}", name)
    if reason in _CONFIG_REASONS:
        return Problem(CONFIG, f"{where} cannot be made: {reason}: {text}", name)
    # A container that fails its liveness probe ends well again and again.
    if (
        reason == "CrashLoopBackOff"
        or (restarts >= 2 and last.get("exitCode"))
        or (restarts >= 3 and last and not status.get("ready"))
    ):
        return Problem(
            CRASH,
            f"{where} ends again and again, last with {_end(last)}",
            name,
            True,
            last.get("exitCode"),
            _oom(last),
            restarts,
        )
    return None


def _oom(terminated: Obj) -> bool:
    return terminated.get("reason") == "OOMKilled"


def _end(terminated: Obj) -> str:
    if _oom(terminated):
        return "OOMKilled (it needs more memory than its limit)"
    text = f"exit code {terminated.get('exitCode', '?')}"
    # Where the message is the end of the log, its last line is the one that tells.
    told = str(terminated.get("message") or "").strip().splitlines()
    reason, message = terminated.get("reason"), first_line(told[-1]) if told else ""
    if reason and reason not in {"Error", "Completed"}:
        text += f" ({reason})"
    return f"{text}: {message}" if message else text
