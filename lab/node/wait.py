"""Checks to wait on: each returns what is still missing, or an empty string."""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Iterable
from typing import Any

from lab.errors import LabError
from lab.node.kubectl import Kubectl
from lab.node.supervisor import Supervisor


def http(url: str) -> str:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 (our own http address)
            return "" if answer.status == 200 else f"{url} answers {answer.status}"
    except (urllib.error.URLError, OSError) as error:
        return f"{url}: {getattr(error, 'reason', error)}"


def running(supervisor: Supervisor, *names: str) -> str:
    return supervisor.trouble(*names)


def api_ready(kubectl: Kubectl) -> str:
    try:
        return "" if kubectl.raw("/readyz") == "ok" else "not ready"
    except LabError as error:
        return str(error)


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


def rolled_out(kubectl: Kubectl, namespace: str, name: str) -> str:
    try:
        found = kubectl.get("deployment", name, "-n", namespace)
        want, status = found["spec"].get("replicas", 1), found.get("status", {})
        current = status.get("observedGeneration", 0) >= found["metadata"]["generation"]
        if current and status.get("updatedReplicas", 0) == status.get("availableReplicas", 0) == want:
            return ""
        labels = ",".join(f"{k}={v}" for k, v in found["spec"]["selector"]["matchLabels"].items())
        pods = kubectl.get("pods", "-n", namespace, "-l", labels)["items"]
    except LabError as error:
        return str(error)
    return "; ".join(_pod(pod) for pod in pods) or f"{namespace}/{name} has no pods yet"


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
