"""What makes NetworkPolicies count: the first packet of every connection of a pod is asked of the agent in the cluster.

The agent (sigs.k8s.io/kube-network-policies) would set such rules itself, by an expression of nftables that not every
kernel has; the older target for the same queue is found more often.
"""

from __future__ import annotations

from lab.node import addons
from lab.node.context import Node
from lab.shell import run

CHAIN = "BENTOBOX-POLICIES"
QUEUE = 100  # the agent's default


def rules(pods: str) -> str:
    """For iptables-restore. Processes of the node, so kubelet's probes too, always reach pods, as Kubernetes demands;
    without an agent that listens everything passes."""
    ask = f"-j NFQUEUE --queue-num {QUEUE} --queue-bypass"
    lines = [
        "*mangle",
        f":{CHAIN} - [0:0]",
        f"-A {CHAIN} -m owner --uid-owner 0 -j RETURN",
        f"-A {CHAIN} -m conntrack --ctstate ESTABLISHED,RELATED -j RETURN",
        f"-A {CHAIN} -s {pods} {ask}",
        f"-A {CHAIN} -d {pods} {ask}",
        "COMMIT",
    ]
    return "\n".join(lines) + "\n"


def ensure(node: Node) -> None:
    """They go with the network namespace."""
    if not addons.needed(addons.POLICIES, node.settings.stack):
        return
    inside, links = ["nsenter", f"--net={node.netns}", "--"], node.conf / "bin"
    environment = node.programs.environment(links)
    run([*inside, "iptables-restore", "--wait", "--noflush"], stdin=rules(node.network.pods), env=environment)
    jump = ["POSTROUTING", "-j", CHAIN]
    table = [*inside, "iptables", "--wait", "--table", "mangle"]
    if run([*table, "-C", *jump], check=False, env=environment).returncode:
        run([*table, "-A", *jump], env=environment)
