"""What a cluster has besides its processes: DNS, storage, the mirror's and the index's Services; the HPA bridge for
Yatai, an agent that keeps NetworkPolicies for inference."""

from __future__ import annotations

from pathlib import Path
from string import Template

from lab import stacks
from lab.node import pki
from lab.node.context import Node
from lab.node.processes import INDEX_PORT

MANIFESTS = Path(__file__).parents[1] / "manifests"
BRIDGE, POLICIES = "hpa-bridge.yaml", "network-policies.yaml"
ONLY_FOR = {BRIDGE: ("yatai",), POLICIES: ("inference",)}  # manifests that not every stack needs


def needed(file: str, stack: str) -> bool:
    return stacks.needed(ONLY_FOR.get(file, ()), stack)


def workloads(stack: str) -> list[tuple[str, str, str]]:
    """Kind, namespace and name of what must be rolled out."""
    found = [("deployment", "kube-system", "coredns"), ("deployment", "local-path-storage", "local-path-provisioner")]
    if needed(BRIDGE, stack):
        found.append(("deployment", "kube-system", "hpa-bridge"))
    if needed(POLICIES, stack):
        found.append(("daemonset", "kube-system", "kube-network-policies"))
    return found


def render(node: Node) -> str:
    values = {
        "dns_ip": node.network.dns_ip,
        "node_ip": node.network.node_ip,
        "index_port": str(INDEX_PORT),
        "volumes": str(node.data / "volumes"),
        "bridge_ca": pki.encoded(node.pki / "hpa-bridge.crt"),
        "bridge_crt": pki.encoded(node.pki / "hpa-bridge.crt"),
        "bridge_key": pki.encoded(node.pki / "hpa-bridge.key"),
    }
    paths = [path for path in sorted(MANIFESTS.glob("*.yaml")) if needed(path.name, node.settings.stack)]
    return "---\n".join(Template(path.read_text()).substitute(values) for path in paths)


def access() -> str:
    """The one binding that is needed before any pod: the API server's way to kubelet."""
    return (MANIFESTS / "access.yaml").read_text()
