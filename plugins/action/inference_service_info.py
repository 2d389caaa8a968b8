# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the module inference_service_info inside the controller's process where that is possible."""

from __future__ import annotations

from ansible_collections.bentobox.platform.plugins.modules import inference_service_info
from ansible_collections.bentobox.platform.plugins.plugin_utils.module_action import ModuleAction


class ActionModule(ModuleAction):
    module = inference_service_info
