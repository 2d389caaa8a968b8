"""The node's network namespace, joined to the machine by one veth pair; it has no default route, so nothing leaves.

Service addresses are routed in the namespace as well: a process of the node needs some route before
kube-proxy's rules can send its packet elsewhere.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from lab.namespaces import is_namespace
from lab.node.context import Node
from lab.settings import Settings
from lab.shell import run

SYSCTLS = {
    "net/ipv4/ip_forward": "1",
    # A pod that reaches another through a Service on the same bridge must see the answer come from the Service.
    "net/bridge/bridge-nf-call-iptables": "1",
    "net/ipv4/conf/all/rp_filter": "0",
}


def routes() -> list[tuple[str, str]]:
    listed = json.loads(run(["ip", "-4", "-json", "route", "show", "table", "all"]).stdout or "[]")
    return [(str(r["dst"]), str(r.get("dev", "-"))) for r in listed if r.get("type", "unicast") == "unicast"]


def links() -> list[str]:
    return [str(link["ifname"]) for link in json.loads(run(["ip", "-json", "link", "show"]).stdout or "[]")]


def load_modules(proc: Path = Path("/proc")) -> None:
    """Where the kernel has them as modules that nobody has asked for yet."""
    if not (proc / "sys/net/bridge").exists():
        run(["modprobe", "br_netfilter"])
    if "overlay" not in (proc / "filesystems").read_text():
        run(["modprobe", "overlay"])


def ensure(node: Node) -> bool:
    """Make what is missing; true when the namespace itself had to be made."""
    net, name, made = node.network, node.unit, False
    if not is_namespace(node.netns):
        remove_namespace(node.settings)
        run(["ip", "netns", "add", name])
        made = True
    inside = [str(link["ifname"]) for link in json.loads(run(["ip", "-n", name, "-json", "link", "show"]).stdout)]
    if net.link not in links() or "eth0" not in inside:
        run(["ip", "link", "del", net.link], check=False)
        run(["ip", "link", "add", net.link, "type", "veth", "peer", "name", "eth0", "netns", name])
    run(["ip", "addr", "replace", f"{net.host_ip}/24", "dev", net.link])
    run(["ip", "link", "set", net.link, "up"])
    run(["ip", "-n", name, "link", "set", "lo", "up"])
    run(["ip", "-n", name, "addr", "replace", f"{net.node_ip}/24", "dev", "eth0"])
    run(["ip", "-n", name, "link", "set", "eth0", "up"])
    run(["ip", "-n", name, "route", "replace", net.services, "dev", "eth0"])
    for subnet in (net.services, net.pods):
        run(["ip", "route", "replace", subnet, "via", net.node_ip, "dev", net.link])
    script = "\n".join(f"echo {value} > /proc/sys/{key}" for key, value in SYSCTLS.items())
    run(["nsenter", f"--net={node.netns}", "--", "sh", "-ec", script])
    return made


def inode(settings: Settings) -> int | None:
    path = settings.netns
    return os.stat(path).st_ino if is_namespace(path) else None


def remove_namespace(settings: Settings) -> None:
    path = settings.netns
    if path.exists():
        run(["umount", "-l", path], check=False)
        path.unlink(missing_ok=True)


def remove(settings: Settings, link: str | None) -> None:
    """The link goes with its routes; the namespace goes when its last process and its name are gone."""
    if link and link in links():
        run(["ip", "link", "del", link], check=False)
    remove_namespace(settings)
