# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told when something does not work, and how long."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import ApiError, api_error, missing_right
from ansible_collections.bentobox.platform.plugins.module_utils.kube.explain import divide, report
from ansible_collections.bentobox.platform.plugins.module_utils.kube.patience import patiently
from ansible_collections.bentobox.platform.plugins.module_utils.kube.refusals import explained, passing

SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "s", "namespace": "n"},
    "data": {"p": "aHVudGVyMg=="},
}


@pytest.mark.parametrize(
    ("wanted", "have", "given"),
    [
        ([], 10, []),
        ([3, 2], 10, [3, 2]),
        ([30, 2, 30], 12, [5, 2, 5]),
        ([30, 2, 30], 13, [6, 2, 5]),
        ([5, 5], 0, [0, 0]),
        ([5, 5], -3, [0, 0]),
    ],
)
def test_lines_are_divided_fairly(wanted: list[int], have: int, given: list[int]) -> None:
    assert divide(wanted, have) == given


@pytest.mark.parametrize("count", [1, 16, 17, 500])
@pytest.mark.parametrize("reasons", [1, 9, 500])
def test_a_report_is_never_longer_than_it_may_be(count: int, reasons: int) -> None:
    waiting: list[tuple[str, str, Any]] = [
        (f"Foo n/x{i}", f"reason {i % reasons}\nsecond line", None) for i in range(count)
    ]
    lines = report(None, waiting, 39)  # type: ignore[arg-type]  # nothing is known of them, so nothing is asked
    assert len(lines) <= 39
    assert not any("\n" in line for line in lines)
    assert lines[0] == "Foo n/x0: reason 0 second line"
    named = sum(line.count("Foo n/x") for line in lines)
    assert named == count or any(" and " in line for line in lines)


@pytest.mark.parametrize(
    ("message", "right"),
    [
        (
            'secrets "a" is forbidden: User "b" cannot patch resource "secrets" in API group "" in the namespace "n"',
            "'patch' on 'secrets' in namespace n",
        ),
        (
            'User "bob" cannot list resource "roles" in API group "rbac.authorization.k8s.io" at the cluster scope',
            "'list' on 'roles.rbac.authorization.k8s.io' in the whole cluster",
        ),
        (
            'User "bob" cannot get resource "pods/log" in API group "" in the namespace "n"',
            "'get' on 'pods/log' in namespace n",
        ),
        ("exceeded quota: none", ""),
    ],
)
def test_the_missing_right(message: str, right: str) -> None:
    assert missing_right(message) == (f"; grant these credentials the verb {right}" if right else "")


@pytest.mark.parametrize(
    ("status", "message", "hint"),
    [
        (403, "pods x is forbidden: exceeded quota: q, requested: a", "; raise that ResourceQuota, or ask for less"),
        (403, "is attempting to grant RBAC permissions not currently held:", "; these credentials can only grant"),
        (500, "etcdserver: request is too large", "; it is too large for the API"),
        (422, "spec.selector: Invalid value: field is immutable", "; this cannot be changed in place"),
        (400, 'admission webhook "w" denied the request: no', "; correct the manifest, or what that webhook asks for"),
        (404, 'namespaces "n" not found', "; name that namespace in 'namespaces'"),
        (500, "something else", "something else (Status500, HTTP 500)"),
    ],
)
def test_what_to_change(status: int, message: str, hint: str) -> None:
    error = api_error(status, {"message": message}, verb="apply", what="Secret n/s")
    text = str(explained(error, SECRET))
    assert text.startswith(f"apply Secret n/s: {message[:20]}")
    assert hint in text


def test_a_refusal_does_not_quote_a_whole_object_nor_a_secret() -> None:
    message = f"field is immutable: hunter2 {'x' * 5000}"
    text = str(explained(api_error(422, {"message": message}, verb="apply", what="x"), SECRET))
    assert len(text) < 800
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("message", "why"),
    [
        ("status unknown for quota: q", "its namespace's quota has not been counted yet"),
        (
            'pods "web" is forbidden: error looking up service account n/default: serviceaccount "default" not found',
            "its namespace's default ServiceAccount has not been made yet",
        ),
    ],
)
def test_what_passes_by_itself(message: str, why: str) -> None:
    calls, said = [], []

    def send() -> str:
        calls.append(1)
        if len(calls) < 3:
            raise api_error(403, {"message": message}, verb="apply", what="x")
        return "done"

    assert patiently(send, passing, 1e12, said.append) == "done"
    assert said == [f"waiting, since {why}"]


def test_patience_ends_with_the_last_error() -> None:
    error = api_error(500, {"message": 'failed calling webhook "w": EOF'}, verb="apply", what="x")

    def send() -> None:
        raise error

    with pytest.raises(ApiError, match="EOF") as caught:
        patiently(send, passing, 0.0, lambda text: None)
    assert caught.value is error
