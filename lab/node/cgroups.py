"""The lab's cgroups: <unit>/node holds the node's processes, <unit>/pods is kubelet's root.

Whatever a lab starts is born in them, so that they tell for sure, also after a crash, which processes are the lab's.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from lab.errors import LabError
from lab.settings import Settings

ROOT = Path("/sys/fs/cgroup")
V2_CONTROLLERS = ("cpuset", "cpu", "io", "memory", "hugetlb", "pids")


def is_v2(root: Path = ROOT) -> bool:
    return (root / "cgroup.controllers").is_file()


def hierarchies(root: Path = ROOT) -> list[Path]:
    """Version 1: one folder per controller (and systemd's). Version 2: the root alone."""
    if is_v2(root):
        return [root]
    found: dict[int, Path] = {}
    for path in sorted(root.iterdir()) if root.is_dir() else []:
        if (path / "cgroup.procs").is_file() and not (path / "cgroup.controllers").is_file():
            found.setdefault(path.stat().st_dev, path)  # cpu,cpuacct are one hierarchy under three names
    return list(found.values())


def trees(root: Path = ROOT) -> list[Path]:
    """Every folder that may hold the lab's cgroups: beside version 1, runc uses the version 2 tree without
    controllers as well, where there is one."""
    hybrid = root / "unified"
    return [*hierarchies(root), *([hybrid] if (hybrid / "cgroup.controllers").is_file() else [])]


def ensure(settings: Settings, root: Path = ROOT) -> None:
    top = settings.unit
    for base in hierarchies(root):
        for path in (base / top, base / top / "node", base / top / "pods"):
            path.mkdir(exist_ok=True)
            # A cpuset without processors takes no process.
            for key in ("cpuset.cpus", "cpuset.mems"):
                target = path / key
                if not is_v2(root) and target.is_file() and not target.read_text().strip():
                    target.write_text((path.parent / key).read_text())
        if is_v2(root):
            offered = (base / "cgroup.controllers").read_text().split()
            for path in (base, base / top):
                for name in V2_CONTROLLERS:
                    if name in offered:
                        (path / "cgroup.subtree_control").write_text(f"+{name}")


def join(settings: Settings, root: Path = ROOT) -> None:
    """Move this process into the node's cgroup; its children are born there."""
    for base in hierarchies(root):
        (base / settings.unit / "node" / "cgroup.procs").write_text(str(os.getpid()))


def pids(settings: Settings, part: str = "", root: Path = ROOT) -> set[int]:
    """Processes in the lab's cgroups, or in one part of them (node, pods)."""
    found: set[int] = set()
    for base in trees(root):
        top = base / settings.unit / part
        for folder, _, files in os.walk(top):
            if "cgroup.procs" in files:
                try:
                    found.update(int(pid) for pid in (Path(folder) / "cgroup.procs").read_text().split())
                except OSError:
                    continue  # the cgroup went away meanwhile
    return found - {0, os.getpid()}


def memory(settings: Settings, root: Path = ROOT) -> int | None:
    """Bytes that the lab works with, as kubelet counts them: without what the kernel would give back first."""
    for folder, usage, cache in (
        (root / settings.unit, "memory.current", "inactive_file"),
        (root / "memory" / settings.unit, "memory.usage_in_bytes", "total_inactive_file"),
    ):
        if (folder / usage).is_file():
            stat = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
            return max(0, int((folder / usage).read_text()) - int(stat.get(cache, 0)))
    return None


def send(numbers: set[int], number: signal.Signals) -> None:
    for pid in numbers:
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            continue


def kill_all(settings: Settings, timeout: float = 30) -> None:
    """End every process of the lab, however new ones keep coming."""
    end = time.monotonic() + timeout
    while left := pids(settings):
        if time.monotonic() > end:
            raise LabError(f"processes {sorted(left)} of the lab {settings.name} do not end, even by SIGKILL")
        send(left, signal.SIGKILL)
        time.sleep(0.1)


def remove(settings: Settings, root: Path = ROOT, timeout: float = 10) -> None:
    """Remove the cgroups, deepest first; the kernel needs a moment after the last process."""
    end = time.monotonic() + timeout
    tops = [base / settings.unit for base in trees(root)]
    while any(top.exists() for top in tops):
        for top in tops:
            for folder, _, _ in os.walk(top, topdown=False):
                try:
                    os.rmdir(folder)
                except OSError:
                    continue
        if time.monotonic() > end:
            left = [str(top) for top in tops if top.exists()]
            raise LabError(f"cgroups are still in use after {timeout:.0f} s: {', '.join(left)}")
        time.sleep(0.05)
