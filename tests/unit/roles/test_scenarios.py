# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Molecule tries every role that brings something to a cluster, and meets each one on a cluster without it."""

from __future__ import annotations

import re

from ansible_collections.bentobox.platform.tests.unit.roles.rendering import COLLECTION, ROLES, load

MOLECULE = COLLECTION / "extensions/molecule"
SCENARIOS = {path.stem: load(path) for path in sorted((MOLECULE / "vars").glob("*.yml"))}


def inference() -> list[str]:
    """The scenarios that need the inference platform's programs, in the order that make runs them."""
    found = re.search(r"^INFERENCE := (.+)$", (COLLECTION / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert found
    return found[1].split()


def test_each_scenario_has_its_variables() -> None:
    assert sorted(path.parent.name for path in MOLECULE.glob("*/molecule.yml")) == sorted(SCENARIOS)


def test_each_component_has_a_scenario() -> None:
    components = {path.parents[1].name for path in ROLES.glob("*/tasks/absent.yml")}
    assert {role for scenario in SCENARIOS.values() for role in scenario["roles_under_test"]} == components


def test_no_scenario_before_it_has_left_the_role() -> None:
    left: set[str] = set()
    for name in inference():
        scenario = SCENARIOS[name]
        left |= set(scenario.get("roles_before", []))
        assert not left & set(scenario["roles_under_test"]), name


def test_only_its_own_scenarios_stand_on_the_inference_platform() -> None:
    platform = {role for name in inference() for role in SCENARIOS[name]["roles_under_test"]} - {"tenant"}
    for name in SCENARIOS.keys() - inference():
        assert not platform & {*SCENARIOS[name]["roles_under_test"], *SCENARIOS[name].get("roles_before", [])}, name
