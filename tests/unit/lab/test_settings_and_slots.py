# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Requests, slots and addresses."""

from __future__ import annotations

import dataclasses
import json
import shutil
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest

from lab.console import Console
from lab.errors import LabError
from lab.providers.lab import Lab
from lab.settings import Settings, from_environment
from lab.slots import RANGE, SLOTS, Network, choose, keep, overlapping, raised_for, record, recorded, release, taken


def test_defaults_follow_the_home_folder() -> None:
    found = from_environment({"HOME": "/home/somebody"})
    assert (found.name, found.cluster, found.k8s, found.keep_data) == ("bentobox", "lab", "1.33.13", False)
    assert found.state == Path("/home/somebody/.local/state/bentobox.platform/labs/bentobox")
    assert found.cache == Path("/home/somebody/.cache/bentobox.platform")
    assert found.problems() == []


def test_folders_and_choices_come_from_the_environment() -> None:
    found = from_environment(
        {"XDG_STATE_HOME": "/s", "XDG_CACHE_HOME": "/c", "LAB": "two", "K8S": "v1.33.13", "KEEP_DATA": "1"}
    )
    assert (found.state, found.cache) == (Path("/s/bentobox.platform/labs/two"), Path("/c/bentobox.platform"))
    assert found.keep_data
    assert found.problems() == []


@pytest.mark.parametrize("value", ["0", "no", "false", ""])
def test_keep_data_can_be_said_no_to(value: str) -> None:
    assert not from_environment({"KEEP_DATA": value}).keep_data


def test_everything_wrong_with_a_request_is_said_at_once() -> None:
    problems = from_environment({"LAB": "Not a name", "CLUSTER": "moon"}).problems()
    assert len(problems) == 2
    assert "Not a name" in problems[0]
    assert "moon" in problems[1]
    assert "existing" in problems[1]


def test_an_unknown_kubernetes_names_the_known_ones() -> None:
    (problem,) = from_environment({"K8S": "1.9"}).problems()
    assert "1.9" in problem
    assert "1.33.13" in problem
    assert from_environment({"K8S": "1.9", "CLUSTER": "existing"}).problems() == []


def test_an_unknown_stack_names_the_known_ones() -> None:
    assert from_environment({}).stack == "yatai"
    assert from_environment({"STACK": "inference"}).problems() == []
    (problem,) = from_environment({"STACK": "jam"}).problems()
    assert problem == "STACK='jam' is unknown: choose yatai, inference, all"


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        ("", "inference", "inference"),
        ("inference", "inference", "inference"),
        ("yatai", "inference", "all"),
        ("all", "yatai", "all"),
    ],
)
def test_a_lab_keeps_what_it_was_raised_for(settings: Settings, before: str, now: str, expected: str) -> None:
    if before:
        record(dataclasses.replace(settings, stack=before), Network(0), settings.labs / "run")
    chosen = Lab(dataclasses.replace(settings, stack=now), Console())
    assert raised_for(settings) == before
    assert chosen.settings.stack == expected


def test_sockets_fit_into_the_kernel_s_limit() -> None:
    longest = from_environment({"LAB": "a" * 24})
    assert longest.problems() == []
    assert len(str(longest.run / "containerd.sock.ttrpc")) < 108


@pytest.mark.parametrize("slot", range(len(SLOTS)))
def test_addresses_of_a_slot_lie_in_it_and_apart(slot: int) -> None:
    network = Network(slot)
    assert network.whole.subnet_of(RANGE)
    link = IPv4Network(f"{network.host_ip}/24", strict=False)
    parts = [link, IPv4Network(network.services), IPv4Network(network.pods)]
    for part in parts:
        assert part.subnet_of(network.whole)
    assert not any(a.overlaps(b) for a in parts for b in parts if a is not b)
    assert IPv4Address(network.node_ip) in link
    assert IPv4Address(network.dns_ip) in IPv4Network(network.services)
    assert IPv4Network(network.node_pods).subnet_of(IPv4Network(network.pods))


def test_slots_do_not_meet() -> None:
    assert len({network for slot in range(len(SLOTS)) for network in [Network(slot).whole]}) == 16


def write(path: Path, slot: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"slot": slot, "state": str(path.parent)}))


def test_a_lab_keeps_its_slot(settings: Settings, tmp_path: Path) -> None:
    write(settings.state / "lab.json", 5)
    assert recorded(settings, tmp_path / "run") == 5
    assert choose(settings, [], tmp_path / "run").slot == 5


def test_the_lowest_free_slot_is_taken(settings: Settings, tmp_path: Path) -> None:
    run = tmp_path / "run"
    write(settings.labs / "other" / "lab.json", 0)  # stopped, with its data kept
    write(run / "somebody-s" / "owner.json", 1)  # up, with its state elsewhere
    assert taken(settings, run) == {0: "other", 1: "somebody-s"}
    assert choose(settings, [("default", "eth0"), ("198.18.64.0/18", "vpn0")], run).slot == 4


def test_a_lab_with_kept_data_keeps_its_addresses_from_everybody(settings: Settings, tmp_path: Path) -> None:
    run, theirs = tmp_path / "run", from_environment({"HOME": str(tmp_path / "them"), "LAB": "theirs"})
    record(theirs, Network(0), run)
    keep(theirs, run)
    assert not (run / "theirs/owner.json").exists()
    assert taken(settings, run) == {0: "theirs"}
    record(theirs, Network(0), run)
    assert [path.name for path in run.iterdir()] == ["theirs"], "up again: the note is the owner's"
    keep(theirs, run)
    shutil.rmtree(theirs.state)
    assert taken(settings, run) == {}, "somebody removed the data by hand"
    release(theirs, run)
    assert not list(run.glob(".kept-*"))


def test_a_slot_that_makes_no_sense_is_not_believed(settings: Settings, tmp_path: Path) -> None:
    write(settings.state / "lab.json", 99)
    assert recorded(settings, tmp_path / "run") is None
    (settings.state / "lab.json").write_text("half a fi")
    assert recorded(settings, tmp_path / "run") is None


def test_no_free_slot_is_an_error_that_names_the_labs(settings: Settings, tmp_path: Path) -> None:
    for slot in range(len(SLOTS)):
        write(settings.labs / f"lab{slot}" / "lab.json", slot)
    with pytest.raises(LabError, match=r"198\.18\.0\.0/15.*lab7"):
        choose(settings, [], tmp_path / "run")


def test_routes_that_meet_a_network_are_named() -> None:
    routes = [("default", "eth0"), ("198.18.0.0/16", "vpn0"), ("10.0.0.0/8", "eth0"), ("198.19.0.1", "lo")]
    assert overlapping(Network(0).whole, routes) == ["198.18.0.0/16 dev vpn0"]
    assert overlapping(Network(8).whole, routes) == ["198.19.0.1 dev lo"]


def test_settings_cannot_be_changed(settings: Settings) -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        settings.name = "other"  # type: ignore[misc]
