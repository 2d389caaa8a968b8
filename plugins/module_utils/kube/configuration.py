# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Completes a component's objects with what is only known at apply time: Secrets' values and checksums of them."""

from __future__ import annotations

import time
from typing import Any

from . import secrets
from .apply import Applier, Change
from .errors import ConfigError, Conflict, NotFound, RenderError, Unavailable
from .objects import Key, Obj, key_of, matches
from .render import Item

_UNKNOWN = "(known when it is applied)"


class Configuration:
    def __init__(self, applier: Applier, params: dict[str, Any], identifier: str) -> None:
        self.applier, self.params, self.identifier = applier, params, identifier
        self.namespace: str = params["namespace"]
        self.doubtful: set[Key] = set()  # check mode: objects with values that nobody knows yet
        self._known: dict[tuple[str, str, str], Obj | None] = {}
        self._unborn: dict[tuple[str, str], set[str]] = {}  # check mode: keys of (namespace, name) that are to be made

    @property
    def generated_keys(self) -> set[Key]:
        """Of the Secrets that are made once."""
        items = self.params["generate_secrets"] or []
        return {Key("", "Secret", item.get("namespace") or self.namespace, item["name"]) for item in items}

    def generate(self) -> list[Change]:
        """Secrets that are made once. Created or extended by plain requests: applying would own their values."""
        changes = []
        for item in self.params["generate_secrets"] or []:
            place = item.get("namespace") or self.namespace
            have = None if place in self.applier.missing_namespaces else self._live("Secret", place, item["name"])
            secret, new = secrets.generated(item, self.namespace, self.identifier, have)
            key = key_of(secret)
            if not new:
                changes.append(Change(key, "unchanged", have, have))
                continue
            if self.applier.check_mode:
                self._unborn[(place, item["name"])] = set(new)
                changes.append(Change(key, "updated" if have else "created", have, secret, predicted=True))
                continue
            changes.append(self._write(key, secret, new, have, item))
        return changes

    def _write(self, key: Key, secret: Obj, new: list[str], have: Obj | None, item: dict[str, Any]) -> Change:
        client = self.applier.client
        if have is None:
            try:
                after = self._create(secret)
            except Conflict:  # somebody was faster; what is there counts
                have = client.get("v1", "Secret", key.name, key.namespace)
                secret, new = secrets.generated(item, self.namespace, self.identifier, have)
            except NotFound as error:
                raise ConfigError(
                    f"create {key}: {error.message}; name that namespace in 'namespaces' to have it made first"
                ) from None
        if have is not None:
            # The version makes sure that a value somebody added meanwhile is not overwritten.
            version = {"resourceVersion": have["metadata"]["resourceVersion"]}
            body = {"metadata": version, "data": {name: secret["data"][name] for name in new}}
            after = client.patch("v1", "Secret", key.name, key.namespace, body)
        self._known[("Secret", key.namespace, key.name)] = after
        return Change(key, "updated" if have else "created", have, after)

    def _create(self, secret: Obj) -> Obj:
        """When the connection broke, nobody knows whether it was made: asking again tells (Conflict)."""
        while True:
            try:
                return self.applier.client.create(secret)
            except Unavailable as error:
                if error.status or time.monotonic() > self.applier.deadline:
                    raise

    def prepare(self, items: list[Item]) -> None:
        """What can be wrong in the parameters is told before anything is changed."""
        for item in items:
            item.obj = secrets.fold_string_data(item.obj)
            secrets.references(item.obj)
        for entry in self.params["config_checksum"] or []:
            self._readers(entry, items)

    def _readers(self, entry: dict[str, Any], items: list[Item]) -> list[Item]:
        place = entry.get("namespace") or self.namespace
        hits = [item for item in items if matches(item.obj, entry["kind"], entry["name"], place)]
        if not hits:
            raise RenderError(f"config_checksum: there is no {entry['kind']} {place}/{entry['name']}")
        return hits

    def complete(self, items: list[Item]) -> None:
        self._resolve(items)
        self._checksums(items)

    def _resolve(self, items: list[Item]) -> None:
        wanted = {item.key: refs for item in items if (refs := secrets.references(item.obj))}
        desired = {item.key: item.obj for item in items if item.key.kind == "Secret" and item.key not in wanted}

        def lookup(namespace: str, name: str) -> Obj | None:
            return desired.get(Key("", "Secret", namespace, name)) or self._live("Secret", namespace, name)

        for item in items:
            key = item.key
            values = {}
            for reference in sorted(wanted.get(key, ())):
                namespace, name, field = reference
                value = None
                if field not in self._unborn.get((namespace, name), ()):
                    value = secrets.read_reference(reference, lookup)
                if value is None:
                    if not self.applier.check_mode:
                        raise ConfigError(
                            f"{key} refers to Secret {namespace}/{name}, which does not exist; install the component "
                            "that makes it first"
                        )
                    self.doubtful.add(key)
                    value = _UNKNOWN
                values[reference] = value
            if values:
                item.obj = secrets.resolve(item.obj, values)

    def _checksums(self, items: list[Item]) -> None:
        """Of what will be there when this run is done, so that one run restarts what one change concerns."""
        desired = {item.key: item.obj for item in items}
        for entry in self.params["config_checksum"] or []:
            place = entry.get("namespace") or self.namespace
            contents, doubtful = {}, False
            for source in entry["of"]:
                key = Key("", source["kind"], source.get("namespace") or place, source["name"])
                contents[key] = secrets.content(desired.get(key) or self._live(key.kind, key.namespace, key.name))
                doubtful = doubtful or key in self.doubtful or (key.namespace, key.name) in self._unborn
            for item in self._readers(entry, items):
                item.obj = secrets.annotate(item.obj, secrets.checksum(contents))
                if doubtful:
                    self.doubtful.add(item.key)

    def _live(self, kind: str, namespace: str, name: str) -> Obj | None:
        identity = (kind, namespace, name)
        if identity not in self._known:
            self._known[identity] = self.applier.client.get_or_none("v1", kind, name, namespace)
        return self._known[identity]
