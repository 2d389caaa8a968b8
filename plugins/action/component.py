# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module component inside the controller's process where that is possible."""

from __future__ import annotations

from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.kube import fetch, transport
from ansible_collections.bentobox.platform.plugins.module_utils.kube.component import run
from ansible_collections.bentobox.platform.plugins.module_utils.kube.component_spec import component_argument_spec
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.options import (
    KUBE_CONSTRAINTS,
    kubeconfig_secrets,
)
from ansible_collections.bentobox.platform.plugins.module_utils.kube.redact import scrub
from ansible_collections.bentobox.platform.plugins.plugin_utils.in_process import InProcessAction


class ActionModule(InProcessAction):
    # Loaded once for all tasks: the workers are forked from this process.
    libraries = transport.urllib3 is not None and fetch.yaml is not None

    def argument_spec(self) -> dict[str, Any]:
        return component_argument_spec()

    def constraints(self) -> dict[str, Any]:
        return KUBE_CONSTRAINTS

    def run_here(self, params: dict[str, Any]) -> dict[str, Any]:
        secrets = {value for value in (params.get("api_key"), params.get("password")) if value}
        secrets |= kubeconfig_secrets(params.get("kubeconfig"))
        try:
            return run(
                params,
                bool(self._task.check_mode),
                bool(self._task.diff),
                lambda text: self.show(scrub(text, secrets)),
            )
        except KubeError as error:
            return {"failed": True, "msg": scrub(str(error), secrets)}
