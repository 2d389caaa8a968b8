# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a program and tells how long it took and how much memory it had at most."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


class Measured(NamedTuple):
    seconds: float
    peak_mib: float
    output: str
    code: int
    cpu_seconds: float  # of the program itself: what a busy machine does not falsify


def run_measured(command: list[str], stdin: str = "", environment: dict[str, str] | None = None) -> Measured:
    """The peak is the kernel's own high-water mark of the process, read while it runs.

    Not wait4's ru_maxrss: a child inherits that of the (large) process which started it.
    """
    peak, ticks = 0, 0
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as given:
        given.write(stdin)
        given.seek(0)
        begun = time.monotonic()
        process = subprocess.Popen(command, stdin=given, stdout=output, stderr=subprocess.STDOUT, env=environment)
        status = Path(f"/proc/{process.pid}/status")
        while process.poll() is None:
            found = _PEAK.search(status.read_text()) if status.exists() else None
            peak = max(peak, int(found.group(1)) if found else 0)
            ticks = max(ticks, _ticks(process.pid))
            time.sleep(0.01)
        seconds = time.monotonic() - begun
        output.seek(0)
        return Measured(seconds, peak / 1024, output.read(), process.returncode, ticks / os.sysconf("SC_CLK_TCK"))


def _ticks(pid: int) -> int:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return int(fields[11]) + int(fields[12])
