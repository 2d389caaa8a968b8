# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pods that die at the worst moment."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import urllib3

from .cluster import Cluster
from .playbook import Run


@dataclass
class Disturber:
    """Kills pods while a playbook runs, each when its moment has come, and remembers what it killed."""

    cluster: Cluster
    run: Run
    killed: list[str] = field(default_factory=list)
    trouble: str = ""

    def when(self, moment: Callable[[], Any], what: str, timeout: float = 240) -> Any:
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            if self.run.process.poll() is not None:
                raise RuntimeError(f"the playbook ended before {what}")
            try:
                if found := moment():
                    return found
            except (urllib3.exceptions.HTTPError, OSError, ValueError):
                pass  # what was killed before is not back yet
            time.sleep(0.05)
        raise RuntimeError(f"{what} did not come within {timeout:.0f} s")

    def kill(self, namespace: str, selector: str) -> None:
        """At once, without the grace period."""
        pods = [
            p["metadata"]["name"] for p in self.cluster.pods(namespace, selector) if p["status"]["phase"] == "Running"
        ]
        if not pods:
            raise RuntimeError(f"no running pod {selector} in {namespace} to kill")
        for pod in pods:
            self.cluster.delete(f"/api/v1/namespaces/{namespace}/pods/{pod}", grace=0)
            self.killed.append(f"{namespace}/{pod}")
            print(f"killed {namespace}/{pod}")

    def uploading(self, tag: str) -> bool:
        """Whether Yatai is receiving the bento at this moment."""
        repository, version = tag.split(":")
        token = self.cluster.secret("yatai-system", "yatai-api-token")["token"]
        path = f"/api/v1/bento_repositories/{repository}/bentos/{version}"
        answer = self.cluster.service("yatai-system", "yatai", 80, path, **{"X-YATAI-API-TOKEN": token})
        return answer.status == 200 and json.loads(answer.data)["upload_status"] == "uploading"

    def builder(self) -> bool:
        pods = self.cluster.pods("yatai", "yatai.ai/is-bento-image-builder=true")
        return any(self._building(pod) for pod in pods)

    @staticmethod
    def _building(pod: dict[str, Any]) -> bool:
        """The build itself runs: the download of the bento, an init container, is done."""
        states = pod["status"].get("containerStatuses") or []
        return "deletionTimestamp" not in pod["metadata"] and any("running" in s["state"] for s in states)


@contextmanager
def disturbing(disturber: Disturber, plan: Callable[[Disturber], None]) -> Iterator[Disturber]:
    """The plan runs beside the block; what went wrong with it is in `trouble`."""

    def work() -> None:
        try:
            plan(disturber)
        except Exception as error:  # told to the test, which fails by it
            disturber.trouble = f"{type(error).__name__}: {error}"

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield disturber
    finally:
        thread.join(30)
