# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Writes what a run does, one JSON object per line, to the file in BENTOBOX_RECORD, while the run goes on."""

from __future__ import annotations

import json
import os
import time

from ansible.plugins.callback import CallbackBase

DOCUMENTATION = r"""
name: record
type: notification
short_description: Record tasks and results for tests
description:
  - Tests read what happened from it, and when a task begins, without parsing what people read.
requirements:
  - BENTOBOX_RECORD in the environment
"""


class CallbackModule(CallbackBase):
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "record"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self.file = open(os.environ["BENTOBOX_RECORD"], "a", buffering=1)  # noqa: SIM115 (as long as the run)
        self.begun = {}

    def write(self, **what):
        self.file.write(json.dumps(what, default=str) + "\n")

    def v2_playbook_on_task_start(self, task, is_conditional):
        self.begun[task._uuid] = time.time()
        self.write(event="start", task=task.get_name(), action=task.action, at=time.time())

    def result(self, result, state):
        task, answer = result._task, result._result
        self.write(
            event="result",
            state=state,
            task=task.get_name(),
            action=task.action,
            changed=bool(answer.get("changed")),
            msg=answer.get("msg"),
            result={}
            if task.no_log
            else {k: v for k, v in answer.items() if k not in ("diff", "invocation", "results")},
            seconds=round(time.time() - self.begun.get(task._uuid, time.time()), 2),
        )

    def v2_runner_on_ok(self, result):
        self.result(result, "ok")

    def v2_runner_on_failed(self, result, ignore_errors=False):
        self.result(result, "ignored" if ignore_errors else "failed")

    def v2_runner_on_unreachable(self, result):
        self.result(result, "unreachable")

    def v2_runner_on_skipped(self, result):
        self.result(result, "skipped")

    def v2_playbook_on_stats(self, stats):
        total = {}
        for host in stats.processed:
            for key, value in stats.summarize(host).items():
                total[key] = total.get(key, 0) + value
        self.write(event="recap", **total)
