# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All roles have one shape: the same files, and an interface that is written in two places and agrees."""

from __future__ import annotations

import re

import pytest
from ansible_collections.bentobox.platform.tests.unit.roles import readme
from ansible_collections.bentobox.platform.tests.unit.roles.rendering import ROLES, load

CHARTS = ["cert_manager", "metrics_server", "yatai", "yatai_image_builder", "yatai_deployment"]
EXISTING = ["cert_manager", "metrics_server", "ingress", "gateway_api", "istio", "knative", "kserve", "redis"]
EDGE = ["envoy_gateway", "envoy_ai_gateway", "gateway", "default_backend"]
YATAI = ["postgresql", "object_store", "registry", "yatai", "yatai_image_builder", "yatai_deployment"]
TENANCY = ["jwt_issuer", "tenant", "model"]
COMPONENTS = [*EXISTING, *YATAI, *EDGE, *TENANCY]
MORE_STATES = {"model": ["begun"]}
FILES = [
    "README.md",
    "defaults/main.yml",
    "vars/main.yml",
    "meta/main.yml",
    "meta/argument_specs.yml",
    "tasks/main.yml",
    "tasks/present.yml",
    "tasks/absent.yml",
    "tasks/verify.yml",
]


def specification(name: str) -> dict:
    return load(ROLES / name / "meta/argument_specs.yml")["argument_specs"]


def texts(name: str) -> dict[str, str]:
    """What the role does: the texts of its tasks, templates and internal variables. Not every role has templates."""
    files = [file for folder in ("tasks", "templates", "vars") for file in (ROLES / name / folder).glob("*")]
    return {str(file.relative_to(ROLES)): file.read_text(encoding="utf-8") for file in files}


@pytest.mark.parametrize("name", COMPONENTS)
def test_files(name: str) -> None:
    missing = [file for file in FILES if not (ROLES / name / file).is_file()]
    assert not missing
    assert (ROLES / name / "tasks/existing.yml").is_file() == (name in EXISTING)


@pytest.mark.parametrize("name", COMPONENTS)
def test_defaults_are_the_specification(name: str) -> None:
    defaults, options = load(ROLES / name / "defaults/main.yml"), specification(name)["main"]["options"]
    assert set(defaults) == set(options)
    for variable, default in defaults.items():
        if isinstance(default, str) and "{{" in default:
            # Ansible would not template a default of the specification.
            assert "default" not in options[variable], variable
        else:
            assert options[variable]["default"] == default, variable
        assert options[variable]["description"].strip(), variable


@pytest.mark.parametrize("name", COMPONENTS)
def test_verify_is_a_part_of_the_interface(name: str) -> None:
    main, verify = specification(name)["main"]["options"], specification(name)["verify"]["options"]
    assert verify == {variable: main[variable] for variable in verify}


@pytest.mark.parametrize("name", COMPONENTS)
def test_states(name: str) -> None:
    choices = specification(name)["main"]["options"][f"{name}_state"]["choices"]
    assert choices == ["present", "absent", *(["existing"] if name in EXISTING else []), *MORE_STATES.get(name, [])]
    for state in choices:
        assert (ROLES / name / f"tasks/{state}.yml").is_file()


@pytest.mark.parametrize("name", COMPONENTS)
def test_secrets_are_plain_texts_and_hidden(name: str) -> None:
    """A validation error repeats the value of anything that is not a plain text."""
    for variable, option in specification(name)["main"]["options"].items():
        if re.search(r"(password|access_key|secret_key)$", variable):
            assert (option["type"], option["no_log"], option.get("choices")) == ("str", True, None), variable


@pytest.mark.parametrize("name", COMPONENTS)
def test_no_role_depends_on_another_or_reads_its_variables(name: str) -> None:
    assert load(ROLES / name / "meta/main.yml")["dependencies"] == []
    others = [other for other in COMPONENTS if other != name and not name.startswith(other)]
    own = set(load(ROLES / name / "defaults/main.yml"))
    for file, text in texts(name).items():
        for other in others:
            names = set(load(ROLES / other / "defaults/main.yml")) - own
            found = {item for item in names if re.search(rf"(?<![\w-]){item}(?![\w-]|: )", text)}
            assert not found, f"{file}: {found}"


@pytest.mark.parametrize("name", COMPONENTS)
def test_variables_are_used(name: str) -> None:
    text = "".join(texts(name).values())
    unused = [item for item in load(ROLES / name / "defaults/main.yml") if not re.search(rf"\b{item}\b", text)]
    assert not unused


@pytest.mark.parametrize("name", COMPONENTS)
def test_readme_is_generated_from_the_specification(name: str) -> None:
    written = (ROLES / name / "README.md").read_text(encoding="utf-8")
    assert written == readme.of(name), "run: python -m ansible_collections.bentobox.platform.tests.unit.roles.readme"
