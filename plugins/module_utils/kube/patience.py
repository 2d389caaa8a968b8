# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tries again what an API server refuses for reasons that heal by themselves."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from .errors import ApiError
from .transport import backoff

T = TypeVar("T")


def patiently(
    send: Callable[[], T], heals: Callable[[ApiError], str], deadline: float, tell: Callable[[str], None]
) -> T:
    """What send() gives. heals: why an error will pass, or nothing. Raises the last error when the time is over."""
    attempt, said = 0, ""
    while True:
        attempt += 1
        try:
            return send()
        except ApiError as error:
            why = heals(error)
            if not why or time.monotonic() > deadline:
                raise
            if why != said:
                tell(f"waiting, since {why}")
                said = why
            time.sleep(max(0.0, min(backoff(attempt), deadline - time.monotonic() + 0.1)))
