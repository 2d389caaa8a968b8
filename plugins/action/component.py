# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module component inside the controller's process where that is possible.

It saves packing the module and importing its libraries for each component (about half a second per task), and lets the
user see what is waited for.
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
from ansible_collections.bentobox.platform.plugins.module_utils.kube import fetch, transport
from ansible_collections.bentobox.platform.plugins.module_utils.kube.component import run
from ansible_collections.bentobox.platform.plugins.module_utils.kube.component_spec import component_argument_spec
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.options import (
    KUBE_MUTUALLY_EXCLUSIVE,
    KUBE_REQUIRED_TOGETHER,
    kubeconfig_secrets,
)
from ansible_collections.bentobox.platform.plugins.module_utils.kube.redact import scrub

# Loaded once for all tasks: the workers are forked from this process.
HAS_LIBRARIES = transport.urllib3 is not None and fetch.yaml is not None

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


class ActionModule(ActionBase):
    _supports_check_mode = True
    _supports_async = True
    TRANSFERS_FILES = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        result = super().run(tmp, task_vars)
        if self._in_process():
            result.update(self._run_here(task_vars))
        else:
            result.update(self._execute_module(task_vars=task_vars, wrap_async=self._task.async_val))
        # Arguments may hold the content of Secrets: they are never shown, whatever the verbosity.
        result.pop("invocation", None)
        return result

    def _in_process(self) -> bool:
        return (
            HAS_LIBRARIES
            and self._connection.transport == "local"
            and not self._task.async_val
            and not (self._task.become or self._connection.become)
        )

    def _run_here(self, task_vars: dict[str, Any] | None) -> dict[str, Any]:
        # 'environment:' of the task, which may carry K8S_AUTH_*: this is a process of the task's own.
        environment: dict[str, str] = {}
        self._compute_environment_string(environment)
        os.environ.update({name: to_text(value) for name, value in environment.items()})
        params = self._validate(plain(self._task.args))
        silent = not boolean(self._templar.template((task_vars or {}).get(PROGRESS, True)), strict=False)
        secrets = {value for value in (params.get("api_key"), params.get("password")) if value}
        secrets |= kubeconfig_secrets(params.get("kubeconfig"))
        try:
            return run(
                params,
                bool(self._task.check_mode),
                bool(self._task.diff),
                lambda text: None if silent else display.display(f"  {scrub(text, secrets)}", color="bright blue"),
            )
        except KubeError as error:
            return {"failed": True, "msg": scrub(str(error), secrets)}

    @staticmethod
    def _validate(args: dict[str, Any]) -> dict[str, Any]:
        """As AnsibleModule does, with the same messages."""
        validator = ArgumentSpecValidator(
            component_argument_spec(),
            mutually_exclusive=KUBE_MUTUALLY_EXCLUSIVE,
            required_together=KUBE_REQUIRED_TOGETHER,
        )
        validation = validator.validate(args)
        if validation.error_messages:
            raise AnsibleActionFail("; ".join(validation.error_messages))
        return validation.validated_parameters
