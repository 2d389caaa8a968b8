# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugins inference_service and model_route: a wait of minutes says what it waits for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.kube import fetch, transport
from ansible_collections.bentobox.platform.plugins.module_utils.kube.options import (
    KUBE_MUTUALLY_EXCLUSIVE,
    KUBE_REQUIRED_TOGETHER,
    kubeconfig_secrets,
)
from ansible_collections.bentobox.platform.plugins.module_utils.kube.redact import scrub
from ansible_collections.bentobox.platform.plugins.plugin_utils.in_process import InProcessAction

Tell = Callable[[str], None]


class ModelAction(InProcessAction):
    libraries = transport.urllib3 is not None and fetch.yaml is not None
    # What the operator is told in plain words; anything else is a mistake of ours and shows as one.
    errors: tuple[type[Exception], ...] = ()

    def execute(self, params: dict[str, Any], check_mode: bool, show: Tell, warn: Tell) -> dict[str, Any]:
        raise NotImplementedError

    def constraints(self) -> dict[str, Any]:
        return {"mutually_exclusive": KUBE_MUTUALLY_EXCLUSIVE, "required_together": KUBE_REQUIRED_TOGETHER}

    def run_here(self, params: dict[str, Any]) -> dict[str, Any]:
        secrets = {value for value in (params.get("api_key"), params.get("password")) if value}
        secrets |= kubeconfig_secrets(params.get("kubeconfig"))
        warnings: list[str] = []
        try:
            result = self.execute(
                params,
                bool(self._task.check_mode),
                lambda text: self.show(scrub(text, secrets)),
                lambda text: warnings.append(scrub(text, secrets)),
            )
        except self.errors as error:
            result = {"failed": True, "msg": scrub(str(error), secrets)}
        if not self._task.diff:
            result.pop("diff", None)
        if warnings:
            result["warnings"] = [*result.get("warnings", []), *warnings]
        return result
