# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether pods reach an address: only a pod can say. It lives for seconds, leaves nothing, and may do nothing."""

from __future__ import annotations

import secrets
import time
from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import ApiError, KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.explain import explain
from ansible_collections.bentobox.platform.plugins.module_utils.preflight.model import Endpoint

LABEL = "bentobox.platform/preflight"

# Only a connection is made, nothing is sent. The result goes where the kubelet puts it into the pod's status.
SCRIPT = """
import os, socket, sys
from concurrent.futures import ThreadPoolExecutor

def attempt(address):
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=5).close()
    except OSError as error:
        return f"{address} {error.strerror or error or type(error).__name__}"
    return f"{address} {CONNECTED}"

CONNECTED = "connected"
with ThreadPoolExecutor(8) as pool, open(os.environ.get("RESULT", "/dev/termination-log"), "w") as out:
    out.write("\\n".join(pool.map(attempt, sys.argv[1:])))
"""


def address(endpoint: Endpoint) -> str:
    host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
    return f"{host}:{endpoint.port}"


def parse(message: str, endpoints: tuple[Endpoint, ...]) -> dict[str, str]:
    """What the script wrote: '' for each endpoint that was reached, else the reason."""
    said = dict(line.partition(" ")[::2] for line in message.splitlines() if line.strip())
    outcome = {endpoint.name: said.get(address(endpoint), "the probe did not get to it") for endpoint in endpoints}
    return {name: "" if text == "connected" else text for name, text in outcome.items()}


def pod(
    name: str, namespace: str, image: str, pull_secrets: list[str], endpoints: tuple[Endpoint, ...]
) -> dict[str, Any]:
    """The pod, fit for the restricted pod security standard."""
    container = {
        "name": "probe",
        "image": image,
        "command": ["python3", "-c", SCRIPT, *(address(endpoint) for endpoint in endpoints)],
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
            "runAsNonRoot": True,
            "runAsUser": 65534,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {LABEL: "probe", "app.kubernetes.io/managed-by": "bentobox.platform"},
            # a service mesh would answer for the network
            "annotations": {"sidecar.istio.io/inject": "false"},
        },
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 1,
            # should we be killed before we can delete it
            "activeDeadlineSeconds": 300,
            "imagePullSecrets": [{"name": secret} for secret in pull_secrets],
            "containers": [container],
        },
    }


def probe(
    client: Client,
    endpoints: tuple[Endpoint, ...],
    *,
    image: str,
    namespace: str,
    timeout: int,
    pull_secrets: list[str],
) -> dict[str, str]:
    """Asks from inside. Raises KubeError when the pod could not say anything."""
    _clean(client, namespace)
    name = f"preflight-{secrets.token_hex(4)}"
    client.create(pod(name, namespace, image, pull_secrets, endpoints))
    try:
        return parse(_message(client, namespace, name, timeout), endpoints)
    finally:
        client.delete("v1", "Pod", name, namespace)


def _message(client: Client, namespace: str, name: str, timeout: int) -> str:
    deadline = time.monotonic() + timeout
    while True:
        live = client.get("v1", "Pod", name, namespace)
        status = live.get("status") or {}
        if status.get("phase") in ("Succeeded", "Failed"):
            states = [container.get("state") or {} for container in status.get("containerStatuses") or []]
            return "\n".join(str((state.get("terminated") or {}).get("message", "")) for state in states)
        # the second failed pull; waiting longer seldom helps, and the operator waits too
        hopeless = _waiting(status) & {"ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError"}
        if hopeless or time.monotonic() > deadline:
            reasons = "; ".join(line.strip() for line in explain(client, live))
            where = f"Pod {namespace}/{name}"
            raise ApiError(0, "Timeout", f"it did not run: {reasons}", verb="running", what=where)
        time.sleep(0.5)


def _waiting(status: dict[str, Any]) -> set[str]:
    states = [container.get("state") or {} for container in status.get("containerStatuses") or []]
    return {str((state.get("waiting") or {}).get("reason", "")) for state in states}


def _clean(client: Client, namespace: str) -> None:
    """What a killed run left behind."""
    for old in client.list("v1", "Pod", namespace, label_selector=f"{LABEL}=probe"):
        if (old.get("status") or {}).get("phase") in ("Succeeded", "Failed"):
            try:
                client.delete("v1", "Pod", old["metadata"]["name"], namespace)
            except KubeError:
                continue
