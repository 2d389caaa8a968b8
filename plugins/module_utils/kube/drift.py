# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of our fields somebody else changed since we applied them. Pure; knows names of fields, never a value.

The API server takes a field from its manager when another one gives it another value. So what we owned when we applied,
and do not own any more, was changed; whoever owns it now did it, and if nobody does, it was removed.
"""

from __future__ import annotations

import json
from typing import Any

from .client import FIELD_MANAGER
from .fields import Fields, owned, union
from .objects import Obj

REMOVED = ""  # instead of a manager: the field is gone, and who took it away is not known


def by_hand(cause: dict[str, str]) -> bool:
    """Whether a conflict is with ourselves or with somebody's kubectl edit, patch, scale and so on.

    Those change a field once. Other managers are programs, which would change it again: to them it must be left, or
    taken from them knowingly. So is what "kubectl apply" manages.
    """
    text = cause.get("message", "")
    manager = text.split('"')[1] if text.count('"') >= 2 else ""
    once = " using " in text  # an update; what was applied is told without it
    return manager == FIELD_MANAGER or (
        once and manager.partition("-")[0] == "kubectl" and manager != "kubectl-client-side-apply"
    )


def lost(applied: Fields, live: Obj, manager: str) -> list[dict[str, str]]:
    """[{field, manager}], in the order of the fields."""
    others: list[tuple[str, Fields]] = []
    have = owned(live, manager)
    for entry in (live.get("metadata") or {}).get("managedFields") or []:
        if entry.get("manager") == manager:
            have = union(have, entry.get("fieldsV1") or {})  # patched by us: still ours
        else:
            others.append((str(entry.get("manager")), entry.get("fieldsV1") or {}))
    return [{"field": field, "manager": who} for field, who in _lost(applied, have, others, "")]


def _lost(applied: Fields, have: Fields, others: list[tuple[str, Fields]], path: str) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for key, children in sorted(applied.items()):
        if key == ".":
            continue
        place = path + _segment(key)
        theirs = [(who, fields[key]) for who, fields in others if key in fields]
        inside = any(name != "." for name in children)
        if key in have:
            if inside and have[key]:
                found += _lost(children, have[key], theirs, place)
        elif inside and (theirs or key.startswith("f:")):
            found += _lost(children, {}, theirs, place)
        else:  # a value, or an item of a list that is gone with all that was in it
            found.append((place, ", ".join(sorted({who for who, _fields in theirs})) or REMOVED))
    return found


def _segment(key: str) -> str:
    """As the API server writes it when it tells of a conflict."""
    kind, rest = key[:1], key[2:]
    if kind == "f":
        return f".{rest}"
    if kind == "k":
        chosen: dict[str, Any] = json.loads(rest)
        return "[" + ",".join(f"{name}={json.dumps(value)}" for name, value in sorted(chosen.items())) + "]"
    return f"[={rest}]" if kind == "v" else f"[{rest}]"
