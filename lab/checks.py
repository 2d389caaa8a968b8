"""Whether this machine can carry a lab. Nothing is changed here; every problem is reported at once."""

from __future__ import annotations

import os
import platform
import shutil
from ipaddress import IPv4Network
from pathlib import Path

from lab.settings import RUN_ROOT, Settings
from lab.slots import Network, overlapping, owner, recorded, taken

GIB = 1024**3
TOOLS = {
    "ip": "iproute2",
    "nsenter": "util-linux",
    "unshare": "util-linux",
    "mount": "mount",
    "awk": "mawk",
    "apt-get": "apt",
    "dpkg": "dpkg",
}
# Measured: the node and the whole Yatai stack use 2 GiB, a build of kaniko or the API server 2 GiB; with the inference
# platform's 100 kinds of objects the API server alone takes 1.4 GiB, its pods 1.1 GiB.
MEMORY_GIB = {"yatai": 3.0, "inference": 4.5, "all": 6.0}
STATE_GIB = {"yatai": 8.0, "inference": 8.0, "all": 12.0}


def needed_disk(settings: Settings, building_gb: float) -> dict[Path, float]:
    """GiB that must be free, per folder."""
    needs = {settings.labs: STATE_GIB[settings.stack]}
    if building_gb:
        needs[settings.cache] = building_gb * 1e9 / GIB
    return needs


def available_memory(meminfo: str) -> float:
    """GiB, as are all of these."""
    return _meminfo(meminfo, "MemAvailable:")


def used_memory(meminfo: str) -> float:
    return _meminfo(meminfo, "MemTotal:") - available_memory(meminfo)


def _meminfo(meminfo: str, name: str) -> float:
    for line in meminfo.splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024**2
    return 0.0


def free_disk(folder: Path) -> tuple[int, int]:
    """Device and free bytes of the file system that has, or would have, the folder."""
    place = folder
    while not place.exists():
        place = place.parent
    stat = os.statvfs(place)
    return place.stat().st_dev, stat.f_bavail * stat.f_frsize


def disk_problems(needs: dict[Path, float]) -> list[str]:
    """Folders on one file system need their sizes together."""
    devices: dict[int, tuple[int, list[tuple[Path, float]]]] = {}
    for folder, gib in needs.items():
        device, free = free_disk(folder)
        devices.setdefault(device, (free, []))[1].append((folder, gib))
    found = []
    for free, folders in devices.values():
        total = sum(gib for _, gib in folders)
        if free < total * GIB:
            where = ", ".join(f"{gib:.0f} GiB in {folder}" for folder, gib in folders)
            found.append(
                f"too little disk: {total:.0f} GiB are needed ({where}), {free / GIB:.1f} GiB are free; free some, or "
                "point XDG_CACHE_HOME (programs, images) or XDG_STATE_HOME (the lab) to a larger disk"
            )
    return found


def machine(system: str | None = None, uid: int | None = None) -> list[str]:
    """Kind of machine, rights and tools."""
    system = system or platform.system()
    if system != "Linux":
        return [f"this is {system}; the lab needs Linux. Use CLUSTER=kind with Docker, or CLUSTER=existing"]
    found = []
    if (os.geteuid() if uid is None else uid) != 0:
        found.append(
            "not root: the lab makes namespaces, mounts and cgroups. Run it with sudo -E, or use CLUSTER=kind or "
            "CLUSTER=existing"
        )
    missing = sorted({package for tool, package in TOOLS.items() if not shutil.which(tool)})
    if {"apt", "dpkg"} & set(missing):
        found.append("no apt: the lab takes etcd, containerd and others from Debian's or Ubuntu's packages")
        missing = [package for package in missing if package not in ("apt", "dpkg")]
    if missing:
        found.append(f"tools are missing: apt-get install {' '.join(missing)}")
    if platform.machine() not in ("x86_64", "aarch64"):
        found.append(f"processor {platform.machine()} is not supported: x86_64 or aarch64")
    return found


def kernel() -> list[str]:
    found = []
    filesystems = Path("/proc/filesystems").read_text()
    if "overlay" not in filesystems and not _module("overlay"):
        found.append("the kernel has no overlay file system (CONFIG_OVERLAY_FS)")
    if not Path("/proc/sys/net/bridge").exists() and not _module("br_netfilter"):
        found.append("the kernel has no bridge netfilter (CONFIG_BRIDGE_NETFILTER)")
    cgroups = Path("/sys/fs/cgroup")
    if not (cgroups / "cgroup.controllers").exists() and not (cgroups / "memory").exists():
        found.append("no cgroup hierarchy is mounted below /sys/fs/cgroup")
    return found


def _module(name: str) -> bool:
    return any(Path("/lib/modules", platform.release()).rglob(f"{name}.ko*"))


def name_and_addresses(settings: Settings, routes: list[tuple[str, str]], links: list[str]) -> list[str]:
    """Whether the lab's name and slot are its own."""
    found = []
    other = owner(settings)
    if other and other != settings.state:
        found.append(
            f"a lab named {settings.name} is up already with its state in {other}: take it down there "
            f"(XDG_STATE_HOME={other.parents[2]}), or choose another name with LAB="
        )
        return found
    slot = recorded(settings)
    if slot is None or other:
        return found
    network, others = Network(slot), taken(settings)
    if slot in others:
        found.append(
            f"the addresses {network.whole} of this lab are used by the lab {others[slot]}: take that down first"
        )
    elif network.link in links:
        return found  # debris of our own, found by its recorded slot; `up` heals it
    elif used := overlapping(IPv4Network(network.whole), routes):
        found.append(f"the addresses {network.whole} of this lab are in use by the machine: route {', '.join(used)}")
    return found


def memory(stack: str) -> list[str]:
    available, needed = available_memory(Path("/proc/meminfo").read_text()), MEMORY_GIB[stack]
    if available < needed:
        return [f"too little memory: {needed:g} GiB must be available, {available:.1f} GiB are; stop something"]
    return []


def is_up(settings: Settings) -> bool:
    return (RUN_ROOT / settings.name / "supervisor.sock").exists()
