# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The checks about the platform and its cluster: pure functions from what is wanted and what was found to findings."""

from __future__ import annotations

import re

from ansible_collections.bentobox.platform.plugins.module_utils.preflight.model import (
    WARNING,
    Component,
    Facts,
    Finding,
    Wanted,
)


def minor(version: str) -> tuple[int, int] | None:
    """(1, 33) of v1.33.13, 1.33+, 1.33.1-gke.100 and the like."""
    match = re.match(r"^v?(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2])) if match else None


def kubernetes_version(wanted: Wanted, facts: Facts) -> list[Finding]:
    if facts.kubernetes is None:
        return []
    server = minor(facts.kubernetes)
    if server is None:
        return [
            Finding(
                "kubernetes_version",
                f"the server says its version is {facts.kubernetes!r}",
                "charts and this collection choose by the server's version",
                "a version such as v1.33.1",
                "the cluster (a server built without its version stamped in)",
            )
        ]
    out = [component for component in wanted.components if not _in_range(component, server)]
    if not out:
        return []
    low = max((minor(c.minimum) or (0, 0)) for c in wanted.components)
    high = min((minor(c.maximum) or (99, 99)) for c in wanted.components)
    names = ", ".join(f"{c.name} {c.version} ({c.minimum} to {c.maximum})" for c in out)
    possible = f"{low[0]}.{low[1]} to {high[0]}.{high[1]}" if low <= high else "none for all of them together"
    return [
        Finding(
            "kubernetes_version",
            f"Kubernetes {facts.kubernetes} is outside the range of {names}",
            "older servers lack APIs these versions use, newer ones were not known when they were made",
            possible,
            "bentobox_release, or the cluster; preflight_ignore: [kubernetes_version] to go on anyway",
        )
    ]


def _in_range(component: Component, server: tuple[int, int]) -> bool:
    low, high = minor(component.minimum), minor(component.maximum)
    return (low is None or server >= low) and (high is None or server <= high)


def kubernetes_apis(wanted: Wanted, facts: Facts) -> list[Finding]:
    if facts.api_versions is None:
        return []
    return [
        Finding(
            "kubernetes_apis",
            f"the cluster does not serve {api}",
            f"{component.name} {component.version} uses it",
            "a Kubernetes version that has it, or a release whose components do not need it",
            "bentobox_release",
        )
        for component in wanted.components
        for api in component.apis
        if api not in facts.api_versions
    ]


def helm(wanted: Wanted, facts: Facts) -> list[Finding]:
    allowed = f"Helm {wanted.helm_minimum} or later"
    if facts.helm is None:
        reason = facts.unknown.get("helm", "it was not found")
        return [
            Finding(
                "helm",
                f"{wanted.helm_binary!r} cannot be used: {reason}",
                "charts are rendered with it on the machine this runs on",
                allowed,
                "bentobox_helm_binary, or PATH",
            )
        ]
    found, needed = minor(facts.helm), minor(wanted.helm_minimum)
    if found is None or (needed is not None and found < needed):
        return [
            Finding(
                "helm",
                f"{wanted.helm_binary!r} is version {facts.helm}",
                "older ones do not render these charts as they are meant",
                allowed,
                "bentobox_helm_binary",
            )
        ]
    return []


def charts(_wanted: Wanted, facts: Facts) -> list[Finding]:
    if not facts.missing_files:
        return []
    return [
        Finding(
            "charts",
            f"there is no file {', '.join(facts.missing_files)}",
            "the release takes these charts from the folder of artifacts",
            "the archives in that place, or an empty bentobox_artifacts_dir to take them from upstream",
            "bentobox_artifacts_dir",
        )
    ]


def versions_agree(wanted: Wanted, _facts: Facts) -> list[Finding]:
    versions = {component.name: component.version for component in wanted.components}
    findings = []
    for names, reason in wanted.agree:
        members = {name: versions[name] for name in names if name in versions}
        if len({minor(version) for version in members.values()}) < 2:
            continue
        listed = ", ".join(f"{name} {version}" for name, version in members.items())
        findings.append(
            Finding(
                "versions_agree",
                f"{listed} differ in the minor version",
                reason,
                "the same minor version (the two numbers in front) for all of them",
                f"the release file of {', '.join(members)} (bentobox_release, bentobox_release_directory); "
                "preflight_allow_version_mismatch: true to go on anyway",
                WARNING if wanted.allow_version_mismatch else "error",
            )
        )
    return findings


def nodes(wanted: Wanted, facts: Facts) -> list[Finding]:
    if facts.nodes is None:
        return []
    if not facts.nodes:
        return [
            Finding(
                "nodes",
                "no node is ready to take pods",
                "nothing could start",
                "at least one Ready node that is not cordoned",
                "the cluster",
            )
        ]
    if wanted.architectures and not set(facts.nodes) & set(wanted.architectures):
        return [
            Finding(
                "nodes",
                f"all nodes are {', '.join(sorted(set(facts.nodes)))}",
                "upstream builds images of these components for one architecture only",
                ", ".join(wanted.architectures),
                "the cluster, or images of your own in the release file and preflight_architectures",
            )
        ]
    return []


def ingress_class(wanted: Wanted, facts: Facts) -> list[Finding]:
    if facts.ingress_classes is None or not wanted.ingress_class:
        return []
    name, there = wanted.ingress_class, facts.ingress_classes
    if wanted.ingress_managed:
        controller = there.get(name)
        if controller is None or not wanted.ingress_controller or controller == wanted.ingress_controller:
            return []
        return [
            Finding(
                "ingress_class",
                f"IngressClass {name!r} exists and belongs to {controller}",
                f"the role ingress would make it a class of {wanted.ingress_controller}",
                "another name for our class, or the existing controller as it is",
                "ingress_class, or ingress_state: existing",
            )
        ]
    if name in there:
        return []
    return [
        Finding(
            "ingress_class",
            f"there is no IngressClass {name!r}",
            "nothing would route requests to the services",
            ", ".join(sorted(there)) or "the cluster has none at all",
            "ingress_class, or ingress_state: present to have one made",
        )
    ]


def storage_class(wanted: Wanted, facts: Facts) -> list[Finding]:
    if facts.storage_classes is None:
        return []
    there = ", ".join(sorted(facts.storage_classes)) or "the cluster has none at all"
    findings = []
    without = sorted(store for store, name in wanted.storage_classes.items() if not name)
    if without and not any(facts.storage_classes.values()):
        findings.append(
            Finding(
                "storage_class",
                f"there is no default StorageClass, and {', '.join(without)} would use it",
                "their volumes would wait for ever",
                f"a default StorageClass, or one of: {there}",
                ", ".join(f"{store}_storage_class" for store in without) + " (or an external store)",
            )
        )
    findings += [
        Finding(
            "storage_class",
            f"there is no StorageClass {name!r}, which {store} is to use",
            "its volume would wait for ever",
            there,
            f"{store}_storage_class",
        )
        for store, name in sorted(wanted.storage_classes.items())
        if name and name not in facts.storage_classes
    ]
    return findings


def endpoints(wanted: Wanted, facts: Facts) -> list[Finding]:
    if facts.probe_failed:
        return [
            Finding(
                "endpoints",
                f"no pod could try {', '.join(endpoint.name for endpoint in wanted.endpoints)}: {facts.probe_failed}",
                "what keeps this small pod from running keeps the others from it too, or hides that they reach nothing",
                "an image that the nodes can pull, and a namespace where a pod without rights may run",
                "bentobox_image_registry, preflight_probe_namespace; preflight_ignore: [endpoints] to go on anyway",
            )
        ]
    if facts.endpoints is None:
        return []
    return [
        Finding(
            "endpoints",
            f"pods do not reach {endpoint.name} at {endpoint.host}:{endpoint.port}: {facts.endpoints[endpoint.name]}",
            "it is to be used from inside the cluster",
            "an address that the cluster's DNS resolves, and a network and firewall that let its pods through",
            endpoint.variable,
        )
        for endpoint in wanted.endpoints
        if facts.endpoints.get(endpoint.name)
    ]


def permissions(_wanted: Wanted, facts: Facts) -> list[Finding]:
    if not facts.missing_rights:
        return []
    return [
        Finding(
            "permissions",
            f"these credentials may not: {', '.join(facts.missing_rights)}",
            "the roles make these objects, and what they give rights to must have them itself",
            "cluster-admin, or a role with all of these",
            "bentobox_kubeconfig, bentobox_context (or the cluster's RBAC)",
        )
    ]
