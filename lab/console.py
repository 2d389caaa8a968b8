"""Progress: every step with the time since the start, and what a wait waits for."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from lab.errors import LabError


class Console:
    def __init__(self, stream: TextIO | None = None) -> None:
        self.start = time.monotonic()
        self.stream = stream or sys.stderr
        self.spent: list[tuple[str, float]] = []

    def say(self, text: str) -> None:
        print(f"[{time.monotonic() - self.start:6.1f} s] {text}", file=self.stream, flush=True)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """One step; its duration is kept for the summary. Quick steps take one line, slow ones two."""
        self.say(f"{text} ...")
        begun = time.monotonic()
        yield
        took = time.monotonic() - begun
        self.spent.append((text, took))
        if took >= 2:
            self.say(f"{text}: {took:.1f} s")

    def wait(
        self, what: str, check: Callable[[], str], *, timeout: float, log: Path | None = None, interval: float = 0.5
    ) -> None:
        """Until `check` returns an empty string; otherwise it returns what is still missing."""
        begun = time.monotonic()
        said = begun
        while missing := check():
            now = time.monotonic()
            if now - begun > timeout:
                raise LabError(f"{what}: not within {timeout:.0f} s: {missing}", log)
            if now - said >= 10:
                said = now
                self.say(f"  waiting for {what} ({now - begun:.0f} of at most {timeout:.0f} s): {missing}")
            time.sleep(interval)
