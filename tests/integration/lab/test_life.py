# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab is raised, broken in every way that comes to mind, healed, and taken away without a trace."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.bentobox.platform.tests.support.waiting import eventually

from lab.node import cgroups, network, sysctls
from lab.node.supervisor import Supervisor
from lab.slots import Network, recorded

from .conftest import CHECKOUT, Machine

KUBELET_PATHS = ("/var/lib/kubelet", "/var/lib/cni", "/var/log/pods", "/var/log/containers")


def ready(machine: Machine) -> bool:
    done = machine.lab("status")
    return done.returncode == 0


def note(machine: Machine, value: str) -> None:
    machine.kubectl("create", "configmap", "note", f"--from-literal=value={value}")


def noted(machine: Machine) -> str:
    return str(machine.get("configmap", "note")["data"]["value"])


def test_up_gives_a_node_that_is_ready_and_a_second_up_changes_nothing(bare: Machine) -> None:
    said = bare.up("--bare")
    assert "minute" in said.splitlines()[0], "what it will need is said first"
    assert "GiB" in said.splitlines()[0]
    (node,) = bare.get("nodes")["items"]
    assert node["metadata"]["name"] == "t-lab-node"
    assert node["status"]["nodeInfo"]["kubeletVersion"] == "v1.33.13"
    assert bare.settings.kubeconfig.stat().st_mode & 0o077 == 0
    assert bare.lab("kubeconfig").stdout.strip() == str(bare.settings.kubeconfig)
    before = bare.pids()
    bare.up("--bare")
    assert bare.pids() == before, "a second up restarts nothing"
    assert bare.lab("status").returncode == 0


def test_it_lives_in_a_session_and_cgroup_of_its_own(bare: Machine) -> None:
    bare.up("--bare")
    for pid in bare.pids().values():
        assert os.getsid(pid) != os.getsid(0)
        assert "/bentobox-t-lab/node" in Path(f"/proc/{pid}/cgroup").read_text()


def test_the_node_has_no_way_out(bare: Machine) -> None:
    bare.up("--bare")
    shown = subprocess.run(
        ["ip", "-n", bare.settings.unit, "route", "get", "192.0.2.1"], capture_output=True, text=True, check=False
    )
    assert "unreachable" in shown.stderr


def test_what_is_killed_comes_back(bare: Machine) -> None:
    bare.up("--bare")
    before = bare.pids()
    for pid in before.values():
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: all(pid and pid != before[name] for name, pid in bare.pids().items()), "all run again")
    eventually(lambda: ready(bare), "the lab is ready", interval=0.5)


def test_up_heals_a_lab_whose_supervisor_was_killed(bare: Machine) -> None:
    bare.up("--bare")
    note(bare, "before the kill")
    os.kill(int((bare.settings.run / "supervisord.pid").read_text()), signal.SIGKILL)
    orphans = set(bare_pids(bare))
    assert bare.lab("status").returncode == 3
    assert "supervisor is gone" in bare.up("--bare")
    assert noted(bare) == "before the kill"
    assert not orphans & set(bare.pids().values()), "no process of the dead supervisor goes on beside the new ones"
    bare.kubectl("delete", "configmap", "note")


def bare_pids(machine: Machine) -> set[int]:
    return cgroups.pids(machine.settings, "node")


def test_up_heals_after_what_a_reboot_does(bare: Machine) -> None:
    bare.up("--bare")
    note(bare, "before the reboot")
    slot = recorded(bare.settings)
    bare.reboot()
    bare.up("--bare")
    assert noted(bare) == "before the reboot"
    assert recorded(bare.settings) == slot
    bare.kubectl("delete", "configmap", "note")


def test_up_heals_a_lost_link_and_a_lost_network_namespace(bare: Machine) -> None:
    bare.up("--bare")
    slot = recorded(bare.settings)
    assert slot is not None
    network.remove(bare.settings, Network(slot).link)
    bare.up("--bare")
    assert len(bare.get("nodes")["items"]) == 1


def test_kept_data_comes_back_with_the_next_up(bare: Machine) -> None:
    bare.up("--bare")
    note(bare, "kept")
    authority = (bare.settings.state / "pki/ca.crt").read_bytes()
    bare.down(KEEP_DATA="1")
    assert not bare.settings.netns.exists()
    assert not bare_pids(bare)
    bare.up("--bare")
    assert noted(bare) == "kept"
    assert (bare.settings.state / "pki/ca.crt").read_bytes() == authority


def test_down_leaves_nothing(bare: Machine) -> None:
    bare.down()
    parameters = values()
    others = any(sysctls.NOTE.parent.glob("*/owner.json"))
    existed = {path for path in KUBELET_PATHS if Path(path).exists()}
    bare.up("--bare")
    slot = recorded(bare.settings)
    assert len(bare.traces(slot)) == 4
    bare.down()
    assert bare.remains() == []
    assert bare.traces(slot) == []
    assert not (bare.settings.run.parent / f".{bare.settings.name}.lock").exists()
    if not others:  # these belong to all labs of the machine together
        assert values() == parameters
        assert {path for path in KUBELET_PATHS if Path(path).exists()} == existed
    assert bare.lab("status").returncode == 3
    bare.down()  # a second one has nothing to do and succeeds


def values() -> dict[str, str]:
    return {name: Path("/proc/sys", name).read_text() for name in sysctls.NAMES if Path("/proc/sys", name).exists()}


@pytest.mark.parametrize("state_folder", ["there", "gone"])
def test_down_leaves_nothing_after_a_crash(bare: Machine, state_folder: str) -> None:
    bare.down()
    bare.up("--bare")
    slot = recorded(bare.settings)
    os.kill(int((bare.settings.run / "supervisord.pid").read_text()), signal.SIGKILL)
    (bare.settings.run / "supervisord.pid").write_text("1\n")  # stale: a stranger's
    stray = subprocess.Popen(["nsenter", f"--net={bare.settings.netns}", "sleep", "600"])
    eventually(lambda: os.readlink(f"/proc/{stray.pid}/exe").endswith("sleep"), "the stranger runs")
    if state_folder == "gone":
        shutil.rmtree(bare.settings.state)
    bare.down()
    assert stray.wait(10) == -signal.SIGKILL, "whoever holds the namespace goes with it"
    assert bare.remains() == []
    assert bare.traces(slot) == []


@pytest.mark.parametrize("seconds", [0.4, 1.5, 3.0, 6.0])
def test_an_up_that_is_killed_leaves_nothing_that_down_does_not_find(bare: Machine, seconds: float) -> None:
    bare.down()
    with subprocess.Popen(
        [sys.executable, "-m", "lab", "up", "--bare"],
        cwd=CHECKOUT,
        env=bare.environment,
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    ) as killed:
        time.sleep(seconds)
        killed.kill()
    if seconds < 2:  # half of it there: the next up goes on from there
        bare.up("--bare")
        assert ready(bare)
    slot = recorded(bare.settings)
    bare.down()
    assert bare.remains() == []
    assert slot is None or bare.traces(slot) == []


def test_the_caller_s_environment_stays_outside(second: Machine) -> None:
    proxies = dict.fromkeys(("http_proxy", "https_proxy", "HTTPS_PROXY"), "http://127.0.0.1:9")
    done = second.lab("up", "--bare", A_PASSWORD="do not tell", **proxies)
    assert done.returncode == 0, done.stderr
    for pid in second.pids().values():
        environment = Path(f"/proc/{pid}/environ").read_bytes()
        assert b"do not tell" not in environment
        assert b"127.0.0.1:9" not in environment


def test_two_labs_side_by_side(bare: Machine, second: Machine) -> None:
    bare.up("--bare")
    second.up("--bare")
    slots = {recorded(bare.settings), recorded(second.settings)}
    assert len(slots) == 2
    note(second, "of the second")
    assert "note" not in bare.kubectl("get", "configmaps")
    second.down()
    assert second.remains() == []
    assert ready(bare), "the other lab does not notice"
    assert Supervisor(bare.settings).trouble(*bare.pids()) == ""


def test_an_up_at_work_is_not_disturbed(bare: Machine) -> None:
    bare.up("--bare")
    lock = bare.settings.run.parent / f".{bare.settings.name}.lock"
    with subprocess.Popen(["flock", "--no-fork", str(lock), "sleep", "30"]) as holder:
        time.sleep(0.5)
        done = bare.lab("down")
        holder.kill()
    assert done.returncode == 1
    assert "at work" in done.stderr
    assert ready(bare)
