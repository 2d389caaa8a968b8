"""Take everything away that `up` made, whatever state it is in: nothing here trusts a pid file.

What belongs to the lab is known from the kernel: its cgroups, its namespaces, its link.
"""

from __future__ import annotations

import shutil
import signal
import time

from lab.console import Console
from lab.errors import LabError
from lab.node import cgroups, mounts, network, processes, sysctls
from lab.node.supervisor import Supervisor
from lab.settings import Settings
from lab.shell import run
from lab.slots import Network, keep, recorded, release

GRACE = 15


def down(settings: Settings, console: Console) -> None:
    slot = recorded(settings)
    stop_processes(settings, console)
    with console.step("mounts, network namespace, link, cgroups"):
        remove_kernel_parts(settings, Network(slot).link if slot is not None else None)
    if settings.keep_data:
        keep(settings)
    else:
        release(settings)
    shutil.rmtree(settings.run, ignore_errors=True)
    sysctls.restore()
    mounts.forget_folders()
    if settings.keep_data:
        console.say(f"kept for the next up: {settings.state}")
        return
    with console.step(f"state folder {settings.state}"):
        remove_state(settings)


def stop_processes(settings: Settings, console: Console) -> None:
    if settings.keep_data:
        stop_gently(settings, console)
    left = cgroups.pids(settings) | processes.in_namespaces(settings.netns, settings.mntns)
    if not left:
        return
    with console.step(f"{len(left)} processes"):
        cgroups.kill_all(settings)
        end = time.monotonic() + GRACE
        while left := processes.in_namespaces(settings.netns, settings.mntns):
            cgroups.send(left, signal.SIGKILL)
            if time.monotonic() > end:
                raise LabError(f"processes {sorted(left)} in the lab's namespaces do not end, even by SIGKILL")
            time.sleep(0.1)


def stop_gently(settings: Settings, console: Console) -> None:
    """With data to keep, databases in pods, and etcd, get the time to close their files."""
    supervisor = Supervisor(settings)
    if supervisor.alive():
        with console.step("kubelet, scheduler, controller manager, kube-proxy"):
            # These first, or they would start again what is stopped next.
            for name in ("kubelet", "kube-controller-manager", "kube-scheduler", "kube-proxy"):
                supervisor.stop(name)
    if pods := cgroups.pids(settings, "pods"):
        with console.step(f"{len(pods)} processes of pods"):
            cgroups.send(pods, signal.SIGTERM)
            end = time.monotonic() + GRACE
            while cgroups.pids(settings, "pods") and time.monotonic() < end:
                time.sleep(0.2)
    with console.step("containerd, API server, etcd, supervisor"):
        supervisor.shutdown()


def remove_kernel_parts(settings: Settings, link: str | None) -> None:
    mounts.release(settings)
    network.remove(settings, link)
    cgroups.remove(settings)
    for folder in (settings.run, settings.state):
        for place in mounts.leftovers(folder):
            run(["umount", "-l", place], check=False)


def remove_state(settings: Settings) -> None:
    """Never through a mount: something mounted here could be somebody's data."""
    if still := mounts.leftovers(settings.state):
        raise LabError(f"still mounted below {settings.state}: {', '.join(still)}; nothing there was deleted")
    if settings.state.exists():
        shutil.rmtree(settings.state)
    for folder in (settings.labs, settings.labs.parent):
        try:
            folder.rmdir()
        except OSError:
            break


def remains(settings: Settings) -> list[str]:
    """What of the lab is still on this machine; for `status` and for tests."""
    found = [f"process {pid}" for pid in sorted(cgroups.pids(settings))]
    found += [str(p) for p in (settings.netns, settings.run, settings.state) if p.exists()]
    found += [str(b / settings.unit) for b in cgroups.trees() if (b / settings.unit).exists()]
    for folder in (settings.run, settings.state):
        found += [f"mount {place}" for place in mounts.leftovers(folder)]
    return found
