# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why something is not ready: conditions, warnings, container states, the last lines of a log. Never a wall of text."""

from __future__ import annotations

from itertools import groupby

from .client import Client
from .errors import ApiError, KubeError
from .gateway_status import GATEWAY_API
from .objects import Obj, group_of, key_of
from .wait import pod_problem, readiness

MOST_LINES = 40  # of an error, in all
_LOG_LINES = 10
_LISTED = 16  # objects with a line of their own; the others share lines by what they say
_DETAILED = 6  # objects of which more is asked for
_SHARED_LINES = 4
_MOST_NAMES = 60
_WIDTH = 400


def report(client: Client, waiting: list[tuple[str, str, Obj | None]], limit: int = MOST_LINES) -> list[str]:
    """waiting: (object, why it is not ready, what is known of it). First a line for each, the rest of the lines are
    divided among the first ones for what else is to be known. Never raises."""
    heads = [_fold(f"{name}: {why}") for name, why, _obj in waiting[:_LISTED]]
    others = _grouped([(name, why) for name, why, _obj in waiting[_LISTED:]])
    found: list[tuple[list[str], list[str]]] = []
    for _name, _why, obj in waiting[:_DETAILED]:
        if obj is not None:
            found.append(_details(client, obj))
        else:
            found.append(([], []))
    shares = divide([len(facts) + len(log) for facts, log in found], limit - len(heads) - len(others))
    lines = []
    for number, head in enumerate(heads):
        lines.append(head)
        if number < len(found):
            facts, log = found[number]
            lines += facts[: shares[number]]
            left = shares[number] - len(facts)
            lines += log[-left:] if left > 0 else []
    return lines + others


def divide(wanted: list[int], have: int) -> list[int]:
    """Lines among those who want some: nobody gets more than it wants, and nobody's many lines cost another's few."""
    given = [0] * len(wanted)
    while have > 0 and given != wanted:
        for number, want in enumerate(wanted):
            if given[number] < want and have > 0:
                given[number] += 1
                have -= 1
    return given


def explain(client: Client, obj: Obj) -> list[str]:
    """All there is to say of one object. Never raises: it runs while another error is being told."""
    facts, log = _details(client, obj)
    return [_fold(f"{key_of(obj)}: {readiness(obj)[1]}"), *facts, *log][:MOST_LINES]


def pods_of(client: Client, obj: Obj) -> list[Obj]:
    """Its Pods that are not ready, newest first."""
    if obj.get("kind") == "Pod":
        return [obj]
    pods = [pod for namespace, selector in _selectors(obj) for pod in client.list("v1", "Pod", namespace, selector)]
    pods.sort(key=lambda pod: pod["metadata"]["creationTimestamp"], reverse=True)
    return [pod for pod in pods if not readiness(pod)[0]]


def _selectors(obj: Obj) -> list[tuple[str | None, str]]:
    """(namespace, label selector) of its Pods; no namespace is all of them."""
    kind, metadata = obj.get("kind"), obj["metadata"]
    if kind == "Gateway" and group_of(obj) == GATEWAY_API:
        name, namespace = metadata["name"], metadata["namespace"]
        # As the Gateway API has it (GEP-1762), and as Envoy Gateway does, whose proxies run in a namespace of its own.
        of_envoy = f"gateway.envoyproxy.io/owning-gateway-name={name}"
        return [
            (namespace, f"{GATEWAY_API}/gateway-name={name}"),
            (None, f"{of_envoy},gateway.envoyproxy.io/owning-gateway-namespace={namespace}"),
        ]
    if kind not in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"):
        return []
    labels = (obj["spec"].get("selector") or {}).get("matchLabels") or {"job-name": metadata["name"]}
    return [(metadata["namespace"], ",".join(f"{name}={value}" for name, value in labels.items()))]


def _fold(text: str) -> str:
    """One line, and not a long one: conditions and events may hold whole stack traces."""
    line = " ".join(text.split())
    return line if len(line) <= _WIDTH else line[: _WIDTH - 3] + "..."


def _grouped(others: list[tuple[str, str]]) -> list[str]:
    """Many objects in few lines, by what they say."""
    groups = [
        (why, [name for name, _why in entries])
        for why, entries in groupby(sorted(others, key=lambda entry: (entry[1], entry[0])), key=lambda entry: entry[1])
    ]
    groups.sort(key=lambda group: -len(group[1]))
    lines = [f"{_names(names)}: {_fold(why)}" for why, names in groups[:_SHARED_LINES]]
    rest = [name for _why, names in groups[_SHARED_LINES:] for name in names]
    return [*lines, f"{_names(rest)}: for other reasons"] if rest else lines


def _names(names: list[str]) -> str:
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return f"{len(names)} more: " + ", ".join(names[:_MOST_NAMES]) + more


def _details(client: Client, obj: Obj) -> tuple[list[str], list[str]]:
    """(facts, last lines of a log)"""
    facts: list[str] = []
    log: list[str] = []
    try:
        facts += _warnings(client, obj)
        pods = pods_of(client, obj)
        alike: dict[str, list[Obj]] = {}
        for pod in pods:
            alike.setdefault(pod_problem(pod) or _phase(pod), []).append(pod)
        for problem, (pod, *others) in alike.items():
            if obj.get("kind") != "Pod":
                more = f" (and {len(others)} more)" if others else ""
                facts.append(_fold(f"Pod {pod['metadata']['name']}{more}: {problem}"))
            facts += ["  " + line for line in _messages(pod)]
            if obj.get("kind") != "Pod":
                facts += ["  " + line for line in _warnings(client, pod)]
        if pods:
            log += _log(client, pods[0])
    except KubeError as error:
        facts.append(_fold(f"(and could not find out more: {error})"))
    return ["  " + line for line in facts], ["    " + line for line in log]


def _phase(pod: Obj) -> str:
    return str((pod.get("status") or {}).get("phase") or "Pending")


def _warnings(client: Client, obj: Obj) -> list[str]:
    """The last two, the later one first."""
    metadata = obj["metadata"]
    selector = f"involvedObject.name={metadata['name']},involvedObject.kind={obj['kind']},type=Warning"
    events = client.list("v1", "Event", metadata.get("namespace") or "default", field_selector=selector)
    events.sort(key=lambda event: event.get("lastTimestamp") or event.get("eventTime") or "")
    return [_fold(f"{event.get('reason')}: {event.get('message')}") for event in reversed(events[-2:])]


def _containers(pod: Obj) -> list[Obj]:
    status = pod.get("status") or {}
    return [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]


def _messages(pod: Obj) -> list[str]:
    """What the kubelet says of containers it cannot start, and how others ended."""
    lines = []
    for container in _containers(pod):
        waiting = (container.get("state") or {}).get("waiting") or {}
        ended = (container.get("lastState") or {}).get("terminated") or {}
        if waiting.get("message"):
            lines.append(_fold(f"{container['name']}: {waiting['message']}"))
        if ended:
            lines.append(_fold(f"{container['name']} ended with code {ended.get('exitCode')} ({ended.get('reason')})"))
    return lines


def _log(client: Client, pod: Obj) -> list[str]:
    metadata, lines = pod["metadata"], []
    for container in _containers(pod):
        state = container.get("state") or {}
        ended_before = bool((container.get("lastState") or {}).get("terminated"))
        failed = bool((state.get("terminated") or {}).get("exitCode")) or ended_before
        if not failed and (container.get("ready") or "running" not in state):
            continue
        try:
            previous = ended_before and "terminated" not in state and "running" not in state
            log = client.pod_logs(
                metadata["namespace"], metadata["name"], container["name"], tail_lines=_LOG_LINES, previous=previous
            )
        except ApiError:
            continue  # the log went with the container; its state must do
        lines += [_fold(f"{container['name']} | {line}") for line in log.splitlines()[-_LOG_LINES:]]
    return lines
