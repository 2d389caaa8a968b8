# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the steps of a row by one real ansible-playbook, which waits before and after each for the servers to be seen.

So modules run as users run them: packed, or inside the controller by their action plugin where they have one.
"""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ansible_collections.bentobox.platform.tests.integration.matrix.judge import Outcome
from ansible_collections.bentobox.platform.tests.integration.matrix.row import HERE, Row
from ansible_collections.bentobox.platform.tests.support.modules import write_playbook

TIMEOUT = 300  # seconds for one task: only what hangs takes that long


def walk(
    folder: Path, module: str, row: Row, variables: dict[str, Any], look: Callable[[], dict[str, Any]]
) -> Iterator[Outcome]:
    """The outcome of each step, until one fails."""
    steps = row.steps()
    action = f"bentobox.platform.{module}"
    tasks = [{"name": f"setup {number}", **task} for number, task in enumerate(row.setup)]
    tasks += [{"name": step.name, action: step.arguments, "check_mode": step.check_mode} for step in steps]
    by_name = {step.name: step for step in steps}
    before: dict[str, Any] = {}
    for name, result in events(folder, tasks, variables):
        if name not in by_name:
            assert not (result or {}).get("failed"), f"{name} of {module}: {result}"
        elif result is None:
            before = look()
        else:
            yield Outcome(by_name[name], result, before, look())


def events(
    folder: Path, tasks: list[dict[str, Any]], variables: dict[str, Any]
) -> Iterator[tuple[str, dict[str, Any] | None]]:
    """The name of each task at its beginning (None) and with its result. The play waits while the caller looks."""
    command, environment = write_playbook(folder, tasks, variables, ("--diff",))
    ours, theirs = socket.socketpair()
    environment |= {
        "ANSIBLE_CALLBACK_PLUGINS": str(HERE / "callback_plugins"),
        "ANSIBLE_CALLBACKS_ENABLED": "steps",
        "ANSIBLE_PIPELINING": "true",
        "BENTOBOX_STEPS": str(theirs.fileno()),
    }
    log = folder / "play.log"
    with ours, theirs, log.open("wb") as output:
        ours.settimeout(TIMEOUT)
        process = subprocess.Popen(
            command, env=environment, stdout=output, stderr=output, stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()]
        )
        theirs.close()
        told, failed = 0, False
        try:
            with ours.makefile("rw") as stream:
                for line in stream:
                    event = json.loads(line)
                    result = event["result"]
                    told, failed = told + (result is not None), bool(result and result.get("failed"))
                    yield event["task"], result
                    stream.write("\n")
                    stream.flush()
            process.wait(TIMEOUT)
        finally:
            process.kill()
            process.wait()
    if told < len(tasks) and not failed:
        end = log.read_text(errors="replace")[-3000:]
        raise AssertionError(f"ansible-playbook ended after {told} of {len(tasks)} tasks:\n{end}")
