# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whose the namespaces are. Pure."""

from __future__ import annotations

from ansible_collections.bentobox.platform.plugins.module_utils.kube.applyset import PART_OF, applyset_id, is_ours
from ansible_collections.bentobox.platform.plugins.module_utils.preflight.model import (
    WARNING,
    Facts,
    Finding,
    NamespaceFacts,
    Place,
    Wanted,
)

HELM_RELEASE = "meta.helm.sh/release-name"


def namespaces(wanted: Wanted, facts: Facts) -> list[Finding]:
    if facts.namespaces is None:
        return []
    findings: list[Finding] = []
    seen: set[str] = set()
    for place in wanted.places:
        found = facts.namespaces.get(place.namespace)
        if found is None:
            continue
        if place.namespace not in seen:
            findings += _whole(place.namespace, found)
            seen.add(place.namespace)
        findings += _component(place, found)
    return findings


def _whole(name: str, found: NamespaceFacts) -> list[Finding]:
    findings = []
    if found.phase == "Terminating":
        findings.append(
            Finding(
                "namespaces",
                f"namespace {name!r} is being deleted",
                "nothing new can be made in it until it is gone",
                "wait until it is gone; if it hangs, see its conditions for the finalizer or API service it waits for",
                "the cluster",
            )
        )
    release = found.annotations.get(HELM_RELEASE)
    if release:
        findings.append(
            Finding(
                "namespaces",
                f"namespace {name!r} is an object of the Helm release {release!r}",
                "uninstalling that release deletes the namespace with everything in it",
                "a namespace of our own",
                "the component's ..._namespace",
                WARNING,
            )
        )
    ours = {applyset_id(applyset, name) for applyset, tooling in found.applysets.items() if is_ours(tooling)}
    part_of = found.labels.get(PART_OF)
    if part_of and part_of not in ours:
        findings.append(
            Finding(
                "namespaces",
                f"namespace {name!r} is part of the ApplySet {part_of}",
                "the tool that owns this set may prune the namespace with everything in it",
                "a namespace of our own",
                "the component's ..._namespace",
                WARNING,
            )
        )
    return findings


def _component(place: Place, found: NamespaceFacts) -> list[Finding]:
    findings = []
    releases = sorted(set(found.helm_releases) & {place.component.replace("_", "-"), *place.helm_releases})
    if releases and not place.take_ownership:
        findings.append(
            Finding(
                "namespaces",
                f"{place.component} is already in namespace {place.namespace!r}, as Helm release {', '.join(releases)}",
                "two tools would change the same objects in turn",
                "leave it to Helm, take it over, or use another namespace",
                f"{place.component}_state: existing, or {place.component}_take_ownership: true, "
                f"or {place.component}_namespace",
            )
        )
    foreign = {
        name: tooling
        for name, tooling in found.applysets.items()
        if name == place.component.replace("_", "-") and not is_ours(tooling)
    }
    for name, tooling in sorted(foreign.items()):
        findings.append(
            Finding(
                "namespaces",
                f"ApplySet {name!r} in namespace {place.namespace!r} is managed by {tooling or 'an unnamed tool'}",
                f"{place.component} would be recorded under the same name, and either tool prune the other's objects",
                "another namespace, or the other tool's set removed",
                f"{place.component}_namespace",
            )
        )
    return findings
