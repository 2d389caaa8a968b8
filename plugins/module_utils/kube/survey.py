# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finds out at once what is not there yet, so that a first installation does not ask for every object alone."""

from __future__ import annotations

from .client import Client
from .errors import Forbidden, NotFound
from .objects import Key, Obj, key_of

_WORTH = 4  # objects of one kind in one namespace, from which on a LIST is cheaper
_PAGE = 500


def absent(client: Client, wanted: list[Obj], known: dict[Key, Obj]) -> set[Key]:
    """Those of the wanted objects that surely do not exist; of the others somebody may have made one."""
    groups: dict[tuple[str, str, str], set[Key]] = {}
    for obj in wanted:
        key = key_of(obj)
        if key not in known:
            groups.setdefault((obj["apiVersion"], key.kind, key.namespace), set()).add(key)
    missing: set[Key] = set()
    for (api_version, kind, namespace), keys in groups.items():
        if len(keys) < _WORTH:
            continue
        try:
            # A crowded namespace of somebody else's is not read through for a few objects of ours.
            there = client.names(api_version, kind, namespace or None, max(_PAGE, 2 * len(keys)))
        except NotFound:
            there = set()  # no such kind, no such objects
        except Forbidden:
            there = None
        if there is not None:
            missing |= {key for key in keys if key.name not in there}
    return missing
