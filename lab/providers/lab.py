"""CLUSTER=lab: a real node on this machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from lab import artifacts, checks, inference, stacks
from lab.console import Console
from lab.errors import LabError, Refused
from lab.node import cgroups, network
from lab.node.context import Node
from lab.node.down import down, remains
from lab.node.kubectl import Kubectl
from lab.node.programs import Programs, from_artifacts
from lab.node.supervisor import Supervisor
from lab.node.up import up
from lab.node.wait import api_ready
from lab.providers.base import DOMAIN, Provider
from lab.settings import Settings
from lab.slots import Network, choose, lab_lock, machine_lock, owner, raised_for, record, recorded

RELEASE = "lab-2025.07"
EVERYTHING = ("programs", "debs", "charts", "images", "index")
CONTROL_PLANE = ("programs", "debs")


class Lab(Provider):
    def __init__(self, settings: Settings, console: Console) -> None:
        stack = stacks.joined(raised_for(settings), settings.stack)
        super().__init__(replace(settings, stack=stack), console)

    def missing(self) -> artifacts.Needs:
        return artifacts.needs(EVERYTHING, k8s=self.settings.k8s, stack=self.settings.stack)

    def needs(self) -> str:
        disk, memory = checks.STATE_GIB[self.settings.stack], checks.MEMORY_GIB[self.settings.stack]
        state = f"{disk:.0f} GiB of disk in {self.settings.labs}, {memory:g} GiB of memory"
        missing = self.missing()
        if missing.missing:
            return (
                f"cold: about {missing.minutes + 1:.0f} minutes ({', '.join(missing.missing)} must be built, once), "
                f"up to {missing.disk_gb:.0f} GB of disk in {self.settings.cache} meanwhile, {state}"
            )
        return f"warm: about 1 minute, up to {state}"

    def problems(self) -> list[str]:
        found = checks.machine()
        if found:
            return found
        found = checks.kernel()
        if owner(self.settings) == self.settings.state:
            return found  # it is up: it has its disk, memory and addresses
        needs = checks.needed_disk(self.settings, self.missing().disk_gb)
        found += checks.memory(self.settings.stack) + checks.disk_problems(needs)
        return found + checks.name_and_addresses(self.settings, network.routes(), network.links())

    def up(self, *, bare: bool = False) -> None:
        with lab_lock(self.settings):
            programs = self.build(CONTROL_PLANE if bare else EVERYTHING)
            with machine_lock():
                net = choose(self.settings, network.routes())
                record(self.settings, net)
            node = Node(self.settings, net, programs)
            try:
                up(node, self.console, with_addons=not bare)
            except FileNotFoundError as error:
                raise LabError(str(error)) from error
            self.write_vars(variables(node))

    def build(self, kinds: tuple[str, ...] = EVERYTHING) -> Programs:
        with self.console.step("programs, packages, images (from the cache, or built once)"):
            return self.programs(kinds)

    def programs(self, kinds: tuple[str, ...]) -> Programs:
        empty = self.settings.run / "empty"
        empty.mkdir(parents=True, exist_ok=True)
        return from_artifacts(kinds, self.settings, self.console.say, empty)

    def down(self) -> None:
        if wrong := checks.machine():
            raise Refused(f"lab {self.settings.name} is not taken down", wrong)
        other = owner(self.settings)
        if other and other != self.settings.state:
            raise Refused(
                f"lab {self.settings.name} is not taken down",
                [f"its state is in {other}, not in {self.settings.state}: set XDG_STATE_HOME={other.parents[2]}"],
            )
        with lab_lock(self.settings):
            down(self.settings, self.console)

    def status(self) -> tuple[bool, list[str]]:
        supervisor = Supervisor(self.settings)
        if not supervisor.alive():
            left = remains(self.settings)
            if recorded(self.settings) is None and not left:
                return False, [f"the lab {self.settings.name} is not up"]
            return False, [f"the lab {self.settings.name} is not up; of it there is:", *(f"  {one}" for one in left)]
        lines = [f"{name:26} {info['statename']:9} {info['description']}" for name, info in supervisor.states().items()]
        ready = all(info["statename"] == "RUNNING" for info in supervisor.states().values())
        slot = recorded(self.settings)
        if ready and slot is not None:
            address = f"{Network(slot).node_ip}:6443"
            missing = api_ready(address, self.settings.state / "pki/ca.crt")
            lines.append(f"API server https://{address}: {missing or 'ready'}")
            ready = not missing
        return ready, lines

    def memory(self) -> str:
        used = cgroups.memory(self.settings)
        return super().memory() if used is None else f"{used / checks.GIB:.1f} GiB in use"

    def curl(self) -> list[str]:
        return inference.curl(self.settings, Kubectl(self.programs(CONTROL_PLANE).kubectl, self.settings.kubeconfig))

    def environment(self) -> dict[str, str]:
        found = super().environment()
        slot = recorded(self.settings)
        if slot is not None:
            found["node_ip"] = Network(slot).node_ip
        return found


def variables(node: Node) -> dict[str, Any]:
    """What the roles must know: all of it is what an air-gapped site would set too."""
    common = {
        "bentobox_kubeconfig": str(node.settings.kubeconfig),
        "bentobox_release": RELEASE,
        "bentobox_artifacts_dir": str(Path(node.programs.charts_dir).parent),
        "bentobox_helm_binary": str(node.programs.helm),
        # kubelet's own certificate is signed by nobody, as kubeadm leaves it.
        "metrics_server_kubelet_insecure_tls": True,
    }
    stack = node.settings.stack
    common |= yatai(node) if stacks.needed(["yatai"], stack) else {}
    return common | (inference.variables() if stacks.needed(["inference"], stack) else {})


def yatai(node: Node) -> dict[str, Any]:
    mirror = "mirror.lab.svc.cluster.local:5000"
    return {
        "ingress_service_type": "ClusterIP",
        "ingress_external_ips": [node.network.node_ip],
        "yatai_deployment_domain_suffix": DOMAIN.format(name=node.settings.name),
        "yatai_image_builder_builder_args": [
            f"--registry-mirror={mirror}",
            f"--insecure-registry={mirror}",
            "--insecure-pull",
        ],
    }
