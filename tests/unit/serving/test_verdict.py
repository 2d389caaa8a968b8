# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patience: how long a bad state may last."""

from __future__ import annotations

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.serving.verdict import (
    DONE,
    FAILED,
    STUCK,
    WORKING,
    Patience,
    Verdict,
)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def run(steps, grace):
    """steps: (seconds, state or reason); the state after each."""
    clock = Clock()
    patience = Patience(clock=clock)
    result = []
    for at, what in steps:
        clock.now = at
        state = what if what in (WORKING, DONE) else STUCK
        result.append(patience.judge(Verdict(state, what, grace)).state)
    return result


@pytest.mark.parametrize(
    ("steps", "grace", "last"),
    [
        ([(0, "a"), (2, "a")], 10, STUCK),
        ([(0, "a"), (5, "a"), (10, "a")], 10, FAILED),
        # flapping to another state for a moment does not start it anew
        ([(0, "a"), (2, WORKING), (4, "a"), (6, WORKING), (10, "a")], 10, FAILED),
        # a long good time does
        ([(0, "a"), (2, "a"), (30, WORKING), (40, "a"), (42, "a"), (44, "a")], 10, STUCK),
        # another reason has a time of its own
        ([(0, "a"), (5, "b"), (8, "b"), (11, "b")], 10, STUCK),
        # two looks are not enough, however long ago the first was
        ([(0, "a"), (15, "a")], 10, STUCK),
        ([(0, "a"), (0, "a"), (0, "a")], 0, FAILED),
    ],
)
def test_patience(steps, grace, last):
    assert run(steps, grace)[-1] == last


def test_only_stuck_is_judged():
    assert run([(n, WORKING) for n in range(100)], 0)[-1] == WORKING
