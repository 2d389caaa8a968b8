# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The judge of the matrix catches what a module could get wrong."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bentobox.platform.tests.integration.matrix.judge import Outcome, judge
from ansible_collections.bentobox.platform.tests.integration.matrix.row import (
    CHECK,
    CHECK_AGAIN,
    CHECK_DONE,
    CREATE,
    REAL,
    REAL_AGAIN,
    Row,
    Step,
    reading,
)

ROW = Row(create={"a": 1}, modify="not here", delete="not here", predicts=("diff.after",), masks=("#[0-9]+",))
READER = reading("it looks", {}, predicts=("found",))


def said(step: Step, **other: Any) -> Outcome:
    """The outcome of a module that does all as it should, and what it does otherwise."""
    first = step.part in (CHECK, CHECK_AGAIN, REAL)
    before = ["x"] if first else ["x", "y"]
    result = {"changed": first, "size": 1, "diff": {"after": f"y #{len(step.name)}" if first else ""}}
    after = ["x", "y"] if step.part == REAL else before
    return Outcome(step, result | other.get("result", {}), {"kube": before}, {"kube": other.get("after", after)})


@pytest.mark.parametrize(
    ("part", "other", "words"),
    [
        (CHECK, {}, None),
        (CHECK, {"result": {"changed": False}}, "create, check first: changed is False"),
        (CHECK, {"after": ["x", "y"]}, "create, check first: it wrote on kube: + y"),
        (CHECK_AGAIN, {"result": {"diff": {"after": "z"}}}, "check again: diff.after is not that of the first real"),
        (CHECK_AGAIN, {"result": {"diff": {}}}, "check again: the result has no diff.after"),
        (REAL, {"result": {"changed": False}}, "create, real first: changed is False"),
        (REAL, {"after": ["x"]}, "create, real first: nothing changed on kube"),
        (REAL_AGAIN, {"result": {"changed": True}}, "create, real again: changed is True"),
        (REAL_AGAIN, {"after": ["x"]}, "create, real again: it wrote on kube: - y"),
        (REAL_AGAIN, {"result": {"more": 1}}, "only the first real run returns more"),
        (REAL_AGAIN, {"result": {"failed": True, "msg": "oh"}}, "create, real again: failed: oh"),
        (CHECK_DONE, {"result": {"changed": True}}, "check of what is done: changed is True"),
    ],
)
def test_complaints(part: str, other: dict[str, Any], words: str | None) -> None:
    outcomes = [said(step, **(other if step.part == part else {})) for step in ROW.steps()]
    complaints = judge(ROW, outcomes)
    assert complaints == [] if words is None else any(words in complaint for complaint in complaints)


def test_a_module_that_reads() -> None:
    def answers(*found: str) -> list[str]:
        results = [{"changed": False, "found": text} for text in found]
        pairs = zip(READER.steps(), results, strict=True)
        return judge(READER, [Outcome(step, result, {"kube": []}, {"kube": []}) for step, result in pairs])

    assert answers("a", "a", "a", "a") == []
    assert len(answers("b", "a", "a", "a")) == 1


def test_steps_are_in_order() -> None:
    row = Row(create={"a": 1}, modify={"a": 2}, delete={"state": "absent"}, common={"name": "x"})
    steps = [step for step in row.steps() if step.part != CHECK_DONE]
    assert len(steps) == 12
    assert [(step.phase, step.part, step.check_mode) for step in steps[:4]] == [
        (CREATE, CHECK, True),
        (CREATE, CHECK_AGAIN, True),
        (CREATE, REAL, False),
        (CREATE, REAL_AGAIN, False),
    ]
    assert steps[-1].arguments == {"name": "x", "state": "absent"}
