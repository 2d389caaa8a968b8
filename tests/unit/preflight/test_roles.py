# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The interfaces of the roles preflight and release, and of the module preflight, agree with each other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.bentobox.platform.plugins.module_utils.preflight import report
from ansible_collections.bentobox.platform.plugins.module_utils.preflight.options import CHECKS
from ansible_collections.bentobox.platform.plugins.plugin_utils import catalogue

TOP = Path(__file__).resolve().parents[3]


def options(role: str) -> dict[str, Any]:
    specs = yaml.safe_load((TOP / "roles" / role / "meta" / "argument_specs.yml").read_text())
    return dict(specs["argument_specs"]["main"]["options"])


def defaults(role: str) -> dict[str, Any]:
    return dict(yaml.safe_load((TOP / "roles" / role / "defaults" / "main.yml").read_text()))


@pytest.mark.parametrize("role", ["preflight", "release"])
def test_specs_defaults_and_readme_agree(role: str) -> None:
    readme = (TOP / "roles" / role / "README.md").read_text()
    assert list(options(role)) == list(defaults(role))
    for name, value in defaults(role).items():
        assert f"| `{name}` |" in readme
        if "{{" not in str(value):
            assert options(role)[name]["default"] == value, name


def test_checks_have_the_same_names_everywhere() -> None:
    assert list(report.CHECKS) == CHECKS
    assert options("preflight")["preflight_ignore"]["choices"] == CHECKS
    readme = (TOP / "roles" / "preflight" / "README.md").read_text()
    assert all(f"| `{check}` |" in readme for check in CHECKS)


def test_preflight_knows_every_component_of_the_catalogue() -> None:
    components = set(catalogue.load("2025.07", catalogue.directories(None))["components"]) - {"toolbox"}
    assert set(defaults("preflight")["preflight_components"]) < components
    assert set(defaults("preflight")["preflight_namespaces"]) == components
