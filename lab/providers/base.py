"""What a provider of a cluster must be able to do."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import yaml

from lab import checks
from lab.console import Console
from lab.errors import LabError
from lab.settings import Settings

DOMAIN = "{name}.bentobox.internal"


class Provider(ABC):
    def __init__(self, settings: Settings, console: Console) -> None:
        self.settings = settings
        self.console = console

    @abstractmethod
    def needs(self) -> str:
        """One line: minutes, disk, memory."""

    @abstractmethod
    def problems(self) -> list[str]:
        """Why it cannot work; found without changing anything."""

    @abstractmethod
    def up(self, *, bare: bool = False) -> None:
        """Raise or heal the cluster; bare: control plane and node only, where the provider has the choice."""

    @abstractmethod
    def down(self) -> None: ...

    @abstractmethod
    def status(self) -> tuple[bool, list[str]]:
        """Whether the cluster answers, and lines to show."""

    def build(self) -> object:
        """Prepare what can be prepared without a cluster."""
        self.console.say("nothing has to be built for this kind of cluster")
        return None

    def kubeconfig(self) -> Path:
        return self.settings.kubeconfig

    def memory(self) -> str:
        """How much memory is in use, in words."""
        used = checks.used_memory(Path("/proc/meminfo").read_text())
        return f"{used:.1f} GiB of this machine in use"

    def curl(self) -> list[str]:
        """Lines that ask the inference platform's sample."""
        raise LabError("only CLUSTER=lab knows how its gateway is reached from here")

    def environment(self) -> dict[str, str]:
        return {
            "state": str(self.settings.state),
            "cache": str(self.settings.cache),
            "vars": str(self.settings.vars_file),
            "kubeconfig": str(self.kubeconfig()),
            "token": str(self.settings.token_file),
        }

    def write_vars(self, values: dict[str, Any]) -> None:
        """Extra variables for ansible-playbook: what the collection must know of this cluster."""
        self.settings.state.mkdir(parents=True, exist_ok=True)
        header = "# Written by `lab up`: extra variables for the collection's playbooks on this cluster.\n"
        self.settings.vars_file.write_text(header + yaml.safe_dump(values, sort_keys=False))
