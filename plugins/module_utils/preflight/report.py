# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""All checks in one report. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ansible_collections.bentobox.platform.plugins.module_utils.preflight import checks
from ansible_collections.bentobox.platform.plugins.module_utils.preflight.compatibility import compatibility
from ansible_collections.bentobox.platform.plugins.module_utils.preflight.model import (
    ERROR,
    NOTICE,
    WARNING,
    Facts,
    Finding,
    Wanted,
)
from ansible_collections.bentobox.platform.plugins.module_utils.preflight.ownership import namespaces

Check = Callable[[Wanted, Facts], list[Finding]]
LEVELS = [ERROR, WARNING, NOTICE]

CHECKS: dict[str, Check] = {
    "versions_agree": checks.versions_agree,
    "compatibility": compatibility,
    "helm": checks.helm,
    "charts": checks.charts,
    "kubernetes_version": checks.kubernetes_version,
    "kubernetes_apis": checks.kubernetes_apis,
    "nodes": checks.nodes,
    "permissions": checks.permissions,
    "namespaces": namespaces,
    "ingress_class": checks.ingress_class,
    "storage_class": checks.storage_class,
    "endpoints": checks.endpoints,
}


def examine(wanted: Wanted, facts: Facts) -> list[Finding]:
    """Everything that is wrong, errors first."""
    findings: list[Finding] = []
    if facts.unreachable:
        findings.append(
            Finding(
                "cluster",
                "the Kubernetes API server cannot be asked",
                facts.unreachable,
                "a server that answers and credentials it accepts",
                "bentobox_kubeconfig, bentobox_context",
            )
        )
    for name, check in CHECKS.items():
        found = check(wanted, facts)
        if not found and name in facts.unknown:
            reason = facts.unknown[name]
            found = [Finding(name, "this could not be checked", reason, level=WARNING)]
        findings += [_ignored(one) for one in found] if name in wanted.ignore else found
    return sorted(findings, key=lambda finding: LEVELS.index(finding.level))


def _ignored(finding: Finding) -> Finding:
    return replace(finding, level=WARNING) if finding.level == ERROR else finding


def text(findings: list[Finding]) -> str:
    """The report a person reads."""
    errors = sum(finding.level == ERROR for finding in findings)
    warnings = sum(finding.level == WARNING for finding in findings)
    if not findings:
        return "preflight: nothing is in the way"
    head = f"preflight: {errors} problem(s) to solve first, {warnings} warning(s)"
    if notices := len(findings) - errors - warnings:
        head += f", {notices} notice(s)"
    return "\n".join([head, *(line for finding in findings for line in finding.lines())])
