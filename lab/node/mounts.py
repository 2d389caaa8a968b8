"""A private mount namespace for kubelet and containerd.

Both have fixed paths (/var/lib/kubelet, /var/log/pods, ...) that two nodes on one machine would fight over. In this
namespace they are the lab's own folders; dropping the namespace frees every mount that kubelet ever made.
"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from lab.namespaces import is_namespace
from lab.node.context import Node
from lab.settings import RUN_ROOT, Settings
from lab.shell import run


def binds(node: Node) -> dict[str, Path]:
    """Fixed path -> the lab's own folder behind it."""
    return {
        "/var/lib/kubelet": node.data / "kubelet",
        "/var/lib/cni": node.data / "cni",
        "/var/log/pods": node.data / "pod-logs",
        "/var/log/containers": node.data / "container-logs",
        "/run/containerd": node.settings.run / "containerd",
        "/run/netns": node.settings.run / "netns",
    }


def script(node: Node) -> str:
    """What runs inside the new namespace. First it lets go of other labs' namespaces, which it inherited as copies
    and would keep alive; each bind is a peer group of its own, or every volume would be mounted twice."""
    q = shlex.quote
    lines = [
        "mount --make-rprivate /",
        f'awk \'$2 ~ "^/run/netns" || index($2, "{RUN_ROOT}/") == 1 {{print $2}}\' /proc/self/mounts | sort -r |',
        'while read -r place; do umount -l "$place"; done',
        "mount --make-rshared /",
    ]
    for target, source in binds(node).items():
        lines += [
            f"mount --bind {q(str(source))} {target}",
            f"mount --make-private {target}",
            f"mount --make-shared {target}",
        ]
    return "\n".join(lines)


def ensure(node: Node) -> bool:
    """Make the namespace if there is none; true when it was made."""
    if is_namespace(node.mntns, "mnt"):
        return False
    release(node.settings)
    place = node.mntns.parent
    place.mkdir(parents=True, exist_ok=True)
    run(["mount", "--bind", place, place])
    run(["mount", "--make-private", place])
    node.mntns.touch()
    made = []
    for target, source in binds(node).items():
        source.mkdir(parents=True, exist_ok=True)
        if not Path(target).is_dir():
            os.makedirs(target, mode=0o755)
            made.append(target)
    if made:
        with (RUN_ROOT / ".made-folders").open("a") as handle:
            handle.writelines(f"{target}\n" for target in made)
    run(["unshare", f"--mount={node.mntns}", "--propagation", "shared", "sh", "-ec", script(node)])
    return True


def release(settings: Settings) -> None:
    """Let go of the namespace; its mounts vanish with the last process in it."""
    path = settings.mntns
    for place in (path, path.parent):
        for _ in range(5):
            if run(["umount", "-l", place], check=False).returncode:
                break
    path.unlink(missing_ok=True)


def leftovers(folder: Path, mounts: str | None = None) -> list[str]:
    """Mounts of the machine's own namespace below a folder, deepest first."""
    text = Path("/proc/self/mounts").read_text() if mounts is None else mounts
    places = [line.split()[1].encode().decode("unicode_escape") for line in text.splitlines() if line]
    return sorted((p for p in places if Path(p).is_relative_to(folder)), key=len, reverse=True)


def forget_folders() -> None:
    """Remove the mount points the labs made on the machine. Only the last lab may: removing a folder would undo
    the bind of another lab's namespace."""
    note = RUN_ROOT / ".made-folders"
    if not note.is_file() or any(RUN_ROOT.glob("*/owner.json")):
        return
    for target in reversed(note.read_text().split()):
        try:
            os.rmdir(target)
        except OSError:
            continue  # somebody else uses it by now
    note.unlink()
