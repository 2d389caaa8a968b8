"""What the caller chose: by environment variables, so that make, pytest and a shell say it the same way."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lab import stacks

CLUSTERS = ("lab", "kind", "existing")
# The default first, then what other sets of module files there are.
KUBERNETES = (
    "1.33.13",
    *sorted(path.name.removeprefix("kubernetes-") for path in (Path(__file__).parent / "go").glob("kubernetes-*")),
)
# Everything of a lab that a reboot takes away lives here; sockets too, whose paths may have 107 bytes only.
RUN_ROOT = Path("/run/bentobox.platform")
NAME = re.compile(r"[a-z]([a-z0-9-]{0,22}[a-z0-9])?")


@dataclass(frozen=True)
class Settings:
    name: str
    cluster: str
    k8s: str
    stack: str  # what the lab is for: yatai, inference, all
    keep_data: bool
    audit: bool
    cache: Path
    labs: Path  # the folder with the state of all labs of this user

    @property
    def state(self) -> Path:
        return self.labs / self.name

    @property
    def run(self) -> Path:
        return RUN_ROOT / self.name

    @property
    def unit(self) -> str:
        """The name of the lab in the kernel: network namespace, cgroup."""
        return f"bentobox-{self.name}"

    @property
    def netns(self) -> Path:
        return Path("/run/netns") / self.unit

    @property
    def mntns(self) -> Path:
        """A namespace's file must lie on a private mount, hence the folder of its own."""
        return self.run / "mnt" / "ns"

    @property
    def kubeconfig(self) -> Path:
        return self.state / "kubeconfig"

    @property
    def token_file(self) -> Path:
        return self.state / "token"

    @property
    def vars_file(self) -> Path:
        return self.state / "vars.yml"

    def problems(self) -> list[str]:
        """What is wrong with the request itself, whatever the machine."""
        found = []
        if not NAME.fullmatch(self.name):
            found.append(f"LAB={self.name!r}: a name is at most 24 of a-z, 0-9 and '-', beginning with a letter")
        if self.cluster not in CLUSTERS:
            found.append(f"CLUSTER={self.cluster!r} is unknown: choose {', '.join(CLUSTERS)}")
        if self.cluster == "lab" and self.k8s not in KUBERNETES:
            found.append(f"K8S={self.k8s!r} is not built by the lab: choose {', '.join(KUBERNETES)}")
        if wrong := stacks.problem(self.stack):
            found.append(wrong)
        return found


def _folder(environ: Mapping[str, str], variable: str, default: str) -> Path:
    return Path(environ.get(variable) or Path(environ.get("HOME") or "/root") / default) / "bentobox.platform"


def _flag(environ: Mapping[str, str], variable: str) -> bool:
    return environ.get(variable, "").lower() not in ("", "0", "no", "false")


def from_environment(environ: Mapping[str, str] | None = None) -> Settings:
    env = os.environ if environ is None else environ
    return Settings(
        name=env.get("LAB") or "bentobox",
        cluster=env.get("CLUSTER") or "lab",
        k8s=(env.get("K8S") or KUBERNETES[0]).removeprefix("v"),
        stack=env.get("STACK") or stacks.STACKS[0],
        keep_data=_flag(env, "KEEP_DATA"),
        audit=_flag(env, "LAB_AUDIT"),
        cache=_folder(env, "XDG_CACHE_HOME", ".cache"),
        labs=_folder(env, "XDG_STATE_HOME", ".local/state") / "labs",
    )
