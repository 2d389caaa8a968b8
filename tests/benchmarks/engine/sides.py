# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The contestants of the engine's benchmark."""

from __future__ import annotations

import json
import re
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import urllib3
import yaml

from .tools import Bench, Failed, Run, objects

LOOPED = 50
_CHANGED = re.compile(r"localhost\s+: ok=\d+\s+changed=(\d+)")
CONNECTIONS = 8


@dataclass
class Times:
    cold: list[Run] = field(default_factory=list)
    again: list[Run] = field(default_factory=list)
    namespace: str = ""  # of the last cold run

    @staticmethod
    def seconds(runs: list[Run]) -> float:
        return statistics.median(run.seconds for run in runs)

    def peak(self) -> float:
        return max((run.peak_mib for run in [*self.cold, *self.again]), default=0.0)


class Side:
    """One way to get the objects into a namespace."""

    title = short = ""
    sample = False  # whether one run holds many of its kind already

    def __init__(self, bench: Bench) -> None:
        self.bench = bench

    def prepare(self, namespace: str, size: int) -> None:
        self.bench.namespace(namespace)
        self.bench.file(size)

    def run(self, namespace: str, size: int, *, again: bool) -> Run:
        raise NotImplementedError

    def play(self, tasks: list[dict[str, Any]], changed: bool) -> Run:
        """One play; it must say 'changed' exactly when it should."""
        file = self.bench.folder / "play.yml"
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
        file.write_text(yaml.safe_dump([play], sort_keys=False))
        kubeconfig = str(self.bench.plane.kubeconfig)
        done = self.bench.run(
            [str(self.bench.venv / "bin/ansible-playbook"), str(file)], K8S_AUTH_KUBECONFIG=kubeconfig
        )
        recap = _CHANGED.search(done.output)
        if not recap or (recap[1] != "0") is not changed:
            raise Failed(f"{self.title}: {done.output[-1500:]}")
        return done


class Empty(Side):
    title, short = "an empty play", "empty"

    def prepare(self, namespace: str, size: int) -> None:
        pass

    def run(self, namespace: str, size: int, *, again: bool) -> Run:
        return self.play([{"ansible.builtin.debug": {"msg": "nothing"}}], changed=False)


class Component(Side):
    title, short = "bentobox.platform.component", "ours"

    def prepare(self, namespace: str, size: int) -> None:
        self.bench.file(size)  # the namespace is part of the component

    def run(self, namespace: str, size: int, *, again: bool) -> Run:
        task = {"name": "bench", "namespace": namespace, "wait": False, "files": [{"path": str(self.bench.file(size))}]}
        return self.play([{"bentobox.platform.component": task}], changed=not again)


class K8s(Side):
    def __init__(self, bench: Bench, looped: int = 0) -> None:
        super().__init__(bench)
        self.looped = looped
        self.title = f"kubernetes.core.k8s, loop of {looped}" if looped else "kubernetes.core.k8s, one task"
        self.short = "loop" if looped else "k8s"
        self.sample = bool(looped)

    def run(self, namespace: str, size: int, *, again: bool) -> Run:
        options: dict[str, Any] = {"namespace": namespace}
        if not self.looped:
            return self.play(
                [{"kubernetes.core.k8s": {**options, "src": str(self.bench.file(size))}}], changed=not again
            )
        items = {"loop": objects(self.looped), "loop_control": {"label": "{{ item.metadata.name }}"}}
        return self.play([{"kubernetes.core.k8s": {**options, "definition": "{{ item }}"}, **items}], changed=not again)


class Kubectl(Side):
    title, short = "kubectl apply --server-side", "kubectl"

    def run(self, namespace: str, size: int, *, again: bool) -> Run:
        plane = self.bench.plane
        command = [str(plane.kubectl), "--kubeconfig", str(plane.kubeconfig), "-n", namespace, "apply", "--server-side"]
        done = self.bench.run([*command, "-f", str(self.bench.file(size))])
        if done.output.count("serverside-applied") != size:
            raise Failed(f"kubectl: {done.output[-1500:]}")
        return done


class Bare(Side):
    """The same PATCHes and nothing else: no question before, no look at the answer. Faster is not possible here."""

    title, short = "the bare PATCHes", "bare"

    def run(self, namespace: str, size: int, *, again: bool) -> Run:
        plane = self.bench.plane
        query = urlencode({"fieldManager": "bare", "fieldValidation": "Strict"})
        headers = {"Authorization": f"Bearer {plane.token}", "Content-Type": "application/apply-patch+yaml"}
        pool = urllib3.HTTPSConnectionPool(
            "127.0.0.1", plane.port, maxsize=CONNECTIONS, ca_certs=str(plane.folder / "pki/ca.crt"), headers=headers
        )
        items = json.loads(self.bench.file(size).read_text())["items"]

        def patch(obj: dict[str, Any]) -> int:
            plural = obj["kind"].lower() + "s"
            prefix = "/api/v1" if obj["apiVersion"] == "v1" else f"/apis/{obj['apiVersion']}"
            path = f"{prefix}/namespaces/{namespace}/{plural}/{obj['metadata']['name']}?{query}"
            return pool.request("PATCH", path, body=json.dumps(obj).encode(), retries=False).status

        begun = time.monotonic()
        with ThreadPoolExecutor(CONNECTIONS) as threads:
            statuses = set(threads.map(patch, items))
        seconds = time.monotonic() - begun
        if statuses != {200 if again else 201}:
            raise Failed(f"the bare PATCHes were answered with {statuses}")
        return Run(seconds, 0)
