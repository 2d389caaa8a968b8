"""Say what is being done and for how long; run other programs without a silent minute and with a useful error."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

HEARTBEAT_SECONDS = 20.0

Say = Callable[[str], None]


class BuildError(Exception):
    """An artifact could not be made; the text says what was tried, what it answered and what to change."""


class Progress:
    """Callable that prints a line with the time since its creation."""

    def __init__(self) -> None:
        self.started = time.monotonic()

    def __call__(self, text: str) -> None:
        elapsed = time.monotonic() - self.started
        print(f"[{elapsed:7.1f}s] {text}", file=sys.stderr, flush=True)


def tail(path: Path, lines: int = 30) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:])


def run(
    what: str,
    command: Sequence[str | Path],
    *,
    log: Path,
    say: Say,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    timeout: float = 3600,
) -> None:
    """Run one long command with its output in `log`, a line now and then, and the end of the log in the error."""
    log.parent.mkdir(parents=True, exist_ok=True)
    words = [str(word) for word in command]
    started = time.monotonic()
    with log.open("wb") as stream:
        process = subprocess.Popen(
            words, cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
        )
        try:
            while True:
                try:
                    code = process.wait(HEARTBEAT_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    elapsed = time.monotonic() - started
                    if elapsed > timeout:
                        raise BuildError(f"{what}: no end after {elapsed:.0f} s; log: {log}\n{tail(log)}") from None
                    say(f"{what}: still at it after {elapsed:.0f} s")
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    if code:
        raise BuildError(f"{what}: `{' '.join(words)}` ended with code {code}; log: {log}\n{tail(log)}")
