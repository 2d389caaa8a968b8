"""CLUSTER=kind: containers of Docker as nodes, a control plane and two workers."""

from __future__ import annotations

import shutil
from typing import Any

import yaml

from lab.errors import LabError
from lab.providers.base import DOMAIN, Provider
from lab.shell import run

CLUSTER = "inference-in-a-box"
HTTP, HTTPS = 30080, 30443  # node ports of the ingress; Docker joins them to the machine's ports 80 and 443
DEFAULT = "bentobox"  # LAB's default: then the cluster has the name users know


def cluster_name(lab: str) -> str:
    return CLUSTER if lab == DEFAULT else f"{CLUSTER}-{lab}"


def config(lab: str) -> dict[str, Any]:
    """kind's own format; tests decode it with kind's Go types. The ingress is reached on the machine's ports."""
    return {
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "name": cluster_name(lab),
        "networking": {"apiServerAddress": "127.0.0.1"},
        "nodes": [
            {
                "role": "control-plane",
                "labels": {"ingress-ready": "true"},
                "extraPortMappings": [
                    {"containerPort": HTTP, "hostPort": 80, "protocol": "TCP"},
                    {"containerPort": HTTPS, "hostPort": 443, "protocol": "TCP"},
                ],
            },
            {"role": "worker"},
            {"role": "worker"},
        ],
    }


def variables(lab: str, kubeconfig: str) -> dict[str, Any]:
    """What the roles must know of such a cluster."""
    return {
        "bentobox_kubeconfig": kubeconfig,
        "bentobox_release": "2025.07",
        "metrics_server_kubelet_insecure_tls": True,
        "ingress_service_type": "NodePort",
        "ingress_node_port_http": HTTP,
        "ingress_node_port_https": HTTPS,
        "yatai_deployment_domain_suffix": DOMAIN.format(name=lab),
    }


class Kind(Provider):
    def needs(self) -> str:
        return "about 5 minutes, 12 GiB of Docker's disk, 6 GiB of memory, the internet for images"

    def problems(self) -> list[str]:
        found = []
        if not shutil.which("kind"):
            found.append("no `kind` on PATH: install it, or use CLUSTER=lab (Linux, root) or CLUSTER=existing")
        if not shutil.which("docker"):
            found.append("no `docker` on PATH: kind's nodes are containers")
        else:
            done = run(["docker", "info"], check=False, timeout=30)
            if done.returncode:
                found.append(f"Docker does not answer: {(done.stderr or done.stdout).strip().splitlines()[-1:]}")
        return found

    def exists(self) -> bool:
        return cluster_name(self.settings.name) in run(["kind", "get", "clusters"], timeout=60).stdout.split()

    def up(self, *, bare: bool = False) -> None:
        self.settings.state.mkdir(parents=True, exist_ok=True)
        path = self.settings.state / "kind.yaml"
        path.write_text(yaml.safe_dump(config(self.settings.name), sort_keys=False))
        kubeconfig = str(self.settings.kubeconfig)
        name = cluster_name(self.settings.name)
        with self.console.step(f"kind cluster {name}"):
            if self.exists():
                run(["kind", "export", "kubeconfig", "--name", name, "--kubeconfig", kubeconfig], timeout=120)
            else:
                create = [
                    "kind",
                    "create",
                    "cluster",
                    "--config",
                    str(path),
                    "--kubeconfig",
                    kubeconfig,
                    "--wait",
                    "5m",
                ]
                run(create, timeout=1200)
        self.write_vars(variables(self.settings.name, kubeconfig))

    def down(self) -> None:
        name = cluster_name(self.settings.name)
        with self.console.step(f"kind cluster {name}"):
            run(["kind", "delete", "cluster", "--name", name], timeout=300)
        if self.settings.state.exists():
            shutil.rmtree(self.settings.state)

    def status(self) -> tuple[bool, list[str]]:
        name = cluster_name(self.settings.name)
        try:
            there = self.exists()
        except LabError as error:
            return False, [str(error)]
        return there, [f"kind cluster {name} is {'there' if there else 'not there'}"]
