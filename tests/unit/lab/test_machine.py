# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What refuses, what is found on the machine, what waits."""

from __future__ import annotations

import datetime
import io
import os
from pathlib import Path
from typing import Any

import pytest

from lab import checks, cli
from lab.console import Console
from lab.errors import LabError, Refused, tail
from lab.node import cgroups, containers, mounts, programs, sysctls, wait
from lab.providers import kind
from lab.providers.existing import Existing, find_kubeconfig
from lab.providers.kind import cluster_name
from lab.settings import Settings, from_environment


def test_another_system_is_pointed_to_the_other_providers() -> None:
    (problem,) = checks.machine("Darwin")
    assert "CLUSTER=kind" in problem
    assert "CLUSTER=existing" in problem


def test_another_user_is_told_to_become_root() -> None:
    assert any("not root" in problem for problem in checks.machine("Linux", uid=1000))
    assert not any("not root" in problem for problem in checks.machine("Linux", uid=0))


def test_missing_tools_are_named_by_their_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    problems = checks.machine("Linux", uid=0)
    assert any("no apt" in problem for problem in problems)
    assert any("iproute2" in problem and "util-linux" in problem for problem in problems)


def test_too_little_disk_says_how_much_and_where(tmp_path: Path) -> None:
    (problem,) = checks.disk_problems({tmp_path / "a": 5e6, tmp_path / "b": 1e6})
    assert "6000000 GiB are needed" in problem
    assert str(tmp_path / "a") in problem
    assert "XDG_CACHE_HOME" in problem
    assert checks.disk_problems({tmp_path: 0.0}) == []


def test_building_adds_to_the_disk_that_is_needed(settings: Settings) -> None:
    assert checks.needed_disk(settings, 0) == {settings.labs: checks.STATE_GIB["yatai"]}
    assert checks.needed_disk(settings, 25)[settings.cache] == pytest.approx(23.3, abs=0.1)


def test_available_memory_is_read_from_the_kernel_s_text() -> None:
    assert checks.available_memory("MemTotal: 99 kB\nMemAvailable:   3145728 kB\n") == 3.0
    assert checks.available_memory("") == 0.0
    assert checks.used_memory("MemTotal: 4194304 kB\nMemAvailable:   3145728 kB\n") == 1.0


@pytest.mark.parametrize(
    ("folder", "usage", "cache"),
    [
        ("bentobox-paper", "memory.current", "inactive_file"),
        ("memory/bentobox-paper", "memory.usage_in_bytes", "total_inactive_file"),
    ],
)
def test_memory_of_the_lab_is_without_what_is_only_cached(
    tmp_path: Path, settings: Settings, folder: str, usage: str, cache: str
) -> None:
    assert cgroups.memory(settings, tmp_path) is None
    group = tmp_path / folder
    group.mkdir(parents=True)
    (group / usage).write_text("5000\n")
    (group / "memory.stat").write_text(f"cache 100\n{cache} 2000\n")
    assert cgroups.memory(settings, tmp_path) == 3000


def test_a_refusal_lists_everything() -> None:
    text = str(Refused("lab up: nothing was changed", ["one", "two"]))
    assert text.splitlines() == ["lab up: nothing was changed: 2 thing(s) must change first", "  - one", "  - two"]


def test_a_wrong_request_ends_with_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("CLUSTER", "moon")
    monkeypatch.setenv("LAB", "UPPER")
    assert cli.main(["up"]) == 2
    error = capsys.readouterr().err
    assert "moon" in error
    assert "UPPER" in error


def test_env_prints_one_value(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "/somewhere")
    monkeypatch.setenv("LAB", "paper")
    monkeypatch.setenv("CLUSTER", "lab")
    assert cli.main(["env", "state"]) == 0
    assert capsys.readouterr().out == "/somewhere/bentobox.platform/labs/paper\n"
    assert cli.main(["env", "nonsense"]) == 1
    assert "nonsense" in capsys.readouterr().err


def test_a_wait_ends_with_what_is_missing_and_the_log(tmp_path: Path) -> None:
    with pytest.raises(LabError, match=r"the moon: not within 0 s: still dark") as caught:
        Console(io.StringIO()).wait("the moon", lambda: "still dark", timeout=0, log=tmp_path / "x", interval=0.01)
    assert caught.value.log == tmp_path / "x"


def test_the_end_of_a_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("\n".join(str(number) for number in range(10000)))
    assert tail(log, 3).split() == ["9997", "9998", "9999"]
    assert tail(tmp_path / "none") == ""
    assert tail(None) == ""


def hierarchy(root: Path, name: str, **files: str) -> Path:
    folder = root / name
    folder.mkdir(parents=True)
    for key, value in {"cgroup.procs": "", **{key.replace("_", "."): value for key, value in files.items()}}.items():
        (folder / key).write_text(value)
    return folder


def test_version_2_is_one_tree(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpu memory")
    assert cgroups.hierarchies(tmp_path) == [tmp_path]
    assert cgroups.trees(tmp_path) == [tmp_path]


def test_the_lab_s_processes_are_found_at_every_depth(settings: Settings, tmp_path: Path) -> None:
    hierarchy(tmp_path, "memory")
    hierarchy(tmp_path, "memory/bentobox-paper/node", cgroup_procs="11\n12\n")
    hierarchy(tmp_path, "memory/bentobox-paper/pods/kubepods/burstable/pod1", cgroup_procs=f"13\n{os.getpid()}\n")
    hierarchy(tmp_path, "memory/bentobox-other/node", cgroup_procs="99\n")
    assert cgroups.pids(settings, root=tmp_path) == {11, 12, 13}, "never this process, never another lab's"
    assert cgroups.pids(settings, "pods", root=tmp_path) == {13}


def test_mounts_below_a_folder_come_deepest_first() -> None:
    text = "a /state/x ext4 rw 0 0\nb /state/x/y\\040z tmpfs rw 0 0\nc /statement ext4 rw 0 0\n"
    assert mounts.leftovers(Path("/state"), text) == ["/state/x/y z", "/state/x"]


def test_kernel_parameters_are_put_back_by_the_last_lab(tmp_path: Path) -> None:
    note, proc = tmp_path / "run" / "note", tmp_path / "proc"
    note.parent.mkdir()
    (proc / "kernel").mkdir(parents=True)
    (proc / "kernel/panic").write_text("0\n")
    sysctls.remember(note, proc)
    (proc / "kernel/panic").write_text("10\n")
    sysctls.remember(note, proc)  # a second lab must not take kubelet's value for the machine's
    (note.parent / "other").mkdir()
    (note.parent / "other/owner.json").touch()
    sysctls.restore(note, proc)
    assert (proc / "kernel/panic").read_text() == "10\n"
    (note.parent / "other/owner.json").unlink()
    sysctls.restore(note, proc)
    assert (proc / "kernel/panic").read_text() == "0"
    assert not note.exists()


def test_iptables_gets_its_usual_names(tmp_path: Path) -> None:
    target = tmp_path / "debs/usr/sbin/xtables-nft-multi"
    programs.link_iptables(tmp_path / "debs", tmp_path / "links")
    assert list((tmp_path / "links").iterdir()) == [], "without the package the machine's own iptables is used"
    target.parent.mkdir(parents=True)
    target.touch()
    programs.link_iptables(tmp_path / "debs", tmp_path / "links")
    assert (tmp_path / "links/iptables-restore").resolve() == target


class Answers:
    """Stands where kubectl does: the objects of the API server, as written here."""

    def __init__(self, found: dict[str, Any] | None) -> None:
        self.found = found

    def get(self, *_args: str) -> dict[str, Any]:
        if self.found is None:
            raise LabError("the server refused")
        return self.found


def test_a_node_that_was_ready_before_the_stop_is_not_ready_now() -> None:
    since = datetime.datetime(2025, 7, 1, 12, 0, 0, 400000, tzinfo=datetime.UTC)
    told = {"status": {"conditions": [{"type": "Ready", "lastHeartbeatTime": "2025-07-01T11:59:59Z"}]}}
    assert "11:59:59" in wait.heard_of(Answers(told), "n", since)  # type: ignore[arg-type]
    told["status"]["conditions"][0]["lastHeartbeatTime"] = "2025-07-01T12:00:00Z"
    assert wait.heard_of(Answers(told), "n", since) == ""  # type: ignore[arg-type]
    assert wait.heard_of(Answers(None), "n", since) == "the server refused"  # type: ignore[arg-type]


def test_containers_that_are_gone_make_the_status_untrue() -> None:
    status = {"containerStatuses": [{"containerID": "containerd://abc", "state": {"running": {}}}]}
    pods = Answers({"items": [{"metadata": {"namespace": "n", "name": "p"}, "status": status}]})
    assert wait.truthful(pods, lambda: {"abc"}) == ""  # type: ignore[arg-type]
    assert "n/p" in wait.truthful(pods, set)  # type: ignore[arg-type]


def test_the_kubeconfig_of_an_existing_cluster() -> None:
    assert find_kubeconfig({"KUBECONFIG": "/a:/b"}) == Path("/a")
    assert find_kubeconfig({"KUBECONFIG": "/a", "K8S_AUTH_KUBECONFIG": "/c"}) == Path("/c")
    assert find_kubeconfig({}) is None


@pytest.mark.parametrize(("content", "word"), [(None, "does not exist"), ("{", "not YAML"), ("a: b", "no cluster")])
def test_a_kubeconfig_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, word: str
) -> None:
    path = tmp_path / "kubeconfig"
    if content is not None:
        path.write_text(content)
    monkeypatch.delenv("K8S_AUTH_KUBECONFIG", raising=False)
    monkeypatch.setenv("KUBECONFIG", str(path))
    provider = Existing(from_environment({"CLUSTER": "existing", "HOME": str(tmp_path)}), Console(io.StringIO()))
    (problem,) = provider.problems()
    assert word in problem


def test_the_kind_cluster_has_the_name_users_know() -> None:
    assert cluster_name("bentobox") == "inference-in-a-box"
    assert cluster_name("two") == "inference-in-a-box-two"


def test_the_ingress_of_a_kind_cluster_is_reached_on_the_machine_s_ports() -> None:
    ports = {one["hostPort"]: one["containerPort"] for one in kind.config("two")["nodes"][0]["extraPortMappings"]}
    found = kind.variables("two", "/kubeconfig")
    assert (found["ingress_node_port_http"], found["ingress_node_port_https"]) == (ports[80], ports[443])
    assert [one["role"] for one in kind.config("two")["nodes"]] == ["control-plane", "worker", "worker"]


def test_images_are_forgotten_by_all_their_names_when_the_mirror_has_another() -> None:
    held = {
        "docker.io/library/a:1": "sha256:old",
        "docker.io/library/a@sha256:old": "sha256:old",
        "sha256:config": "sha256:old",
        "docker.io/library/b:1": "sha256:same",
        "127.0.0.1:5000/bentos:x": "sha256:mine",
    }
    offered = {"docker.io/library/a:1": "sha256:new", "docker.io/library/b:1": "sha256:same"}
    assert containers.stale(held, offered) == [
        "docker.io/library/a:1",
        "docker.io/library/a@sha256:old",
        "sha256:config",
    ]
    assert containers.stale(held, {}) == []


def test_a_pod_that_is_leaving_is_not_waited_for() -> None:
    status = {"containerStatuses": [{"containerID": "containerd://abc", "state": {"running": {}}}]}
    meta = {"namespace": "n", "name": "p", "deletionTimestamp": "2025-07-01T12:00:00Z"}
    assert wait.truthful(Answers({"items": [{"metadata": meta, "status": status}]}), set) == ""  # type: ignore[arg-type]
