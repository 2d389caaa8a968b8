# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the collection's modules as Ansible does: as a program of their own, or by a real ansible-playbook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

_COLLECTION = "ansible_collections.bentobox.platform"


def run_module(name: str, arguments: dict[str, Any], *, check: bool = False, timeout: float = 120) -> dict[str, Any]:
    """The module's result, with diff. A failure is a result with failed=True, anything else than a result an error."""
    module_arguments = {**arguments, "_ansible_check_mode": check, "_ansible_diff": True}
    done = subprocess.run(
        [sys.executable, "-m", f"{_COLLECTION}.plugins.modules.{name}"],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": module_arguments}),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    try:
        result: dict[str, Any] = json.loads(done.stdout)
    except json.JSONDecodeError as error:
        raise AssertionError(f"{name} gave no result:\n{done.stdout}\n{done.stderr}") from error
    result.setdefault("failed", False)
    return result


def done(result: dict[str, Any]) -> dict[str, Any]:
    """The result of a module that must not have failed."""
    assert not result["failed"], result["msg"]
    return result


def write_playbook(
    directory: Path, tasks: list[dict[str, Any]], variables: dict[str, Any] | None, options: tuple[str, ...]
) -> tuple[list[str], dict[str, str]]:
    """A playbook with the tasks on localhost: the command that runs it, and its environment."""
    directory.mkdir(parents=True, exist_ok=True)
    play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
    (directory / "play.yml").write_text(yaml.safe_dump([play], sort_keys=False))
    (directory / "vars.yml").write_text(yaml.safe_dump(variables or {}))
    interpreter = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    inventory = {"all": {"hosts": {"localhost": interpreter}}}
    (directory / "hosts.yml").write_text(yaml.safe_dump(inventory))
    command = [
        str(Path(sys.executable).parent / "ansible-playbook"),
        "-i",
        str(directory / "hosts.yml"),
        "-e",
        f"@{directory / 'vars.yml'}",
        *options,
        str(directory / "play.yml"),
    ]
    return command, {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCAL_TEMP": str(directory / "tmp")}


def run_playbook(
    directory: Path,
    tasks: list[dict[str, Any]],
    *,
    variables: dict[str, Any] | None = None,
    options: tuple[str, ...] = ("-vvv", "--diff"),
    timeout: float = 900,
) -> subprocess.CompletedProcess[str]:
    """Runs the tasks on localhost by a real ansible-playbook; variables go through a file, never the command line."""
    command, environment = write_playbook(directory, tasks, variables, options)
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, env=environment)
