# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Real servers for tests: free ports, waiting for readiness, orderly ends."""

from __future__ import annotations

import contextlib
import ctypes
import os
import secrets
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path


def cache_dir() -> Path:
    """The project's cache folder."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bentobox.platform"


# Below those that the kernel gives to the near ends of connections (32768 and up): with thousands of connections a
# minute, one of these is taken between the question whether it is free and the server's start.
PORTS = range(10000, 30000)
_untried = iter(secrets.SystemRandom().sample(PORTS, len(PORTS)))


def free_port() -> int:
    """A TCP port on loopback that nothing listens on; another one each time."""
    for port in _untried:
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError(f"no port from {PORTS.start} to {PORTS.stop - 1} is free")


def wait_ready(
    process: subprocess.Popen[bytes], ready: Callable[[], bool], what: str, log: Path, timeout: float = 60.0
) -> None:
    """Waits until ready() holds; a server that ends or is late fails the test with the end of its log."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"{what} ended with {process.returncode}:\n{tail(log)}")
        if ready():
            return
        time.sleep(0.1)
    raise RuntimeError(f"{what} was not ready after {timeout:.0f} s:\n{tail(log)}")


def die_with_parent() -> None:
    """For preexec_fn: a test run that is killed takes its servers along."""
    pr_set_pdeathsig = 1
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def tail(log: Path, lines: int = 30) -> str:
    """The last lines of a log file."""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:]) if log.exists() else "(no log)"


def end(process: subprocess.Popen[bytes] | None, how: int, grace: float = 20.0) -> None:
    """Sends the signal, waits, and kills what does not listen."""
    if process is None or process.poll() is not None:
        return
    process.send_signal(how)
    try:
        process.wait(grace)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)
