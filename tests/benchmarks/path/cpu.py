# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What the hops of a request use of the processor, as the kernel counts it for their containers."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster

from lab.node import cgroups
from lab.settings import Settings


@dataclass(frozen=True)
class Hop:
    title: str
    namespace: str
    selector: str
    container: str = ""  # none: all of the pod


class Missing(Exception):
    """A hop that is nowhere to be found."""


class Meter:
    def __init__(self, cluster: Cluster, settings: Settings, hops: tuple[Hop, ...]) -> None:
        self.groups = {hop: _groups(cluster, settings, hop) for hop in hops}

    def seconds(self) -> dict[Hop, float]:
        return {hop: sum(used(group) for group in groups) for hop, groups in self.groups.items()}


def _groups(cluster: Cluster, settings: Settings, hop: Hop) -> list[Path]:
    root = cgroups.ROOT if cgroups.is_v2() else cgroups.ROOT / "cpuacct"
    pods = root / settings.unit / "pods"
    names = [name for pod in cluster.pods(hop.namespace, hop.selector) for name in containers(pod, hop.container)]
    found = [group for name in names for group in pods.rglob(name)]
    if not found or len(found) != len(names):
        raise Missing(f"{hop.title}: {len(names)} containers in {hop.namespace} ({hop.selector}), {len(found)} cgroups")
    return found


def containers(pod: dict[str, Any], wanted: str = "") -> list[str]:
    """The runtime's names of those that run; sidecars are init containers where the cluster restarts them."""
    status = pod["status"]
    states = [*(status.get("initContainerStatuses") or []), *(status.get("containerStatuses") or [])]
    return [
        state["containerID"].rpartition("/")[2]
        for state in states
        if "running" in state.get("state", {}) and wanted in ("", state["name"])
    ]


def used(group: Path) -> float:
    """Seconds since the container was made: cgroup version 2, or 1."""
    stat = group / "cpu.stat"
    if stat.is_file():
        fields = dict(line.split() for line in stat.read_text().splitlines())
        if "usage_usec" in fields:
            return int(fields["usage_usec"]) / 1e6
    return int((group / "cpuacct.usage").read_text()) / 1e9
