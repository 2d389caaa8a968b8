# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What is wanted, what was found out, and what follows from both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

ERROR = "error"
WARNING = "warning"
NOTICE = "notice"


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: what, why it matters, what would do, and the variable that changes it."""

    check: str
    what: str
    why: str
    allowed: str = ""
    variable: str = ""
    level: str = ERROR

    def lines(self) -> list[str]:
        text = [f"[{self.level}] {self.check}: {self.what}", f"    why: {self.why}"]
        if self.allowed:
            text.append(f"    possible: {self.allowed}")
        if self.variable:
            text.append(f"    change: {self.variable}")
        return text


@dataclass(frozen=True)
class Component:
    """One component of the release, as the catalogue has it."""

    name: str
    version: str
    minimum: str
    maximum: str
    apis: tuple[str, ...] = ()
    # files of charts and manifests that are taken from this machine
    chart_files: tuple[str, ...] = ()

    @classmethod
    def of(cls, entry: dict[str, Any]) -> Component:
        kubernetes = entry.get("kubernetes") or {}
        references = [str(chart.get("ref", "")) for chart in (entry.get("charts") or {}).values()]
        references += [str(file.get("path", "")) for file in (entry.get("files") or {}).values()]
        return cls(
            name=entry["name"],
            version=str(entry["version"]),
            minimum=str(kubernetes.get("min", "")),
            maximum=str(kubernetes.get("max", "")),
            apis=tuple(kubernetes.get("apis") or ()),
            chart_files=tuple(reference for reference in references if reference and "://" not in reference),
        )


@dataclass(frozen=True)
class Pair:
    """What upstream says of one minor version of a component with another component, or with kubernetes."""

    component: str
    version: str
    partner: str
    # minor versions of the partner, both included; '' for no bound
    minimum: str = ""
    maximum: str = ""
    # minor versions outside of that which this project's own tests run
    verified: tuple[str, ...] = ()
    source: str = ""
    # minor versions outside of both that the release takes all the same, and why
    expected: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Endpoint:
    """A service outside the cluster that pods must reach."""

    name: str
    host: str
    port: int
    variable: str


@dataclass(frozen=True)
class Place:
    """A namespace that a component is going to live in."""

    component: str
    namespace: str
    helm_releases: tuple[str, ...] = ()
    take_ownership: bool = False


@dataclass(frozen=True)
class Wanted:
    components: tuple[Component, ...] = ()
    agree: tuple[tuple[tuple[str, ...], str], ...] = ()
    allow_version_mismatch: bool = False
    pairs: tuple[Pair, ...] = ()
    ingress_class: str = ""
    # whether our own role is going to make the class
    ingress_managed: bool = True
    ingress_controller: str = ""
    # embedded store -> its storage class, '' for the default one
    storage_classes: dict[str, str] = field(default_factory=dict)
    endpoints: tuple[Endpoint, ...] = ()
    places: tuple[Place, ...] = ()
    helm_binary: str = "helm"
    helm_minimum: str = ""
    architectures: tuple[str, ...] = ()
    ignore: frozenset[str] = frozenset()


@dataclass(frozen=True)
class NamespaceFacts:
    phase: str
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    # Helm releases whose records are in the namespace
    helm_releases: tuple[str, ...] = ()
    # ApplySet parents in the namespace: name -> tooling
    applysets: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """What was found out. None stands for what could not be, with the reason in `unknown`."""

    # reason when the API server could not be asked at all; everything about the cluster is None then
    unreachable: str = ""
    kubernetes: str | None = None
    api_versions: frozenset[str] | None = None
    # name -> controller
    ingress_classes: dict[str, str] | None = None
    # name -> is it the default
    storage_classes: dict[str, bool] | None = None
    # architectures of nodes that can take pods
    nodes: tuple[str, ...] | None = None
    namespaces: dict[str, NamespaceFacts | None] | None = None
    # rights that are missing, as "verb resource"
    missing_rights: tuple[str, ...] | None = None
    # endpoint name -> '' when it was reached, else the reason; None when nobody tried
    endpoints: dict[str, str] | None = None
    # why the pod that should have tried them could not
    probe_failed: str = ""
    helm: str | None = None
    missing_files: tuple[str, ...] = ()
    # check -> why its facts are missing
    unknown: dict[str, str] = field(default_factory=dict)
