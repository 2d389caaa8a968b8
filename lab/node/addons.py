"""What every cluster has besides its processes: DNS, storage, the mirror's and the index's Services, the HPA bridge."""

from __future__ import annotations

from pathlib import Path
from string import Template

from lab.node import pki
from lab.node.context import Node
from lab.node.processes import INDEX_PORT

MANIFESTS = Path(__file__).parents[1] / "manifests"
DEPLOYMENTS = (
    ("kube-system", "coredns"),
    ("kube-system", "hpa-bridge"),
    ("local-path-storage", "local-path-provisioner"),
)


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
    return "---\n".join(Template(path.read_text()).substitute(values) for path in sorted(MANIFESTS.glob("*.yaml")))


def access() -> str:
    """The one binding that is needed before any pod: the API server's way to kubelet."""
    return (MANIFESTS / "access.yaml").read_text()
