# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks for many objects at once, so that nobody asks for thousands of them one by one."""

from __future__ import annotations

from collections.abc import Iterable

from .client import Client
from .errors import Forbidden, NotFound
from .objects import Key, Obj, key_of

WORTH = 4  # objects of one kind in one namespace, from which on a LIST is cheaper
_PAGE = 500


def absent(client: Client, wanted: list[Obj], known: Iterable[Key]) -> set[Key]:
    """Those of the wanted objects that surely do not exist; of the others somebody may have made one."""
    there = uids(client, [obj for obj in wanted if key_of(obj) not in known])
    return {key for key, uid in there.items() if uid is None}


def uids(client: Client, wanted: list[Obj]) -> dict[Key, str | None]:
    """Of objects that are worth one question together: the uid, or None where there is none of that name. The others
    are left out."""
    groups: dict[tuple[str, str, str], list[Key]] = {}
    for obj in wanted:
        key = key_of(obj)
        groups.setdefault((obj["apiVersion"], key.kind, key.namespace), []).append(key)
    found: dict[Key, str | None] = {}
    for (api_version, kind, namespace), keys in groups.items():
        if len(keys) < WORTH:
            continue
        try:
            # A crowded namespace of somebody else's is not read through for a few objects of ours.
            there = client.uids(api_version, kind, namespace or None, max(_PAGE, 2 * len(keys)))
        except NotFound:
            there = {}  # no such kind, no such objects
        except Forbidden:
            there = None
        if there is not None:
            found |= {key: there.get(key.name) for key in keys}
    return found
