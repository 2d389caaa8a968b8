# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What does not fit is refused before anything is changed; other people's clusters are left alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from lab import artifacts
from lab.artifacts import cache, programs, toolchain
from lab.providers import kind
from lab.slots import Network

from .conftest import CHECKOUT, Machine


def run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "small"
    place.mkdir()
    run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(place))
    yield place
    run("umount", str(place))


@pytest.fixture
def foreign_network() -> Iterator[Network]:
    """Somebody's network on the addresses of the last slot."""
    network = Network(15)
    run("ip", "link", "add", "t-foreign", "type", "bridge")
    run("ip", "addr", "add", f"{network.host_ip}/20", "dev", "t-foreign")
    run("ip", "link", "set", "t-foreign", "up")
    yield network
    run("ip", "link", "del", "t-foreign")


def refused(machine: Machine, prefix: tuple[str, ...] = (), **extra: str) -> str:
    done = machine.lab("up", "--bare", prefix=prefix, **extra)
    assert done.returncode == 2, done.stderr
    assert machine.remains() == []
    return done.stderr


def test_a_wrong_request(second: Machine) -> None:
    assert "moon" in refused(second, CLUSTER="moon")
    assert "1.33.13" in refused(second, K8S="1.9.0")


def test_another_user(second: Machine) -> None:
    said = refused(second, prefix=("unshare", "--user"))
    assert "not root" in said
    assert "CLUSTER=existing" in said


def test_too_little_disk_and_a_network_in_use_are_one_report(
    second: Machine, small_disk: Path, foreign_network: Network
) -> None:
    state = small_disk / "bentobox.platform/labs/t-lab2"
    state.mkdir(parents=True)
    (state / "lab.json").write_text(json.dumps({"slot": foreign_network.slot}))
    said = refused(second, XDG_STATE_HOME=str(small_disk))
    assert "too little disk" in said
    assert str(small_disk) in said
    assert "t-foreign" in said
    assert "2 thing(s)" in said
    assert [path.name for path in state.iterdir()] == ["lab.json"], "nothing was written"


def test_a_lab_of_the_same_name_elsewhere(second: Machine, tmp_path: Path) -> None:
    second.up("--bare")
    done = second.lab("up", "--bare", XDG_STATE_HOME=str(tmp_path))
    assert done.returncode == 2
    assert str(second.settings.state) in done.stderr
    done = second.lab("down", XDG_STATE_HOME=str(tmp_path))
    assert done.returncode == 2
    assert second.lab("status").returncode == 0


def test_an_existing_cluster_is_looked_at_and_nothing_more(bare: Machine, tmp_path: Path) -> None:
    bare.up("--bare")
    stranger = {"CLUSTER": "existing", "LAB": "theirs", "XDG_STATE_HOME": str(tmp_path)}
    kubeconfig = {"KUBECONFIG": str(bare.settings.kubeconfig)}
    before = bare.get("all", "--all-namespaces")["items"]
    done = bare.lab("up", **stranger, **kubeconfig)
    assert done.returncode == 0, done.stderr
    assert "v1.33.13" in done.stderr
    written = yaml.safe_load((tmp_path / "bentobox.platform/labs/theirs/vars.yml").read_text())
    assert written["bentobox_kubeconfig"] == kubeconfig["KUBECONFIG"]
    assert written["bentobox_release"] == "2025.07"
    assert bare.lab("kubeconfig", **stranger, **kubeconfig).stdout.strip() == kubeconfig["KUBECONFIG"]
    assert bare.lab("status", **stranger, **kubeconfig).returncode == 0
    assert bare.lab("down", **stranger, **kubeconfig).returncode == 0
    assert bare.get("all", "--all-namespaces")["items"] == before
    assert bare.lab("status").returncode == 0


def test_an_existing_cluster_that_does_not_answer(bare: Machine, tmp_path: Path) -> None:
    bare.up("--bare")
    content = yaml.safe_load(bare.settings.kubeconfig.read_text())
    content["clusters"][0]["cluster"]["server"] = "https://127.0.0.1:9"
    broken = tmp_path / "kubeconfig"
    broken.write_text(yaml.safe_dump(content))
    done = bare.lab("up", CLUSTER="existing", KUBECONFIG=str(broken), XDG_STATE_HOME=str(tmp_path))
    assert done.returncode == 1
    assert "does not answer" in done.stderr
    assert "refused" in done.stderr
    assert "BEGIN" not in done.stderr
    done = bare.lab("up", CLUSTER="existing", XDG_STATE_HOME=str(tmp_path))
    assert done.returncode == 2
    assert "KUBECONFIG" in done.stderr


@pytest.fixture(scope="module")
def kind_program() -> Path:
    """kind itself, from its Go module: its own types decode the configuration."""
    place, say = cache.Cache(), artifacts.Progress()
    return programs.build(place, programs.modules()["kind"], say, toolchain.ensure_go(place, say)) / "bin/kind"


def decoded(program: Path, config: Path) -> str:
    """What kind says to a configuration where it can find no Docker: decoding comes first."""
    done = subprocess.run(
        [program, "create", "cluster", "--config", config],
        env={"PATH": "/nowhere", "HOME": str(config.parent)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stderr


def test_kind_s_own_types_take_our_configuration(kind_program: Path, tmp_path: Path) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    content = kind.config("bentobox")
    good.write_text(yaml.safe_dump(content))
    said = decoded(kind_program, good)
    assert "decode" not in said
    assert "docker" in said, "it came as far as asking for Docker"
    content["nodes"][0]["extraPortMapping"] = content["nodes"][0].pop("extraPortMappings")
    bad.write_text(yaml.safe_dump(content))
    assert "extraPortMapping not found" in decoded(kind_program, bad)


def test_kind_without_docker_is_refused(second: Machine, tmp_path: Path) -> None:
    for name in ("python3", "sh"):
        (tmp_path / name).symlink_to(f"/usr/bin/{name}")
    done = subprocess.run(
        [sys.executable, "-m", "lab", "up"],
        cwd=CHECKOUT,
        env={**second.environment, "CLUSTER": "kind", "PATH": str(tmp_path), "HOME": os.environ["HOME"]},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "no `docker`" in done.stderr
    assert "no `kind`" in done.stderr
