# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the user sees of a long push."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

_SECONDS = 5.0
_LEAST_SECONDS = 1.0
_SHARE = 0.1


def silent(_text: str) -> None:
    """A module has nobody to talk to: its output is its result."""


class Progress:
    """One line every tenth of the way, at least every 5 seconds and at most every second."""

    def __init__(
        self, what: str, size: int, say: Callable[[str], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._what, self._size, self._say, self._clock = what, size, say, clock
        self._lock = threading.Lock()
        self._at = self._told_at = 0
        self._told = clock()

    def add(self, count: int) -> None:
        """So many bytes more; less than none when they were sent in vain."""
        with self._lock:
            self._at += count
            now = self._clock()
            passed, done = now - self._told, self._at - self._told_at
            if passed < _LEAST_SECONDS or (passed < _SECONDS and done < _SHARE * self._size):
                return
            self._told, self._told_at = now, self._at
        self._say(self._line(done / passed))

    def _line(self, rate: float) -> str:
        share = 100 * self._at // self._size if self._size else 100
        return f"{self._what}: {share} % of {self._size >> 20} MiB sent, {max(rate, 0) / (1 << 20):.0f} MiB/s"
