"""What containerd has: images and running containers."""

from __future__ import annotations

import json
from pathlib import Path

from lab.node.context import Node
from lab.shell import run

LIST = "images.json"  # beside the mirror's storage: full name -> digest


def stale(held: dict[str, str], offered: dict[str, str]) -> list[str]:
    """Names to forget: those that changed, and every other name of the same old content."""
    old = {digest for name, digest in held.items() if name in offered and offered[name] != digest}
    return sorted(name for name, digest in held.items() if digest in old)


def held_by(node: Node) -> dict[str, str]:
    lines = run([*ctr(node), "images", "ls"]).stdout.splitlines()[1:]
    return {words[0]: words[2] for words in (line.split() for line in lines) if len(words) > 2}


def forget_stale(node: Node) -> list[str]:
    """Images whose name means another content in the mirror by now are pulled anew the next time they are needed:
    kubelet pulls by name only what containerd does not have by that name; running containers go on."""
    source = node.programs.registry_dir / LIST
    offered = json.loads(source.read_text()) if source.is_file() else {}
    names = stale(held_by(node), offered)
    if names:
        run([*ctr(node), "images", "rm", *names])
    return [name for name in names if name in offered]


def running_containers(node: Node) -> set[str]:
    """What really runs, from containerd."""
    lines = run([*ctr(node), "tasks", "ls"]).stdout.splitlines()[1:]
    return {words[0] for words in (line.split() for line in lines) if words[-1] == "RUNNING"}


def ctr(node: Node) -> list[str | Path]:
    return [node.programs.deb("ctr"), "-a", node.containerd_socket, "-n", "k8s.io"]
