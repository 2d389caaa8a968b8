# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Is the image built? Read from what really tells, on every generation of yatai-image-builder.

1.1.4 builds in one pod per request, 1.1.25 and 1.2 in a Job. Their conditions cannot be taken at their word:
BentoAvailable flaps while the operator retries, ImageBuilding stays True after a success (1.2) or is False after one,
a failed download leaves everything Unknown. So success is a Bento with BentoAvailable=True, and failure is read from
the Job and the pods themselves; conditions and events only tell why there is neither yet.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from . import pods as pod_rules
from .pods import condition, conditions, is_going, name_of, newest, owner_uids, problem, uid_of
from .text import first_line
from .verdict import DONE, FAILED, GRACE_SILENCE, STUCK, WORKING, Verdict, grace_of

Obj = dict[str, Any]

POD, JOB = "pod", "job"
BUILDER = "builder"
MAX_TRIES = 3  # downloads of one Job
MAX_OOM = 2
GRACE_IMAGE, GRACE_QUOTA, GRACE_OPERATOR = 30.0, 20.0, 10.0

# What the operator says and no waiting will heal.
_FINAL = re.compile(
    r"record not found|status=404|can't get yatai client|get yatai client: secret .* not found"
    r"|get docker config json secret|no auth in docker config|cannot base64 decode auth"
    r"|does not have \.dockerconfigjson|unmarshal|unknown bento image build engine"
    r"|status=40[13]|unauthorized|authentication required|is forbidden|exceeded quota|is invalid",
    re.IGNORECASE,
)
_HINTS = (
    (re.compile(r"record not found|status=404", re.I), "push the bento first (bentobox.platform.bento_push)"),
    (re.compile(r"get yatai client", re.I), "the builder knows no Yatai: give download_url, or set its endpoint"),
    (
        re.compile(r"docker config|dockerconfigjson", re.I),
        "check docker_config_secret: a Secret of type "
        "kubernetes.io/dockerconfigjson in the request's namespace with an entry for the image's registry",
    ),
    (re.compile(r"exceeded quota", re.I), "raise the namespace's ResourceQuota or lower resources"),
    (
        re.compile(r"unauthorized|authentication required|status=40[13]", re.I),
        "check the builder's registry and Yatai credentials",
    ),
)


def judge(
    request: Obj,
    bento: Obj | None,
    jobs: list[Obj],
    pods: list[Obj],
    events: list[Obj],
    heard: Sequence[Obj] = (),
) -> Verdict:
    """The state of one build. jobs and pods are the builder's of this namespace, events those of the request and jobs;
    what is left from an attempt that was already judged must have been taken out before. heard: the conditions and
    events there were when the request was changed."""
    jobs = [job for job in jobs if uid_of(request) in owner_uids(job) and not is_going(job)]
    parents = {uid_of(request)} | {uid_of(job) for job in jobs}
    pods = [pod for pod in pods if parents & owner_uids(pod) and not is_going(pod)]
    generation = JOB if jobs else POD if pods else ""
    verdict = _success(request, bento) or (_job(jobs, pods, events) if jobs else _pod(pods))
    verdict = verdict or _operator(request, events, heard)
    return Verdict(**{**verdict.__dict__, "generation": generation})


def _success(request: Obj, bento: Obj | None) -> Verdict | None:
    if condition(request, "BentoAvailable").get("status") != "True" or not bento or is_going(bento):
        return None
    wanted, made = request.get("spec") or {}, bento.get("spec") or {}
    # True may still be the answer to an older version of the request.
    if not made.get("image") or made.get("tag") != wanted.get("bentoTag"):
        return None
    if wanted.get("image") and wanted["image"] != made["image"]:
        return None
    return Verdict(DONE, f"Bento {name_of(bento)} holds image {made['image']}")


def _job(jobs: list[Obj], pods: list[Obj], events: list[Obj]) -> Verdict | None:
    job = newest(jobs)
    if job is None:
        return None
    name = name_of(job)
    mine = [pod for pod in pods if uid_of(job) in owner_uids(pod)]
    failed = [pod for pod in mine if (pod.get("status") or {}).get("phase") == "Failed"]
    last = newest(failed)
    told = problem(last) if last else None
    end = condition(job, "Failed")
    if end.get("status") == "True":
        why = told.message if told else first_line(str(end.get("message") or ""))
        return _failure(told, last, f"Job {name} failed ({end.get('reason')}): {why}")
    # Kubernetes would try again for ten minutes; the same end several times is the end.
    if told and told.oom and len(failed) >= MAX_OOM:
        return _failure(told, last, told.message)
    if told and told.kind == pod_rules.INIT and len(failed) >= MAX_TRIES:
        return _failure(told, last, f"{told.message}, {len(failed)} times")
    active = [pod for pod in mine if pod not in failed]
    return _job_goes_on(job, active, events, f"; {told.message}" if told else "")


def _job_goes_on(job: Obj, active: list[Obj], events: list[Obj], before: str) -> Verdict:
    name = name_of(job)
    if condition(job, "Complete").get("status") == "True":
        return Verdict(WORKING, f"Job {name} is complete; the operator makes the Bento")
    refused = [
        e
        for e in events
        if e.get("reason") == "FailedCreate" and (e.get("involvedObject") or {}).get("uid") == uid_of(job)
    ]
    if refused and not active:
        text = first_line(str(refused[-1].get("message") or ""))
        return Verdict(STUCK, f"Job {name} cannot make its pod: {text}", GRACE_QUOTA, hint=_hint(text))
    return _waiting(active) or Verdict(WORKING, f"Job {name} is running{before}")


def _pod(pods: list[Obj]) -> Verdict | None:
    pod = newest(pods)
    if pod is None:
        return None
    phase = (pod.get("status") or {}).get("phase")
    if phase == "Failed":
        told = problem(pod)
        return _failure(told, pod, told.message if told else f"Pod {name_of(pod)} failed")
    if phase == "Succeeded":
        return Verdict(WORKING, f"Pod {name_of(pod)} is complete; the operator makes the Bento")
    return _waiting([pod]) or Verdict(WORKING, f"Pod {name_of(pod)} is {phase or 'new'}")


def _failure(told: pod_rules.Problem | None, pod: Obj | None, reason: str) -> Verdict:
    kind = told.kind if told else ""
    hint = "raise resources.limits.memory" if told and told.oom else ""
    if kind == pod_rules.INIT and not hint:
        hint = "the bento or a model could not be downloaded: check Yatai, its object store and download_url"
    return Verdict(
        FAILED,
        reason,
        pod=name_of(pod) if pod else "",
        container=told.container if told else BUILDER,
        retry=kind in (pod_rules.INIT, pod_rules.NODE) and not (told and told.oom),
        hint=hint,
    )


def _waiting(active: list[Obj]) -> Verdict | None:
    pod = newest(active)
    told = problem(pod) if pod else None
    if told is None or pod is None:
        return None
    if told.kind == pod_rules.UNSCHEDULABLE:
        return Verdict(STUCK, told.message, -1.0, pod=name_of(pod))  # the caller knows how long that may last
    if told.kind in (pod_rules.IMAGE, pod_rules.CONFIG):
        return Verdict(STUCK, told.message, GRACE_IMAGE, pod=name_of(pod), container="")
    return None


def _operator(request: Obj, events: list[Obj], heard: Sequence[Obj]) -> Verdict:
    """Nothing is being built: what does the operator say about it?"""
    if not conditions(request):
        return Verdict(
            STUCK,
            "yatai-image-builder has not touched the request",
            GRACE_SILENCE,
            hint="is the operator running, and does it watch this namespace?",
        )
    said = condition(request, "BentoAvailable")
    if said.get("status") != "False" or not said.get("message"):
        errors = [
            e
            for e in events
            if e.get("type") == "Warning" and (e.get("involvedObject") or {}).get("uid") == uid_of(request)
        ]
        said = errors[-1] if errors else {}
    told = str(said.get("message") or "")
    if not told:
        return Verdict(WORKING, "the operator prepares the build")
    text = first_line(told.removeprefix("Failed to reconcile BentoRequest: "))
    if _FINAL.search(told):
        grace = grace_of(said, heard, GRACE_OPERATOR)
        return Verdict(STUCK, f"yatai-image-builder says: {text}", grace, hint=_hint(told))
    # Anything else it tries again, as when Yatai or the registry restarts: only the deadline ends that.
    return Verdict(WORKING, f"yatai-image-builder says: {text}")


def _hint(text: str) -> str:
    return next((hint for pattern, hint in _HINTS if pattern.search(text)), "")
