# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When `make test` goes on with the other platform's tests."""

from __future__ import annotations

import pytest
from ansible_collections.bentobox.platform.tests.other_platform import outlook

from lab.artifacts import Needs

BUILT = Needs((), 0.0, 0.0)
NOTHING = Needs(("kserve", "istio"), 36.0, 30.0)


@pytest.mark.parametrize(
    ("spent", "needed", "goes_on"),
    [
        (30.0, BUILT, True),
        (37.0, BUILT, True),
        (44.0, BUILT, True),  # a slow machine
        (50.0, BUILT, False),  # so slow that the end would be past what a test run may take
        (37.0, NOTHING, False),
        (5.0, Needs(("kserve",), 4.0, 1.0), True),
    ],
)
def test_there_is_time(spent: float, needed: Needs, goes_on: bool) -> None:
    total, limit = outlook(spent, needed)
    assert (total <= limit) == goes_on, (total, limit)
    assert total >= spent + needed.minutes
