# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lab the tests run in: raised when it is not up, healed when a killed run left it half alive."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from ansible_collections.bentobox.platform.tests.support.process import cache_dir
from ansible_collections.bentobox.platform.tests.support.waiting import eventually

from lab.artifacts import ensure

from .cluster import Cluster

CHECKOUT = Path(__file__).resolve().parents[3]


class Lab:
    def __init__(self, name: str, stack: str = "yatai", logs: str = "") -> None:
        self.name, self.stack = name, stack
        self.logs = cache_dir() / (logs or name)  # of the playbooks that run against it
        self.seconds = 0.0  # that raising it took

    @property
    def variables_of_make(self) -> dict[str, str]:
        return {"LAB": self.name, "CLUSTER": "lab", "KEEP_DATA": "", "STACK": self.stack}

    def command(self, verb: str, *arguments: str, timeout: float = 600, check: bool = True, **variables: str) -> str:
        """`python -m lab VERB` as make calls it; its progress is shown by pytest when something fails."""
        environment = os.environ | self.variables_of_make | variables
        done = subprocess.run(
            [sys.executable, "-m", "lab", verb, *arguments],
            cwd=CHECKOUT,
            env=environment,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        print(done.stderr)
        assert not check or done.returncode == 0, f"lab {verb} ended with {done.returncode}:\n{done.stderr[-3000:]}"
        return done.stdout.strip()

    def up(self, **variables: str) -> None:
        # A machine without the lab's programs builds them first, once.
        self.command("up", timeout=3600, **variables)

    def down(self, **variables: str) -> None:
        self.command("down", timeout=300, **variables)

    def path(self, key: str) -> Path:
        return Path(self.command("env", key))

    @property
    def variables(self) -> dict[str, object]:
        return yaml.safe_load(self.path("vars").read_text())

    def cluster(self) -> Cluster:
        return Cluster(self.path("kubeconfig"), ensure(["programs"]).bin("kubectl"))

    def pid(self, process: str) -> int:
        """Of a supervised process of the node."""
        status = self.command("status", check=False)
        found = re.search(rf"^{process}\s+RUNNING\s+pid (\d+)", status, re.MULTILINE)
        assert found, f"{process} does not run:\n{status}"
        return int(found[1])

    @contextmanager
    def frozen(self, process: str) -> Iterator[None]:
        """The process hangs: it is there and does not answer."""
        pid = self.pid(process)
        os.kill(pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(pid, signal.SIGCONT)


@contextmanager
def raised(name: str, stack: str = "yatai") -> Iterator[Lab]:
    """The lab of a test run, from nothing and away again; the one that BENTOBOX_E2E_LAB names is used and left up."""
    reused = os.environ.get("BENTOBOX_E2E_LAB")
    lab = Lab(reused or name, stack, name)
    if not reused:
        lab.down()  # what a killed run left
    begun = time.monotonic()
    lab.up()
    lab.seconds = time.monotonic() - begun
    yield lab
    if not reused:
        lab.down()


def answering(cluster: Cluster, timeout: float = 90) -> float:
    """Waits for the API server; how long that took."""
    begun = time.monotonic()
    eventually(lambda: cluster.raw("GET", "/readyz", timeout=5).status == 200, "the API server is ready", timeout)
    return time.monotonic() - begun
