# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waits for what a test needs to see before it goes on."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from urllib3.exceptions import HTTPError


def eventually(
    check: Callable[[], Any], what: str = "what the test waits for", timeout: float = 60, interval: float = 0.2
) -> Any:
    """The first true value of `check`; what it raised or returned last is told when the time (seconds) is up.

    Only what may be over the next time is tried again: an assertion, a connection, a refusal. All else is raised.
    """
    end = time.monotonic() + timeout
    while True:
        try:
            if last := check():
                return last
        except (AssertionError, HTTPError, OSError) as error:
            last = error
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {timeout:.0f} s; last seen: {last!r}")
        time.sleep(interval)
