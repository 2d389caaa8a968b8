# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugins of modules that have OPTIONS, which AnsibleModule takes, and work(), which takes an AnsibleModule."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import ModuleType
from typing import Any, NoReturn

from ansible import constants as C
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.bentobox.platform.plugins.module_utils.kube import fetch, transport
from ansible_collections.bentobox.platform.plugins.plugin_utils.in_process import InProcessAction


class Ended(Exception):
    """A module has its result."""

    def __init__(self, result: dict[str, Any]) -> None:
        super().__init__("the module ended")
        self.result = result


class Host:
    """Stands for the AnsibleModule, and can show progress, which that cannot."""

    def __init__(
        self, params: dict[str, Any], secrets: set[str], *, check_mode: bool, diff: bool, show: Callable[[str], None]
    ) -> None:
        self.params, self.no_log_values = params, secrets
        self.tmpdir = C.DEFAULT_LOCAL_TMP
        self.check_mode, self._diff, self._show = check_mode, diff, show
        self._warnings: list[str] = []

    def show(self, text: str) -> None:
        self._show(remove_values(text, self.no_log_values))

    def warn(self, text: str) -> None:
        self._warnings.append(text)

    def exit_json(self, **result: Any) -> NoReturn:
        if self._warnings:
            result["warnings"] = self._warnings
        raise Ended(remove_values(result, self.no_log_values))

    def fail_json(self, **result: Any) -> NoReturn:
        self.exit_json(failed=True, **result)


class ModuleAction(InProcessAction):
    module: ModuleType
    # Loaded once for all tasks: the workers are forked from this process.
    libraries = transport.urllib3 is not None and fetch.yaml is not None

    def argument_spec(self) -> dict[str, Any]:
        spec: dict[str, Any] = self.module.OPTIONS["argument_spec"]
        return spec

    def constraints(self) -> dict[str, Any]:
        return {name: value for name, value in self.module.OPTIONS.items() if name != "argument_spec"}

    def run_here(self, params: dict[str, Any]) -> dict[str, Any]:
        # Where a module of a local connection starts, so that relative paths mean the same.
        os.chdir(self._loader.get_basedir())
        host = Host(
            params,
            secrets(self.argument_spec(), params),
            check_mode=bool(self._task.check_mode),
            diff=bool(self._task.diff),
            show=self.show,
        )
        try:
            self.module.work(host)
        except Ended as end:
            return end.result
        raise AssertionError(f"{self.module.__name__} ended without a result")


def secrets(spec: dict[str, Any], params: dict[str, Any]) -> set[str]:
    """The values that must not be seen, of options with no_log at any depth."""
    found: set[str] = set()
    for name, option in spec.items():
        value = params.get(name)
        if not value:
            continue
        if option.get("no_log"):
            found |= _texts(value)
        elif "options" in option:
            for entry in value if isinstance(value, list) else [value]:
                found |= secrets(option["options"], entry)
    return found


def _texts(value: Any) -> set[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return set().union(*(_texts(entry) for entry in value))
    return {str(value)} if value and not isinstance(value, bool) else set()
