"""Everything the parts of a node need to know of each other: names, addresses, folders, programs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lab.node.programs import Programs
from lab.settings import Settings
from lab.slots import Network


@dataclass(frozen=True)
class Node:
    settings: Settings
    network: Network
    programs: Programs

    @property
    def name(self) -> str:
        return f"{self.settings.name}-node"

    @property
    def unit(self) -> str:
        """The name of the lab in the kernel: network namespace, cgroup."""
        return self.settings.unit

    @property
    def netns(self) -> Path:
        return self.settings.netns

    @property
    def mntns(self) -> Path:
        return self.settings.mntns

    @property
    def cgroup_pods(self) -> str:
        return f"/{self.unit}/pods"

    @property
    def pki(self) -> Path:
        return self.settings.state / "pki"

    @property
    def conf(self) -> Path:
        return self.settings.state / "conf"

    @property
    def data(self) -> Path:
        return self.settings.state / "data"

    @property
    def logs(self) -> Path:
        return self.settings.state / "logs"

    @property
    def containerd_socket(self) -> Path:
        return self.settings.run / "containerd.sock"

    @property
    def api(self) -> str:
        return f"{self.network.node_ip}:6443"

    @property
    def mirror(self) -> str:
        return f"{self.network.node_ip}:5000"
