# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the README.md of every role from its argument_specs; a test compares them."""

from __future__ import annotations

import json
import re
from typing import Any

from ansible_collections.bentobox.platform.tests.unit.roles.rendering import ROLES, load


def plain(text: str) -> str:
    """Ansible's markup as Markdown."""
    return re.sub(r"\b[CEOVPM]\(([^)]*)\)", r"`\1`", text)


def cell(value: Any) -> str:
    return f"`{json.dumps(value)}`" if value not in ("", None) else ""


def of(name: str) -> str:
    """The README of one role."""
    specs = load(ROLES / name / "meta/argument_specs.yml")["argument_specs"]
    defaults = load(ROLES / name / "defaults/main.yml")
    main = specs["main"]
    lines = [f"# {name}", "", f"{main['short_description']}.", ""]
    lines += [plain(text) for text in main["description"]]
    lines += [
        "",
        "```yaml",
        "- hosts: localhost",
        "  connection: local",
        "  gather_facts: false",
        "  roles:",
        f"    - bentobox.platform.{name}",
        "```",
        "",
        f"Entry point `verify` (`tasks_from: verify`): {specs['verify']['short_description'].lower()}.",
        "",
        "| Variable | Type | Default | Meaning |",
        "| --- | --- | --- | --- |",
    ]
    for variable, option in main["options"].items():
        text = plain(option["description"])
        if option.get("choices"):
            text += " One of " + ", ".join(f"`{choice}`" for choice in option["choices"]) + "."
        default = cell(defaults[variable]).replace("|", "\\|")
        lines.append(f"| `{variable}` | {option['type']} | {default} | {text} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    for folder in sorted(ROLES.iterdir()):
        specs = load(folder / "meta/argument_specs.yml")
        if specs and "verify" in specs["argument_specs"]:
            (folder / "README.md").write_text(of(folder.name), encoding="utf-8")


if __name__ == "__main__":
    main()
