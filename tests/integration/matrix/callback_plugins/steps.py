# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tells the test when a task begins and what it returned, and waits for the test to have looked at the servers."""

from __future__ import annotations

import json
import os
import socket

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: steps
type: notification
short_description: Go through a play in step with a test
description:
  - One JSON object per line goes to the test for the beginning and the end of each task. The play waits for the answer.
requirements:
  - BENTOBOX_STEPS in the environment, the file descriptor of a socket
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "steps"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self.test = socket.socket(fileno=int(os.environ["BENTOBOX_STEPS"])).makefile("rw")

    def tell(self, task, result=None):
        self.test.write(json.dumps({"task": task.get_name(), "result": result}, default=str) + "\n")
        self.test.flush()
        self.test.readline()

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.tell(task)

    def v2_runner_on_ok(self, result):
        self.tell(result._task, result._result)

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.tell(result._task, {**result._result, "failed": True})

    def v2_runner_on_unreachable(self, result):
        self.tell(result._task, {**result._result, "failed": True})

    def v2_runner_on_skipped(self, result):
        self.tell(result._task, {**result._result, "failed": True, "msg": f"skipped: {result._result.get('msg')}"})
