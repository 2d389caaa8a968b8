# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why something is not ready: conditions, warnings, container states, the last lines of a log."""

from __future__ import annotations

from .client import Client
from .errors import KubeError
from .objects import Obj, key_of
from .wait import pod_problem, readiness

_MOST_LINES = 10


def explain(client: Client, obj: Obj) -> list[str]:
    """Lines for an operator. Never raises: it runs while another error is being told."""
    key = key_of(obj)
    lines = [f"{key}: {readiness(obj)[1]}"]
    try:
        lines += _warnings(client, obj)
        for pod in pods_of(client, obj)[:3]:
            lines += _pod_lines(client, pod)
    except KubeError as error:
        lines.append(f"  (and could not find out more: {error})")
    return lines


def pods_of(client: Client, obj: Obj) -> list[Obj]:
    """Its Pods that are not ready, newest first."""
    kind, metadata = obj.get("kind"), obj["metadata"]
    if kind == "Pod":
        return [obj]
    if kind not in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"):
        return []
    labels = (obj["spec"].get("selector") or {}).get("matchLabels") or {"job-name": metadata["name"]}
    selector = ",".join(f"{name}={value}" for name, value in labels.items())
    pods = client.list("v1", "Pod", metadata["namespace"], label_selector=selector)
    pods.sort(key=lambda pod: pod["metadata"]["creationTimestamp"], reverse=True)
    return [pod for pod in pods if not readiness(pod)[0]]


def _warnings(client: Client, obj: Obj) -> list[str]:
    metadata = obj["metadata"]
    selector = f"involvedObject.name={metadata['name']},involvedObject.kind={obj['kind']},type=Warning"
    events = client.list("v1", "Event", metadata.get("namespace") or "default", field_selector=selector)
    events.sort(key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "")
    return [f"  {event.get('reason')}: {event.get('message')}" for event in events[-2:]]


def _pod_lines(client: Client, pod: Obj) -> list[str]:
    metadata, status = pod["metadata"], pod.get("status") or {}
    lines = [f"  Pod {metadata['name']}: {pod_problem(pod) or status.get('phase', 'Pending')}"]
    lines += ["  " + line for line in _warnings(client, pod)]
    for container in [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]:
        state = container.get("state") or {}
        if message := (state.get("waiting") or {}).get("message"):
            lines.append(f"    {container['name']}: {message}")
        ended_before = bool((container.get("lastState") or {}).get("terminated"))
        failed = bool((state.get("terminated") or {}).get("exitCode")) or ended_before
        if not failed and (container.get("ready") or "running" not in state):
            continue
        try:
            previous = ended_before and "terminated" not in state and "running" not in state
            log = client.pod_logs(
                metadata["namespace"], metadata["name"], container["name"], tail_lines=_MOST_LINES, previous=previous
            )
        except KubeError:
            continue  # the log went with the container; the state above must do
        lines += [f"    {container['name']} | {line}" for line in log.splitlines()[-_MOST_LINES:]]
    return lines
