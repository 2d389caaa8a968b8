"""Checks to wait on: each returns what is still missing, or an empty string."""

from __future__ import annotations

import datetime
import socket
import ssl
import struct
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.node.kubectl import Kubectl
from lab.node.supervisor import Supervisor

# The lab is on this machine: a proxy of the caller's does not know the way to it.
DIRECT = urllib.request.ProxyHandler({})


def http(url: str) -> str:
    try:
        with urllib.request.build_opener(DIRECT).open(url, timeout=5) as answer:
            return "" if answer.status == 200 else f"{url} answers {answer.status}"
    except OSError as error:
        return f"{url}: {getattr(error, 'reason', error)}"


def running(supervisor: Supervisor, *names: str) -> str:
    return supervisor.trouble(*names)


def api_ready(address: str, ca: Path) -> str:
    """Anybody may ask this of an API server; etcd's health is part of the answer."""
    try:
        secure = urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=str(ca)))
        with urllib.request.build_opener(DIRECT, secure).open(f"https://{address}/readyz", timeout=5) as answer:
            return "" if answer.status == 200 else f"answers {answer.status}"
    except OSError as error:
        return str(getattr(error, "reason", error))


def rbac(kubectl: Kubectl) -> str:
    """kube-controller-manager ends itself when its roles are not there yet; this is the last one to come."""
    try:
        kubectl.get("clusterrole", "system:controller:ttl-controller")
    except LabError as error:
        return str(error)
    return ""


def condition(kubectl: Kubectl, kind: str, name: str, wanted: str, namespace: str = "default") -> str:
    try:
        status = kubectl.get(kind, name, "-n", namespace).get("status", {})
    except LabError as error:
        return str(error)
    for one in status.get("conditions", []):
        if one["type"] == wanted:
            return "" if one["status"] == "True" else f"{one.get('reason', '')} {one.get('message', '')}".strip()
    return f"{kind} {name} has no condition {wanted} yet"


def rolled_out(kubectl: Kubectl, kind: str, namespace: str, name: str) -> str:
    try:
        found = kubectl.get(kind, name, "-n", namespace)
        status = found.get("status", {})
        current = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
        if kind == "daemonset":
            want = status.get("desiredNumberScheduled") or 1  # there is one node
            updated, available = status.get("updatedNumberScheduled", 0), status.get("numberAvailable", 0)
        else:
            want = found["spec"].get("replicas", 1)
            updated, available = status.get("updatedReplicas", 0), status.get("availableReplicas", 0)
        if current and updated == available == want:
            return ""
        labels = ",".join(f"{k}={v}" for k, v in found["spec"]["selector"]["matchLabels"].items())
        pods = kubectl.get("pods", "-n", namespace, "-l", labels)["items"]
    except LabError as error:
        return str(error)
    return "; ".join(_pod(pod) for pod in pods) or f"{namespace}/{name} has no pods yet"


def truthful(kubectl: Kubectl, running: Callable[[], set[str]]) -> str:
    """After a stop the API server still tells of containers that are gone, until kubelet has looked: compare both."""
    try:
        pods = kubectl.get("pods", "--all-namespaces")["items"]
        alive = running()
    except LabError as error:
        return str(error)
    stale = []
    # A pod that is being deleted may wait for minutes until its last container ends; nobody relies on it any more.
    for pod in (pod for pod in pods if "deletionTimestamp" not in pod["metadata"]):
        for one in pod.get("status", {}).get("containerStatuses", []):
            if "running" in one.get("state", {}) and one.get("containerID", "").rpartition("/")[2] not in alive:
                stale.append(f"{pod['metadata']['namespace']}/{pod['metadata']['name']}")
    return (
        f"kubelet has not yet looked at {len(stale)} containers: {', '.join(sorted(set(stale))[:5])}" if stale else ""
    )


def heard_of(kubectl: Kubectl, node: str, since: datetime.datetime) -> str:
    """Whether kubelet has spoken since a moment; a node counts as Ready for a while after its kubelet died."""
    try:
        conditions = kubectl.get("node", node).get("status", {}).get("conditions", [])
    except LabError as error:
        return str(error)
    times = [datetime.datetime.fromisoformat(one["lastHeartbeatTime"]) for one in conditions if one["type"] == "Ready"]
    fresh = any(time >= since.replace(microsecond=0) for time in times)
    return "" if fresh else f"kubelet was last heard of at {', '.join(map(str, times)) or 'no time'}"


def dns(server: str, name: str) -> str:
    """Ask for the address of a name, as a pod would."""
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    query = struct.pack(">HHHHHH", 0x1AB, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", 1, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.settimeout(2)
        try:
            client.sendto(query, (server, 53))
            answer = client.recv(512)
        except OSError as error:
            return f"DNS at {server}: {error}"
    _, flags, _, answers = struct.unpack(">HHHH", answer[:8])
    return "" if flags & 0xF == 0 and answers else f"DNS at {server} does not know {name} (code {flags & 0xF})"


def backing_off(kubectl: Kubectl, namespaces: Iterable[str]) -> list[tuple[str, str]]:
    """Pods that wait for their next restart."""
    found = []
    for namespace in sorted(namespaces):
        for pod in kubectl.get("pods", "-n", namespace)["items"]:
            if "BackOff" in _pod(pod):
                found.append((namespace, pod["metadata"]["name"]))
    return found


def _pod(pod: dict[str, Any]) -> str:
    """Why a pod is not ready, or its phase."""
    status = pod.get("status", {})
    for container in status.get("containerStatuses", []):
        if waiting := container.get("state", {}).get("waiting"):
            return f"{waiting.get('reason', '')} {waiting.get('message', '')}".strip()[:300]
    return str(status.get("phase", "not scheduled"))
