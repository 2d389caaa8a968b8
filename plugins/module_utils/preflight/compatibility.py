# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which versions go together: the release's table against what is going to be installed. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.preflight.checks import minor
from ansible_collections.bentobox.platform.plugins.module_utils.preflight.model import (
    NOTICE,
    WARNING,
    Facts,
    Finding,
    Pair,
    Wanted,
)

KUBERNETES = "kubernetes"
CHECK = "compatibility"
OVERRIDE = "bentobox_release, bentobox_release_directory; preflight_ignore: [compatibility] to go on anyway"


def pair(entry: dict[str, Any]) -> Pair:
    """One line of the release's table."""
    supported = entry.get("supported") or {}
    return Pair(
        component=str(entry["component"]),
        version=str(entry["version"]),
        partner=str(entry["with"]),
        minimum=str(supported.get("min") or ""),
        maximum=str(supported.get("max") or ""),
        verified=tuple(str(version) for version in entry.get("verified") or ()),
        source=str(entry.get("source", "")),
        expected={str(version): str(reason) for version, reason in (entry.get("expected") or {}).items()},
    )


def compatibility(wanted: Wanted, facts: Facts) -> list[Finding]:
    versions = {component.name: component.version for component in wanted.components}
    if facts.kubernetes:
        versions[KUBERNETES] = facts.kubernetes
    known: dict[tuple[str, str], list[Pair]] = {}
    for line in wanted.pairs:
        if line.component in versions and line.partner in versions:
            known.setdefault((line.component, line.partner), []).append(line)
    findings = []
    for (component, partner), lines in known.items():
        finding = _judged(component, versions[component], partner, versions[partner], lines)
        findings += [finding] if finding else []
    return findings


def _judged(component: str, version: str, partner: str, found: str, lines: Iterable[Pair]) -> Finding | None:
    matching = [line for line in lines if minor(line.version) == minor(version)]
    if not matching:
        listed = ", ".join(sorted({line.version for line in lines}))
        return Finding(
            CHECK,
            f"nothing is known of {component} {version} with {partner} {found}",
            f"the release's table speaks of {component} {listed} only",
            listed,
            f"a line of your own in release_compatibility; {OVERRIDE}",
        )
    line, theirs = matching[0], minor(found)
    low, high = minor(line.minimum), minor(line.maximum)
    if theirs is not None and (low is None or theirs >= low) and (high is None or theirs <= high):
        return None
    upstream = _range(line)
    if theirs in {minor(verified) for verified in line.verified}:
        return Finding(
            CHECK,
            f"{component} {version} with {partner} {found} is outside upstream's own table ({upstream})",
            f"this project's tests run the pair; upstream does not promise it ({line.source})",
            f"{upstream} for what upstream supports",
            "bentobox_release, bentobox_release_directory",
            NOTICE,
        )
    reasons = [reason for taken, reason in line.expected.items() if minor(taken) == theirs]
    if reasons:
        return Finding(
            CHECK,
            f"{component} {version} with {partner} {found} is in no table of upstream's ({upstream}) and not run by us",
            f"the release takes the pair all the same: {reasons[0]}",
            f"{upstream} for what upstream supports",
            "bentobox_release, bentobox_release_directory",
            WARNING,
        )
    return Finding(
        CHECK,
        f"{component} {version} does not go with {partner} {found}",
        f"upstream supports it with {partner} {upstream} ({line.source}), and nobody has tried this pair here",
        ", ".join([upstream, *line.verified, *line.expected]),
        "the cluster; " + OVERRIDE if partner == KUBERNETES else OVERRIDE,
    )


def _range(line: Pair) -> str:
    if line.minimum and line.maximum:
        return line.minimum if line.minimum == line.maximum else f"{line.minimum} to {line.maximum}"
    return f"{line.minimum} and later" if line.minimum else f"up to {line.maximum}"
