# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose an object is. What another component, tool or person has made is never taken over silently."""

from __future__ import annotations

from .applyset import PART_OF, owner
from .client import FIELD_MANAGER, Client
from .errors import ApiError, KubeError
from .objects import Key, Obj, key_of
from .pool import in_parallel
from .remove import deleting
from .survey import absent

_SHOWN = 10


def check_all(client: Client, wanted: list[Obj], known: dict[Key, Obj]) -> None:
    """Before anything is written: raises KubeError with everything that belongs to others. known: what is ours."""
    unknown = [obj for obj in wanted if key_of(obj) not in known]
    spaces = {key_of(obj).namespace for obj in unknown} - {""}
    lasting = {"", *(name for name in spaces if _lasts(client, name))}
    unknown = [obj for obj in unknown if key_of(obj).namespace in lasting]
    gone = absent(client, unknown, known)
    there = [obj for obj in unknown if key_of(obj) not in gone]
    refusals = [text for text in in_parallel(lambda obj: _refusal(client, obj), there) if text]
    if refusals:
        more = len(refusals) - _SHOWN
        raise KubeError("\n".join([*refusals[:_SHOWN], *([f"and {more} more"] if more > 0 else [])]))


def _lasts(client: Client, namespace: str) -> bool:
    """What is in a namespace that is being deleted goes with it."""
    found = client.get_or_none("v1", "Namespace", namespace)
    return found is not None and not deleting(found)


def _refusal(client: Client, obj: Obj) -> str:
    key = key_of(obj)
    try:
        live = client.get_or_none(obj["apiVersion"], key.kind, key.name, key.namespace or None)
    except ApiError:
        return ""  # whoever applies it meets that, too, and can tell more
    if live is None or deleting(live):
        return ""
    try:
        check_owner(client, obj, live)
    except KubeError as error:
        return str(error)
    return ""


def check_owner(client: Client, obj: Obj, live: Obj) -> None:
    """Never take over silently what another component or another tool has made."""
    key = key_of(obj)
    metadata = live["metadata"]
    have = (metadata.get("labels") or {}).get(PART_OF)
    want = (obj["metadata"].get("labels") or {}).get(PART_OF)
    if have and want and have != want:
        whose = f": {told}" if (told := owner(client, have)) else ""
        raise KubeError(
            f"apply {key}: it belongs to another ApplySet ({have}{whose}); remove it from one of the two components, "
            "or set 'take_ownership: true' to move it to this one"
        )
    entries = metadata.get("managedFields") or []
    managers = {str(entry.get("manager")) for entry in entries if not entry.get("subresource")}
    if have or FIELD_MANAGER in managers or _shared(key):
        return
    raise KubeError(
        f"apply {key}: it exists already and was made by {', '.join(sorted(managers)) or 'somebody else'}; "
        "set 'take_ownership: true' to manage it here from now on"
    )


def _shared(key: Key) -> bool:
    """Things that exist for several to write to."""
    return key.kind == "Namespace" or (key.kind == "ServiceAccount" and key.name == "default")
