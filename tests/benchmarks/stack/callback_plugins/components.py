# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes what each component task was given to a folder of the benchmark's, for bench_stack.py."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from ansible.plugins.callback import CallbackBase
from ansible_collections.bentobox.platform.plugins.module_utils.kube.component import Component

DOCUMENTATION = r"""
name: components
type: notification
short_description: Record what components are made of
description:
  - The modules echo no arguments, since those may hold secrets. So must this be kept secret, and deleted.
requirements:
  - BENTOBOX_COMPONENTS in the environment, a folder that nobody else can read
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "components"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        folder, present = Path(os.environ["BENTOBOX_COMPONENTS"]), Component.present

        def recorded(component):
            file = folder / f"{time.time_ns()}-{component.name}.json"
            file.write_text(json.dumps(component.params))
            present(component)

        # The workers that run the tasks are forked from this process.
        Component.present = recorded
