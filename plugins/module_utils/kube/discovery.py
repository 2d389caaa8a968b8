# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which kinds a cluster has, and where they live in its API."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .errors import NotFound, UnknownKind

# One answer for all groups (Kubernetes 1.27 and later); older servers ignore the first part.
_AGGREGATED = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json"
)


def split_api_version(api_version: str) -> tuple[str, str]:
    """apps/v1 -> (apps, v1); v1 -> ('', v1)"""
    parts = api_version.rpartition("/")
    return parts[0], parts[2]


@dataclass(frozen=True)
class Resource:
    """Where a kind lives in the API."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    def path(self, namespace: str | None = None, name: str | None = None) -> str:
        base = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        if self.namespaced and namespace:
            base += f"/namespaces/{quote(namespace)}"
        return f"{base}/{self.plural}" + (f"/{quote(name, safe='')}" if name else "")


class Discovery:
    """Asks once and remembers; asks again before it says that a kind is unknown."""

    def __init__(self, request: Callable[..., Any]) -> None:
        self._request = request
        self._kinds: dict[str, dict[str, Resource]] = {}  # apiVersion -> kind -> resource
        self._order: dict[str, list[str]] = {}  # group -> its apiVersions, the preferred one first
        self._silent: set[str] = set()  # groups whose own API server, behind this one, does not answer
        self._lock = threading.Lock()

    def forget(self) -> None:
        with self._lock:
            self._kinds.clear()
            self._order.clear()
            self._silent.clear()

    def resource(self, api_version: str, kind: str) -> Resource:
        found = self._kinds.get(api_version, {}).get(kind)
        if found:
            return found
        kinds = self._read(api_version)
        if kind not in kinds:
            message = f"the cluster has no kind {kind} in {api_version}; its CustomResourceDefinition is not installed"
            raise UnknownKind(404, "UnknownKind", message, verb="discover", what=kind)
        return kinds[kind]

    def _read(self, api_version: str) -> dict[str, Resource]:
        group, version = split_api_version(api_version)
        path = f"/apis/{group}/{version}" if group else f"/api/{version}"
        try:
            listed = self._request("GET", path, what=f"resources of {api_version}", verb="discover")
        except NotFound:
            listed = {}
        kinds = {
            entry["kind"]: Resource(group, version, entry["kind"], entry["name"], entry["namespaced"])
            for entry in listed.get("resources") or []
            if "/" not in entry["name"]
        }
        with self._lock:
            self._kinds[api_version] = kinds
        return kinds

    def load(self) -> None:
        """Everything at once: two requests where the server can, else one for each group and version."""
        for path in ("/api", "/apis"):
            listed = self._request("GET", path, headers={"Accept": _AGGREGATED}, what="API groups", verb="discover")
            if listed.get("kind") == "APIGroupDiscoveryList":
                self._take(listed)
            elif listed.get("groups") is not None:
                for group in listed["groups"]:
                    preferred = group.get("preferredVersion", {}).get("groupVersion")
                    versions = [version["groupVersion"] for version in group["versions"]]
                    self._order[group["name"]] = sorted(versions, key=lambda version: version != preferred)
                    for version in versions:
                        self._read(version)
            else:
                self._order[""] = listed.get("versions") or ["v1"]
                for version in self._order[""]:
                    self._read(version)

    def _take(self, listed: dict[str, Any]) -> None:
        for item in listed.get("items") or []:
            group = item["metadata"].get("name") or ""
            for version in item.get("versions") or []:
                name = f"{group}/{version['version']}" if group else version["version"]
                with self._lock:
                    if version.get("freshness") == "Stale":
                        self._silent.add(group)
                    self._order.setdefault(group, []).append(name)
                    self._kinds[name] = {
                        entry["responseKind"]["kind"]: Resource(
                            group, version["version"], entry["responseKind"]["kind"], entry["resource"],
                            entry["scope"] == "Namespaced",
                        )
                        for entry in version.get("resources") or []
                        if entry.get("responseKind", {}).get("kind")
                    }  # fmt: skip

    def preferred(self, group: str, kind: str) -> str | None:
        """The apiVersion to read a kind in; None when the cluster does not have it."""
        if not self._order:
            self.load()
        for api_version in self._order.get(group, []):
            if kind in self._kinds.get(api_version, {}):
                return api_version
        return None

    def silent(self, group: str, kind: str) -> bool:
        """Whether the cluster cannot tell now if it has the kind: its objects may be there all the same."""
        return self.preferred(group, kind) is None and group in self._silent

    def api_versions(self) -> list[str]:
        """As Helm's .Capabilities.APIVersions: group/version and group/version/Kind."""
        if not self._order:
            self.load()
        found = set()
        for api_version, kinds in self._kinds.items():
            if kinds:
                found |= {api_version, *(f"{api_version}/{kind}" for kind in kinds)}
        return sorted(found)
