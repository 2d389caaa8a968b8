# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs of the engine in processes of their own that can be killed at any moment, without starting a Python for each.

As Ansible's workers do: one process imports everything, every run is forked from it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import Any

from .process import die_with_parent

_ME = "ansible_collections.bentobox.platform.tests.support.killable"


class Runs:
    """Starts runs and kills them. Use it as a context manager."""

    def __enter__(self) -> Runs:
        self._server = subprocess.Popen(
            [sys.executable, "-m", _ME], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509  # one prctl call, no locks
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        if self._server.stdin:
            self._server.stdin.close()
        self._server.wait(30)

    def run(self, params: dict[str, Any], kill_after: float | None = None) -> tuple[bool, float]:
        """(whether it was killed, how many seconds it ran). A run that fails by itself is an error."""
        assert self._server.stdin
        self._server.stdin.write(json.dumps(params) + "\n")
        self._server.stdin.flush()
        pid = int(self._line())
        started = time.monotonic()
        if kill_after is not None:
            time.sleep(kill_after)
            os.kill(pid, 9)  # it is not reaped before 'seen' is sent, so the number cannot mean another process
        self._server.stdin.write("seen\n")
        self._server.stdin.flush()
        status = int(self._line())
        seconds = time.monotonic() - started
        if os.WIFSIGNALED(status):
            assert os.WTERMSIG(status) == 9, status
            return True, seconds
        assert os.WEXITSTATUS(status) == 0, "the run failed: its traceback is on standard error"
        return False, seconds

    def _line(self) -> str:
        assert self._server.stdout
        return self._server.stdout.readline()


def _serve() -> None:
    from ansible_collections.bentobox.platform.plugins.module_utils.kube.component import run  # noqa: PLC0415

    while line := sys.stdin.readline():
        params = json.loads(line)
        pid = os.fork()
        if pid == 0:
            try:
                run(params, False, False, lambda text: None)
            except BaseException as error:
                print(f"{type(error).__name__}: {error}", file=sys.stderr, flush=True)
                os._exit(1)
            os._exit(0)
        print(pid, flush=True)
        sys.stdin.readline()
        print(os.waitpid(pid, 0)[1], flush=True)


if __name__ == "__main__":
    _serve()
