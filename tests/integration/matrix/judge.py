# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the steps of a row must show. Pure: a list of complaints, empty when all is as promised."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from ansible_collections.bentobox.platform.tests.integration.matrix.row import (
    CHECK,
    CHECK_AGAIN,
    READ,
    REAL,
    Row,
    Step,
)

MISSING = "(nothing)"
# Ansible's own, which come and go.
OF_ANSIBLE = {"warnings", "deprecations", "invocation", "exception", "ansible_facts", "failed", "diff"}


@dataclass(frozen=True)
class Outcome:
    """A step, what the module said, and what the servers held before and after it."""

    step: Step
    result: dict[str, Any]
    before: dict[str, Any]
    after: dict[str, Any]


def judge(row: Row, outcomes: list[Outcome]) -> list[str]:
    phases: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        phases.setdefault(outcome.step.phase, []).append(outcome)
    return [complaint for phase in phases.values() for complaint in together(row, phase)]


def together(row: Row, outcomes: list[Outcome]) -> list[str]:
    """What is to be said of one phase."""
    complaints = [complaint for outcome in outcomes for complaint in alone(outcome)]
    real = next((outcome for outcome in outcomes if outcome.step.part == REAL), None)
    if real is None:
        return complaints
    # A module that reads says the same each time, one that changes something says it until it is done.
    told = outcomes if real.step.phase == READ else [o for o in outcomes if o.step.part in (CHECK, CHECK_AGAIN)]
    for outcome in told:
        for path in row.predicts:
            said, did = (masked(pick(result, path), row.masks) for result in (outcome.result, real.result))
            if said == MISSING:
                complaints.append(f"{outcome.step.name}: the result has no {path}")
            elif said != did:
                differs = contrast(lines(said), lines(did))
                complaints.append(f"{outcome.step.name}: {path} is not that of the first real run (+): {differs}")
    keys = shape(real.result)
    for outcome in outcomes:
        if not outcome.result.get("failed") and shape(outcome.result) != keys:
            other = sorted(shape(outcome.result) ^ keys)
            complaints.append(f"{outcome.step.name}: only it or only the first real run returns {', '.join(other)}")
    return complaints


def alone(outcome: Outcome) -> list[str]:
    """What can be said of a step without the others."""
    step, result = outcome.step, outcome.result
    if result.get("failed"):
        return [f"{step.name}: failed: {result.get('msg')}"]
    complaints = []
    first = step.part in (CHECK, CHECK_AGAIN, REAL) and step.phase != READ
    if result.get("changed") is not first:
        complaints.append(f"{step.name}: changed is {result.get('changed')}, not {first}; diff: {result.get('diff')}")
    writes = first and step.part == REAL
    differences = [name for name in outcome.before if outcome.before[name] != outcome.after[name]]
    if writes and not differences:
        complaints.append(f"{step.name}: nothing changed on {', '.join(outcome.before)}")
    if not writes:
        complaints += [
            f"{step.name}: it wrote on {name}: {contrast(outcome.before[name], outcome.after[name])}"
            for name in differences
        ]
    return complaints


def shape(result: dict[str, Any]) -> set[str]:
    return set(result) - OF_ANSIBLE


def pick(result: Any, path: str) -> Any:
    """The value at a path with dots; a list is gone through entry by entry."""
    for key in path.split("."):
        if isinstance(result, list):
            result = [entry.get(key, MISSING) for entry in result]
        else:
            result = result.get(key, MISSING) if isinstance(result, dict) else MISSING
    return result


def masked(value: Any, masks: tuple[str, ...]) -> Any:
    """The value without what the masks match in its texts."""
    if isinstance(value, dict):
        return {key: masked(entry, masks) for key, entry in value.items()}
    if isinstance(value, list):
        return [masked(entry, masks) for entry in value]
    for mask in masks if isinstance(value, str) else ():
        value = re.sub(mask, "", value)
    return value


def lines(value: Any) -> list[str]:
    return json.dumps(value, indent=1, sort_keys=True, default=str).replace("\\n", "\n").splitlines()


def contrast(before: list[str], after: list[str]) -> str:
    """The lines that came and went."""
    gone, come = [line for line in before if line not in after], [line for line in after if line not in before]
    return "; ".join([*(f"- {line}" for line in gone), *(f"+ {line}" for line in come)])
