# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of our fields somebody else changed, read from who owns what."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.drift import by_hand, lost

OURS = "bentobox.platform"
APPLIED: dict[str, Any] = {
    "f:metadata": {"f:labels": {"f:a.b/c": {}}},
    "f:spec": {
        "f:replicas": {},
        "f:args": {},
        "f:list": {'k:{"name":"c"}': {".": {}, "f:name": {}, "f:image": {}}, 'v:"x"': {}},
    },
}


def live(*entries: tuple[str, str, dict[str, Any]]) -> dict[str, Any]:
    managed = [{"manager": who, "operation": how, "fieldsV1": fields} for who, how, fields in entries]
    return {"metadata": {"managedFields": managed}}


def drift(*entries: tuple[str, str, dict[str, Any]]) -> list[tuple[str, str]]:
    return [(entry["field"], entry["manager"]) for entry in lost(APPLIED, live(*entries), OURS)]


def without(*path: str) -> dict[str, Any]:
    """What we own when somebody took that field from us: a map that is empty is none."""

    def cut(fields: dict[str, Any], place: tuple[str, ...]) -> dict[str, Any]:
        left = {name: sub for name, sub in fields.items() if name != place[0]}
        if len(place) > 1 and (inner := cut(fields[place[0]], place[1:])):
            left[place[0]] = inner
        return left

    return cut(APPLIED, path)


def test_what_is_still_ours_is_no_drift() -> None:
    assert drift((OURS, "Apply", APPLIED)) == []
    assert drift((OURS, "Apply", APPLIED), ("other", "Update", {"f:spec": {"f:replicas": {}, "f:more": {}}})) == []
    # Patched by ourselves: ours in another entry.
    assert drift((OURS, "Apply", without("f:spec", "f:args")), (OURS, "Update", {"f:spec": {"f:args": {}}})) == []


def test_who_has_it_now_is_named() -> None:
    entry = ("scaler", "Update", {"f:spec": {"f:replicas": {}}})
    assert drift((OURS, "Apply", without("f:spec", "f:replicas")), entry) == [(".spec.replicas", "scaler")]
    both = [("b", "Update", {"f:spec": {"f:args": {}}}), ("a", "Apply", {"f:spec": {"f:args": {}}})]
    assert drift((OURS, "Apply", without("f:spec", "f:args")), *both) == [(".spec.args", "a, b")]
    image = {"f:spec": {"f:list": {'k:{"name":"c"}': {"f:image": {}}}}}
    gone = without("f:spec", "f:list", 'k:{"name":"c"}', "f:image")
    assert drift((OURS, "Apply", gone), ("bot", "Update", image)) == [('.spec.list[name="c"].image', "bot")]


def test_what_was_removed_is_named_once() -> None:
    assert drift((OURS, "Apply", without("f:metadata"))) == [(".metadata.labels.a.b/c", "")]
    assert drift((OURS, "Apply", without("f:spec", "f:list"))) == [
        ('.spec.list[name="c"]', ""),
        ('.spec.list[="x"]', ""),
    ]


def test_an_object_that_was_made_anew_by_somebody_else() -> None:
    found = drift(("maker", "Update", {"f:spec": {"f:replicas": {}}}))
    assert (".spec.replicas", "maker") in found
    assert len(found) == 5


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ('conflict with "bentobox.platform" using v1', True),
        ('conflict with "kubectl-edit" using apps/v1', True),
        ('conflict with "kubectl" with subresource "scale" using apps/v1', True),
        ('conflict with "kubectl"', False),  # applied: it is managed there
        ('conflict with "kubectl-client-side-apply" using v1', False),
        ('conflict with "their-tool" using v1', False),
        ('conflict with "kubectlish" using v1', False),
        ("conflict", False),
    ],
)
def test_hands_and_programs(message: str, expected: bool) -> None:
    assert by_hand({"reason": "FieldManagerConflict", "message": message}) is expected
