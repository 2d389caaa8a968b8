# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What applying would do, where the server cannot be asked: its CRD, its namespace or its webhook is not there yet."""

from __future__ import annotations

from typing import Any

from .objects import Obj


def covers(live: Any, desired: Any) -> bool:
    """Whether a live value has everything that is desired (what is only there is not ours to judge)."""
    if isinstance(desired, dict):
        return isinstance(live, dict) and all(key in live and covers(live[key], desired[key]) for key in desired)
    if isinstance(desired, list):
        return (
            isinstance(live, list)
            and len(live) == len(desired)
            and all(covers(have, want) for have, want in zip(live, desired, strict=True))
        )
    return live == desired


def predict(desired: Obj, live: Obj | None) -> str:
    """created, updated or unchanged."""
    if live is None:
        return "created"
    return "unchanged" if covers(live, desired) else "updated"
