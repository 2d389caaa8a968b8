# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happens to objects that left a component: deleted, or kept because they hold data or are not ours to delete."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from . import applyset
from .client import FIELD_MANAGER, Client
from .discovery import split_api_version
from .errors import ApiError
from .objects import CRD, KEPT, NAMESPACE, Obj, group_of, kept, key_of, wave_of
from .pool import in_parallel
from .remove import instances
from .secrets import GENERATED_BY


def made_here(obj: Obj) -> bool:
    """Whether we ever wrote it. A copy that somebody made of one of our objects carries our label, too."""
    entries = obj["metadata"].get("managedFields") or []
    return any(entry.get("manager") == FIELD_MANAGER for entry in entries)


def made_namespace(obj: Obj) -> bool:
    """Whether a namespace was not there before us: it says so, or nobody else has ever written to it."""
    metadata = obj["metadata"]
    labels = metadata.get("labels") or {}
    if all(labels.get(key) == value for key, value in applyset.MANAGED_BY.items()):
        return True
    entries = [entry for entry in metadata.get("managedFields") or [] if not entry.get("subresource")]
    return bool(entries) and all(entry.get("manager") == FIELD_MANAGER for entry in entries)


def kept_earlier(client: Client, identifier: str) -> list[Obj]:
    """Members of whatever kind that were kept by annotation: they outlive the record that named their kinds."""

    def read(text: str) -> list[Obj]:
        api_version, kind = text.rsplit("/", 1)
        group = split_api_version(api_version)[0]
        if (group, kind) in KEPT or client.discovery.preferred(group, kind) != api_version:
            return []
        try:
            return applyset.list_members(client, api_version, kind, f"{applyset.PART_OF}={identifier}")
        except ApiError as error:
            if error.status in (403, 405):  # not ours to see; cannot be listed at all
                return []
            raise

    kinds = [text for text in client.discovery.api_versions() if text.rpartition("/")[2][:1].isupper()]
    return [obj for listed in in_parallel(read, kinds) for obj in listed]


def left(
    client: Client, params: dict[str, Any], gone: list[Obj], wanted: list[Obj], identifier: str
) -> tuple[list[Obj], list[Obj]]:
    """(what is deleted, what stays and stays known). gone: members that are no longer declared."""
    going: list[Obj] = []
    staying: list[Obj] = []
    needed = _Needed(client, params, wanted)
    for obj in gone:
        # Who takes over another tool's ApplySet takes over its members.
        foreign = not (params["take_ownership"] or made_here(obj))
        stays = foreign or (needed(obj) if params["purge"] else kept(obj))
        (staying if stays else going).append(obj)
    if params["purge"]:
        going += _generated(client, params, identifier)
        known = {key_of(obj) for obj in going}
        for definition in [obj for obj in going if wave_of(obj) == CRD]:
            going += [obj for obj in instances(client, definition) if key_of(obj) not in known]
    return going, staying


class _Needed:
    """Even when purging: namespaces and definitions that something lives in or by."""

    def __init__(self, client: Client, params: dict[str, Any], wanted: list[Obj]) -> None:
        self.client = client
        self.record = params["namespace"], params["name"]
        self.spaces = {params["namespace"], *(params["namespaces"] or []), *(key_of(obj).namespace for obj in wanted)}
        self.kinds = {(group_of(obj), obj["kind"]) for obj in wanted}

    def __call__(self, obj: Obj) -> bool:
        if wave_of(obj) == CRD:
            return (obj["spec"]["group"], obj["spec"]["names"]["kind"]) in self.kinds
        if wave_of(obj) != NAMESPACE:
            return False
        name = obj["metadata"]["name"]
        if name in self.spaces or not made_namespace(obj):
            return True
        return name in self.others

    @cached_property
    def others(self) -> set[str]:
        return applyset.spaces_of_others(self.client, *self.record)


def _generated(client: Client, params: dict[str, Any], identifier: str) -> list[Obj]:
    """Secrets that were made once and are no longer declared."""
    declared = {(item.get("namespace") or params["namespace"], item["name"]) for item in params["generate_secrets"]}
    made = applyset.list_members(client, "v1", "Secret", f"{GENERATED_BY}={identifier}")
    left_over = [obj for obj in made if (obj["metadata"]["namespace"], obj["metadata"]["name"]) not in declared]
    return [obj for obj in left_over if made_here(obj)]
