"""Which platform a lab is for: STACK. What nothing says about is the cluster itself and is there for every one."""

from __future__ import annotations

import os
from collections.abc import Iterable

STACKS = ("yatai", "inference")  # the default first
ALL = "all"
CHOICES = (*STACKS, ALL)
# No lab can be for it: charts and files of releases that only unit tests render.
RENDERED = "rendered"


def chosen(stack: str | None) -> str:
    return stack or os.environ.get("STACK") or STACKS[0]


def problem(stack: str) -> str:
    return "" if stack in CHOICES else f"STACK={stack!r} is unknown: choose {', '.join(CHOICES)}"


def needed(by: Iterable[str], stack: str) -> bool:
    """Whether something is needed, of which it is written down which stacks need it (none: all)."""
    wanted = set(by)
    return not wanted or stack in wanted or (stack == ALL and wanted != {RENDERED})


def joined(before: str, now: str) -> str:
    """A lab keeps what it was raised for: what runs in it must find its images again."""
    return now if before in ("", now) else ALL
