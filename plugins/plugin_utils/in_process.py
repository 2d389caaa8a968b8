# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What action plugins share that run their module inside the controller's process where that is possible.

It saves packing the module and importing its libraries for each task (about half a second), and lets the user see what
is waited for: a module cannot talk before it ends.
"""

from __future__ import annotations

import os
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.module_utils.common.text.converters import to_text
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display

PROGRESS = "bentobox_progress"  # variable: whether lines of progress are shown

display = Display()


def plain(value: Any) -> Any:
    """Without Ansible's own kinds of str, dict and list, which mark where a value comes from: YAML and JSON want plain
    ones."""
    if isinstance(value, dict):
        return {plain(key): plain(entry) for key, entry in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if value is None or isinstance(value, bool):
        return value
    for kind in (str, int, float):
        if isinstance(value, kind):
            return kind.__str__(value) if kind is str else kind(value)
    return to_text(value)


class InProcessAction(ActionBase):
    """Runs the module as a module, or run_here() in its place. Both give the same result."""

    _supports_check_mode = True
    _supports_async = True
    TRANSFERS_FILES = False

    # Whether what the module imports is there in the controller's Python.
    libraries = True
    silent = False

    def argument_spec(self) -> dict[str, Any]:
        raise NotImplementedError

    def constraints(self) -> dict[str, Any]:
        """What ArgumentSpecValidator takes besides the spec."""
        raise NotImplementedError

    def run_here(self, params: dict[str, Any]) -> dict[str, Any]:
        raise NotImplementedError

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        if self._in_process():
            self.silent = not boolean(self._templar.template((task_vars or {}).get(PROGRESS, True)), strict=False)
            self._take_environment()
            result.update(self.run_here(self._validate(plain(self._task.args))))
        else:
            result.update(self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val))
        # Arguments may hold secrets: they are never shown, whatever the verbosity.
        result.pop("invocation", None)
        return result

    def show(self, text: str) -> None:
        """One line for the user while the task runs."""
        if not self.silent:
            display.display(f"  {text}", color="bright blue")

    def _in_process(self) -> bool:
        return (
            self.libraries
            and self._connection.transport == "local"
            and not self._task.async_val
            and not (self._task.become or self._connection.become)
        )

    def _take_environment(self) -> None:
        """'environment:' of the task, which may carry K8S_AUTH_*: this is a process of the task's own."""
        environment: dict[str, str] = {}
        self._compute_environment_string(environment)
        os.environ.update({name: to_text(value) for name, value in environment.items()})

    def _validate(self, args: dict[str, Any]) -> dict[str, Any]:
        """As AnsibleModule does, with the same messages."""
        validation = ArgumentSpecValidator(self.argument_spec(), **self.constraints()).validate(args)
        if validation.error_messages:
            raise AnsibleActionFail("; ".join(validation.error_messages))
        return validation.validated_parameters
