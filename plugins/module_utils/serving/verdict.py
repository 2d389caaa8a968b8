# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a look at the cluster tells: one small value, made by pure functions, acted on by a waiter."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

WORKING = "working"
DONE = "done"
STUCK = "stuck"  # it can heal by itself; it is a failure when it lasts for `grace` seconds
FAILED = "failed"

GRACE_SILENCE = 90.0  # for a controller that has not said anything yet


def grace_of(said: dict[str, Any], heard: Sequence[dict[str, Any]], grace: float) -> float:
    """How long words (a condition, an event) may stand before they are believed. heard: those there were when the
    object was changed; they are no answer to the change, so that they count as silence."""
    return GRACE_SILENCE if said in heard else grace


@dataclass(frozen=True)
class Verdict:
    state: str
    reason: str
    grace: float = 0.0
    pod: str = ""
    container: str = ""
    previous: bool = False  # the words to show are those of the container's previous run
    retry: bool = False  # a failure of the way there (download, node), not of the bento: worth another try
    hint: str = ""
    generation: str = ""


class Patience:
    """Remembers for how long a verdict has been stuck for one reason, through short flaps to something else."""

    def __init__(self, gap: float = 20.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._gap = gap
        self._clock = clock
        self._seen: dict[str, tuple[float, float, int]] = {}

    def judge(self, verdict: Verdict) -> Verdict:
        """The same verdict, or FAILED when it is stuck and its grace is over."""
        if verdict.state != STUCK:
            return verdict
        now = self._clock()
        first, last, count = self._seen.get(verdict.reason, (now, now, 0))
        if now - last > self._gap:
            first, count = now, 0
        self._seen[verdict.reason] = (first, now, count + 1)
        # One look is not enough: a container between two states may show any reason for a moment.
        if now - first >= verdict.grace and count + 1 >= 3:
            return Verdict(**{**verdict.__dict__, "state": FAILED})
        return verdict
