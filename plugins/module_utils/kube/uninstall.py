# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""state: absent. Takes away what we installed; data, definitions and namespaces only when purge is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import applyset
from .client import Client
from .errors import KubeError
from .leaving import kept_earlier, made_here, made_namespace
from .objects import CRD, KEPT, NAMESPACE, Obj, kept, wave_of
from .remove import delete_all, deleting, instances, wait_gone
from .secrets import GENERATED_BY


class Uninstall:
    def __init__(self, client: Client, params: dict[str, Any], identifier: str, parent: Obj | None) -> None:
        self.client, self.params, self.identifier, self.parent = client, params, identifier, parent
        self.going: list[Obj] = []
        self.last: list[Obj] = []  # definitions and namespaces: after everything in them
        self.kept: list[Obj] = []
        self.custom: list[Obj] = []  # purge: instances of our definitions, whoever made them

    def find(self) -> None:
        """By label, over the kinds the record names. Kinds the cluster no longer has are simply gone."""
        purge = self.params["purge"]
        kinds = {applyset.split_group_kind(text) for text in applyset.recorded(self.parent)[0]} | KEPT
        versions = {}
        for group, kind in kinds:
            version = self.client.discovery.preferred(group, kind)
            if version:
                versions[(group, kind)] = version
            elif self.client.discovery.silent(group, kind):
                raise KubeError(
                    f"remove {self.params['name']}: the API server of {kind} ({group}) does not answer, and what the "
                    "component has of it cannot be removed. Bring it back, or delete its APIService if those objects "
                    "do not matter (kubectl get apiservices)"
                )
        found = list(applyset.members(self.client, self.identifier, versions).values())
        if purge and self.parent is None:
            found += kept_earlier(self.client, self.identifier)
        members = [obj for obj in found if self._may_delete(obj)]
        foreign = [obj for obj in found if not self._may_delete(obj)]
        made = applyset.list_members(self.client, "v1", "Secret", f"{GENERATED_BY}={self.identifier}")
        made = [obj for obj in made if made_here(obj)]
        if not purge:
            self.going = [obj for obj in members if not kept(obj)]
            self.kept = [obj for obj in members if kept(obj)] + made + foreign
            return
        self.kept = foreign
        for obj in members:
            wave = wave_of(obj)
            if wave == NAMESPACE and not made_namespace(obj):
                self.kept.append(obj)  # it was there before us
            elif wave in (CRD, NAMESPACE):
                self.last.append(obj)
            else:
                self.going.append(obj)
        self.going += made
        self._find_namespaces()
        for obj in self.last:
            if wave_of(obj) == CRD:
                self.custom += instances(self.client, obj)
        first = {obj["metadata"]["uid"] for obj in self.custom}
        self.going = [obj for obj in self.going if obj["metadata"]["uid"] not in first]

    def _may_delete(self, obj: Obj) -> bool:
        return self.params["take_ownership"] or made_here(obj)

    def _find_namespaces(self) -> None:
        have = {obj["metadata"]["name"] for obj in self.last if wave_of(obj) == NAMESPACE}
        for name in dict.fromkeys([self.params["namespace"], *(self.params["namespaces"] or [])]):
            live = None if name in have else self.client.get_or_none("v1", "Namespace", name)
            if live and made_namespace(live) and not live["metadata"].get("deletionTimestamp"):
                self.last.append(live)
        others = applyset.spaces_of_others(self.client, self.params["namespace"], self.params["name"])
        for obj in [obj for obj in self.last if wave_of(obj) == NAMESPACE and _name(obj) in others]:
            self.last.remove(obj)
            self.kept.append(obj)  # another component lives there

    def remove(self, deadline: float, check_mode: bool, progress: Callable[[str], None]) -> list[Obj]:
        """The record goes when everything it names is gone or bound to go, so that an interrupted run can be repeated.
        Only the namespace that holds it goes after it."""

        def delete(objects: list[Obj], wait: bool = True) -> list[Obj]:
            return delete_all(
                self.client, objects, deadline=deadline, check_mode=check_mode, progress=progress, wait=wait
            )

        to_wait = self.params["wait"] and not check_mode
        removed = [*delete(self.custom), *delete(self.going)]
        if to_wait:
            wait_gone(self.client, self._leaving_pods(), deadline, progress)
        # Nobody can stop the deletion of a definition or a namespace: they are waited for together, at the end.
        last = [obj for obj in self.last if self.params["wait"] or not deleting(obj)]
        home = [obj for obj in last if wave_of(obj) == NAMESPACE and _name(obj) == self.params["namespace"]]
        removed += (others := delete([obj for obj in last if obj not in home], wait=False))
        removed += delete([self.parent] if self.parent else [])
        removed += (place := delete(home, wait=False))
        if to_wait:
            wait_gone(self.client, [*others, *place], deadline, progress)
        return removed

    def _leaving_pods(self) -> list[Obj]:
        """Pods that are on their way out of namespaces that go, such as those that an operator had made. With one of
        them in it, a namespace is looked at again only after half of the time that the pod may take: minutes."""
        spaces = [_name(obj) for obj in self.last if wave_of(obj) == NAMESPACE]
        return [pod for space in spaces for pod in self.client.list("v1", "Pod", space) if deleting(pod)]


def _name(obj: Obj) -> str:
    return str(obj["metadata"]["name"])
