# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What applying would do, where the server cannot be asked: its CRD, its namespace or its webhook is not there yet."""

from __future__ import annotations

from typing import Any

from .objects import Obj

_VOLATILE = ("resourceVersion", "uid", "creationTimestamp", "selfLink")


def same(before: Obj, after: Obj) -> bool:
    """Whether a dry run's answer is the live object: everything counts but what differs in every answer."""
    return _comparable(before) == _comparable(after)


def _comparable(obj: Obj) -> Obj:
    metadata = {key: value for key, value in obj["metadata"].items() if key not in _VOLATILE}
    entries = metadata.get("managedFields") or []
    metadata["managedFields"] = sorted(
        ({key: value for key, value in entry.items() if key != "time"} for entry in entries),
        key=lambda entry: (entry.get("manager", ""), entry.get("operation", ""), entry.get("subresource", "")),
    )
    return {**obj, "metadata": metadata}


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
