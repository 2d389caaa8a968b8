# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The cluster as an onlooker sees it: a small client of its own, so that the engine is not judged by itself."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import urllib3
import yaml

# What changes by itself while nobody asks for a change.
RESTLESS = {"events", "leases", "endpoints", "endpointslices", "componentstatuses", "nodes", "pods", "replicasets"}


class Refused(urllib3.exceptions.HTTPError):
    def __init__(self, status: int, text: str) -> None:
        super().__init__(f"{status}: {text[:400]}")
        self.status = status


class Cluster:
    """Reads and disturbs a cluster through its kubeconfig's client certificate."""

    def __init__(self, kubeconfig: Path, kubectl: Path) -> None:
        self.kubeconfig = kubeconfig
        self.kubectl_program = kubectl
        content = yaml.safe_load(kubeconfig.read_text())
        cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
        self._folder = tempfile.TemporaryDirectory(prefix="bentobox-e2e-")
        files = {}
        for name, value in {
            "ca_certs": cluster["certificate-authority-data"],
            "cert_file": user["client-certificate-data"],
            "key_file": user["client-key-data"],
        }.items():
            path = Path(self._folder.name, name)
            path.touch(mode=0o600)
            path.write_bytes(base64.b64decode(value))
            files[name] = str(path)
        self.server = cluster["server"].rstrip("/")
        self._pool = urllib3.PoolManager(maxsize=8, retries=False, **files)

    # --- requests

    def raw(
        self, method: str, path: str, body: Any = None, timeout: float = 30.0, **headers: str
    ) -> urllib3.BaseHTTPResponse:
        """Any answer of the API server, whatever its status."""
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        kind = {"Content-Type": "application/json"} if data is not None else {}
        return self._pool.request(method, self.server + path, body=data, headers=kind | headers, timeout=timeout)

    def json(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer = self.raw(method, path, body, **headers)
        if answer.status >= 300:
            raise Refused(answer.status, answer.data.decode(errors="replace"))
        return json.loads(answer.data)

    def get(self, path: str) -> Any:
        return self.json("GET", path)

    def find(self, path: str) -> Any | None:
        """The object, or None when it is not there."""
        try:
            return self.get(path)
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    def items(self, path: str) -> list[dict[str, Any]]:
        found = self.find(path)
        return found["items"] if found else []

    def merge(self, path: str, patch: dict[str, Any]) -> Any:
        return self.json("PATCH", path, patch, **{"Content-Type": "application/merge-patch+json"})

    def delete(self, path: str, grace: int | None = None) -> None:
        suffix = "" if grace is None else f"?gracePeriodSeconds={grace}"
        answer = self.raw("DELETE", path + suffix)
        if answer.status >= 300 and answer.status != 404:
            raise Refused(answer.status, answer.data.decode(errors="replace"))

    def service(
        self,
        namespace: str,
        name: str,
        port: int | str,
        path: str,
        method: str = "GET",
        body: Any = None,
        **headers: str,
    ) -> urllib3.BaseHTTPResponse:
        """Through the API server's service proxy."""
        where = f"/api/v1/namespaces/{namespace}/services/{name}:{port}/proxy/{path.lstrip('/')}"
        return self.raw(method, where, body, **headers)

    def kubectl(self, *arguments: str, timeout: float = 60) -> str:
        command = [str(self.kubectl_program), f"--kubeconfig={self.kubeconfig}", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False)
        if done.returncode:
            raise AssertionError(f"kubectl {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    # --- what there is

    def resources(self) -> list[tuple[str, str]]:
        """(path of the collection, plural) of everything that can be listed, each kind in its preferred version."""
        found = []
        for path, group in [("/api/v1", ""), *self._groups()]:
            for resource in self.get(path)["resources"]:
                if "list" in resource["verbs"] and "/" not in resource["name"] and group != "metrics.k8s.io":
                    found.append((f"{path}/{resource['name']}", resource["name"]))
        return found

    def _groups(self) -> list[tuple[str, str]]:
        return [(f"/apis/{g['preferredVersion']['groupVersion']}", g["name"]) for g in self.get("/apis")["groups"]]

    def snapshot(self) -> dict[str, str]:
        """Every object that does not change by itself -> a hash of what somebody may have written into it."""
        seen: dict[str, str] = {}
        for path, plural in self.resources():
            if plural in RESTLESS:
                continue
            for item in self.items(path):
                meta = item["metadata"]
                body = {key: value for key, value in item.items() if key not in ("metadata", "status")}
                body["labels"] = meta.get("labels")
                # deployment.kubernetes.io/revision and the like are written by controllers
                body["annotations"] = {
                    k: v for k, v in meta.get("annotations", {}).items() if "kubernetes.io/" not in k
                }
                digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
                seen[f"{path}/{meta.get('namespace', '-')}/{meta['name']}"] = f"{meta['uid']} {digest}"
        return seen

    def namespaces(self) -> set[str]:
        return {item["metadata"]["name"] for item in self.items("/api/v1/namespaces")}

    def pods(self, namespace: str, selector: str = "") -> list[dict[str, Any]]:
        query = f"?labelSelector={selector}" if selector else ""
        return self.items(f"/api/v1/namespaces/{namespace}/pods{query}")

    def secret(self, namespace: str, name: str) -> dict[str, str]:
        data = self.get(f"/api/v1/namespaces/{namespace}/secrets/{name}").get("data") or {}
        return {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}

    def metric(self, name: str, **labels: str) -> float:
        """The sum of a metric of the API server over all series that have these labels."""
        text = self.raw("GET", "/metrics").data.decode()
        wanted = [f'{key}="{value}"' for key, value in labels.items()]
        lines = (line for line in text.splitlines() if line.startswith((f"{name}{{", f"{name} ")))
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if all(one in line for one in wanted))


def differences(before: dict[str, str], after: dict[str, str], ignore: Iterable[str] = ()) -> list[str]:
    """In words, what one snapshot has that the other has not."""
    found = [f"made {key}" for key in sorted(after.keys() - before.keys())]
    found += [f"removed {key}" for key in sorted(before.keys() - after.keys())]
    found += [f"changed {key}" for key in sorted(before.keys() & after.keys()) if before[key] != after[key]]
    return [line for line in found if not any(part in line for part in ignore)]
