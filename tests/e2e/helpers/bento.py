# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The sample bento, variants of it for faults, and questions to a served one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import urllib3
import yaml

from lab.artifacts import sample_bento
from lab.artifacts.sample import bentoml_environment

from .cluster import Cluster

NAMESPACE = "yatai"
NAME = "iris-classifier"  # what publish_bento.yml makes of the sample's name
FLOWERS = [[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]]
SPECIES = ["setosa", "virginica"]


@dataclass
class Store:
    """A BentoML store with the sample in it."""

    home: Path
    tag: str = ""

    def __post_init__(self) -> None:
        self.tag = sample_bento(self.home)  # `make up` builds it in the lab's state folder; there it is found again

    def folder(self, tag: str) -> Path:
        return self.home / "bentos" / tag.replace(":", "/")

    def variant(self, version: str, *, ballast_mib: int = 0, requirement: str = "") -> str:
        """The sample under another version: larger, so that its push takes a while, or with another requirement."""
        name = self.tag.split(":")[0]
        target = self.folder(f"{name}:{version}")
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.folder(self.tag), target, symlinks=True)
        description = yaml.safe_load((target / "bento.yaml").read_text())
        description["version"] = version
        (target / "bento.yaml").write_text(yaml.safe_dump(description, sort_keys=False))
        if ballast_mib:
            with (target / "src" / "ballast.bin").open("wb") as file:
                for _ in range(ballast_mib):
                    file.write(os.urandom(2**20))
        if requirement:
            with (target / "env" / "python" / "requirements.txt").open("a") as file:
                file.write(f"\n{requirement}\n")
        return f"{name}:{version}"

    def publish(self, tag: str = "", name: str = NAME) -> dict[str, Any]:
        """The variables of publish_bento.yml."""
        return {
            "bento_tag": tag or self.tag,
            "bento_store": str(self.home),
            "deployment_name": name,
            "deployment_namespace": NAMESPACE,
            "probe_path": "/predict",
            "probe_body": json.dumps(FLOWERS),
            "probe_contains": SPECIES[0],
        }


def bentoml(home: Path, *arguments: str, timeout: float = 180) -> str:
    """The real client in its own environment; its store and its login are in `home`."""
    environment = os.environ | {"BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "True", "PYTHONPATH": ""}
    program = bentoml_environment() / "bin" / arguments[0]
    done = subprocess.run(
        [program, *arguments[1:]], env=environment, capture_output=True, text=True, timeout=timeout, check=False
    )
    assert done.returncode == 0, f"{' '.join(arguments)}: {done.stdout}{done.stderr}"
    return done.stdout


def login(home: Path, endpoint: str, token: str) -> None:
    """As `bentoml cloud login` leaves it, without the token among the arguments of a process."""
    home.mkdir(parents=True, exist_ok=True)
    context = {"name": "default", "endpoint": endpoint, "api_token": token, "email": "e2e@example.com"}
    (home / ".yatai.yaml").write_text(yaml.safe_dump({"contexts": [context], "current_context_name": "default"}))


def right(answer: urllib3.BaseHTTPResponse) -> bool:
    return answer.status == 200 and json.loads(answer.data)["species"] == SPECIES


def predict(cluster: Cluster, name: str = NAME) -> urllib3.BaseHTTPResponse:
    return cluster.service(NAMESPACE, name, 3000, "/predict", "POST", FLOWERS)


def ingress_host(cluster: Cluster, name: str = NAME) -> str:
    ingress = cluster.get(f"/apis/networking.k8s.io/v1/namespaces/{NAMESPACE}/ingresses/{name}")
    return ingress["spec"]["rules"][0]["host"]


def predict_by_ingress(address: str, host: str, timeout: float = 10) -> urllib3.BaseHTTPResponse:
    headers = {"Host": host, "Content-Type": "application/json"}
    return urllib3.request(
        "POST", f"http://{address}/predict", body=json.dumps(FLOWERS), headers=headers, timeout=timeout, retries=False
    )


@dataclass
class Load:
    statuses: Counter[int | str] = field(default_factory=Counter)
    seconds: float = 0.0


@contextmanager
def load(url: str, threads: int = 6, at_most: float = 90) -> Iterator[Load]:
    """Requests without a pause from several threads, while the block runs and never longer than `at_most`."""
    told, end, stop = Load(), time.monotonic() + at_most, threading.Event()
    body, headers = json.dumps(FLOWERS), {"Content-Type": "application/json"}

    def ask() -> None:
        with urllib3.PoolManager(maxsize=1, retries=False) as pool:
            while not stop.is_set() and time.monotonic() < end:
                try:
                    told.statuses[pool.request("POST", url, body=body, headers=headers, timeout=10).status] += 1
                except urllib3.exceptions.HTTPError as error:
                    told.statuses[type(error).__name__] += 1

    begun = time.monotonic()
    workers = [threading.Thread(target=ask, daemon=True) for _ in range(threads)]
    for worker in workers:
        worker.start()
    try:
        yield told
    finally:
        stop.set()
        for worker in workers:
            worker.join(15)
        told.seconds = time.monotonic() - begun
