# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module inference_service inside the controller's process where that is possible, and shows its progress."""

from __future__ import annotations

from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.serving.errors import ServingError
from ansible_collections.bentobox.platform.plugins.module_utils.serving.inference import run
from ansible_collections.bentobox.platform.plugins.module_utils.serving.inference_options import inference_argument_spec
from ansible_collections.bentobox.platform.plugins.plugin_utils.model_action import ModelAction, Tell


class ActionModule(ModelAction):
    errors = (ServingError, KubeError)

    def argument_spec(self) -> dict[str, Any]:
        return inference_argument_spec()

    def execute(self, params: dict[str, Any], check_mode: bool, show: Tell, warn: Tell) -> dict[str, Any]:
        return run(params, check_mode, show, warn)
