# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Labs of the tests' own, used through the command line as a person does."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
if str(CHECKOUT) not in sys.path:  # for the package lab, from wherever pytest was started
    sys.path.insert(0, str(CHECKOUT))

from lab.node import cgroups, down, mounts, network, processes  # noqa: E402
from lab.node.supervisor import Supervisor  # noqa: E402
from lab.settings import Settings, from_environment  # noqa: E402
from lab.slots import Network, overlapping, recorded, taken  # noqa: E402


@dataclasses.dataclass
class Machine:
    """One lab, and what its commands answer."""

    settings: Settings
    environment: dict[str, str]

    def lab(self, *args: str, prefix: tuple[str, ...] = (), **extra: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*prefix, sys.executable, "-m", "lab", *args],
            cwd=CHECKOUT,
            env={**self.environment, **extra},
            capture_output=True,
            text=True,
            timeout=3600 if args[0] == "up" else 120,
            check=False,
        )

    def up(self, *args: str) -> str:
        done = self.lab("up", *args)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def down(self, **extra: str) -> str:
        done = self.lab("down", **extra)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def kubectl(self, *args: str, stdin: str | None = None) -> str:
        from lab import artifacts  # noqa: PLC0415

        program = artifacts.ensure(["programs"]).bin("kubectl")
        # Labs take the addresses of labs that are gone: what kubectl knows of those, with other kinds, is no use here.
        cache = self.settings.state / "kubectl"
        options = [f"--kubeconfig={self.settings.kubeconfig}", f"--cache-dir={cache}", "--request-timeout=20s"]
        done = subprocess.run(
            [str(program), *options, *args],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def get(self, *args: str) -> dict[str, Any]:
        return json.loads(self.kubectl("get", *args, "-o", "json"))

    def pids(self) -> dict[str, int]:
        return {name: info["pid"] for name, info in Supervisor(self.settings).states().items()}

    def reboot(self) -> None:
        """What a power button does to a lab, as far as the kernel is concerned: only the state folder stays."""
        slot = recorded(self.settings)
        assert slot is not None
        cgroups.kill_all(self.settings)
        mounts.release(self.settings)
        network.remove(self.settings, Network(slot).link)
        cgroups.remove(self.settings)
        shutil.rmtree(self.settings.run)

    def traces(self, slot: int | None) -> list[str]:
        """What of the network of a slot is there, unless another lab of the machine has taken the slot by now."""
        assert slot is not None
        if slot in taken(self.settings):
            return []
        found = overlapping(Network(slot).whole, network.routes())
        return found + [name for name in network.links() if name == Network(slot).link]

    def remains(self) -> list[str]:
        inside = processes.in_namespaces(self.settings.netns, self.settings.mntns)
        return down.remains(self.settings) + [f"process {pid} in a namespace" for pid in inside]


def machine(name: str) -> Machine:
    """Labs of tests have a state folder that does not change, so that what a killed test left is found again."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bentobox.platform"
    environment = {key: value for key, value in os.environ.items() if key not in ("KUBECONFIG", "K8S_AUTH_KUBECONFIG")}
    environment |= {
        "LAB": name,
        "CLUSTER": "lab",
        "XDG_STATE_HOME": str(cache / "test-state"),
        "PYTHONPATH": str(CHECKOUT),
        "KEEP_DATA": "",
        "LAB_KEEP_BUILD_CACHE": "1",
    }
    return Machine(from_environment(environment), environment)


@pytest.fixture(scope="session", autouse=True)
def root() -> None:
    if os.geteuid() != 0:
        pytest.fail(
            "these tests raise labs, which takes root: run them with sudo -E, or leave them out by naming others"
        )


@pytest.fixture(scope="session")
def bare() -> Iterator[Machine]:
    """Control plane and node. Tests may break it: the next one calls up, which heals."""
    one = machine("t-lab")
    one.down()
    yield one
    one.down()


@pytest.fixture
def second() -> Iterator[Machine]:
    one = machine("t-lab2")
    one.down()
    yield one
    one.down()
