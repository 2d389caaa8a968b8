# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what is there to requests, and what answers mean."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.store import lifecycle
from ansible_collections.bentobox.platform.plugins.module_utils.store.bucket import (
    Desired,
    State,
    after,
    check_provider,
    plan,
)
from ansible_collections.bentobox.platform.plugins.module_utils.store.client import Target, answer_error
from ansible_collections.bentobox.platform.plugins.module_utils.store.errors import Invalid, Unsupported

RULE = {"id": "tmp", "prefix": "tmp/", "expiration_days": 3}
RULE_S3 = {"ID": "tmp", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 3}}


def operations(current: State | None, provider: str = "generic", region: str = "us-east-1", **want: Any) -> list[str]:
    return [step.operation for step in plan(current, Desired("b", **want), provider, region)]


@pytest.mark.parametrize(
    ("provider", "region", "location", "constraint"),
    [
        ("generic", "us-east-1", None, None),
        ("generic", "eu-central-1", None, None),
        ("s3", "us-east-1", None, None),
        ("s3", "eu-central-1", None, "eu-central-1"),
        ("s3", "eu-central-1", "us-east-1", None),
        ("gcs", "auto", "EU", "EU"),
    ],
)
def test_where_a_bucket_is_made(provider: str, region: str, location: str | None, constraint: str | None) -> None:
    (step,) = plan(None, Desired("b", location=location), provider, region)
    assert step.operation == "create_bucket"
    assert step.arguments.get("CreateBucketConfiguration", {}).get("LocationConstraint") == constraint


@pytest.mark.parametrize(
    ("current", "want", "expected"),
    [
        (State(), {}, []),
        (None, {}, ["create_bucket"]),
        (None, {"versioning": False, "lifecycle_rules": [], "tags": {}}, ["create_bucket"]),
        (
            None,
            {"versioning": True, "tags": {"a": "b"}},
            ["create_bucket", "put_bucket_versioning", "put_bucket_tagging"],
        ),
        (State(versioning=True), {"versioning": True}, []),
        (State(versioning=True), {"versioning": False}, ["put_bucket_versioning"]),
        (State(lifecycle_rules=[RULE_S3]), {"lifecycle_rules": [RULE]}, []),
        (State(lifecycle_rules=[]), {"lifecycle_rules": [RULE]}, ["put_bucket_lifecycle_configuration"]),
        (State(lifecycle_rules=[RULE_S3]), {"lifecycle_rules": []}, ["delete_bucket_lifecycle"]),
        (State(tags={"a": "b"}), {"tags": {"a": "b"}}, []),
        (State(tags={"a": "b"}), {"tags": {"a": "c"}}, ["put_bucket_tagging"]),
        (State(tags={"a": "b"}), {"tags": {}}, ["delete_bucket_tagging"]),
        (State(location="EU"), {"location": "eu"}, []),
    ],
)
def test_plan(current: State | None, want: dict[str, Any], expected: list[str]) -> None:
    assert operations(current, **want) == expected


def test_a_bucket_cannot_be_moved() -> None:
    with pytest.raises(Invalid, match="cannot be moved"):
        operations(State(location="us-east-1"), location="eu-central-1")


def test_after_is_before_with_what_is_wanted() -> None:
    state = after(State(versioning=False), Desired("b", versioning=True, lifecycle_rules=[RULE], tags={"a": "b"}))
    assert state == {"versioning": True, "lifecycle_rules": [RULE_S3], "tags": {"a": "b"}}


@pytest.mark.parametrize(
    "given",
    [
        RULE_S3,
        # the old form, and empty fields, as some stores answer
        {"ID": "tmp", "Status": "Enabled", "Prefix": "tmp/", "Expiration": {"Days": 3}, "Transitions": []},
    ],
)
def test_rules_have_one_form(given: dict[str, Any]) -> None:
    assert lifecycle.normal([given]) == lifecycle.normal([lifecycle.rule_to_s3(RULE)])


def test_rule_for_every_object() -> None:
    whole = lifecycle.rule_to_s3({"id": "a", "enabled": False, "noncurrent_expiration_days": 1})
    assert whole == {
        "ID": "a",
        "Status": "Disabled",
        "Filter": {"Prefix": ""},
        "NoncurrentVersionExpiration": {"NoncurrentDays": 1},
    }
    assert lifecycle.normal([{**whole, "Filter": {}}]) == [whole]


@pytest.mark.parametrize("option", [{"tags": {}}, {"lifecycle_rules": []}])
def test_google_cannot(option: dict[str, Any]) -> None:
    with pytest.raises(Unsupported, match="Google"):
        check_provider("gcs", Desired("b", **option))
    check_provider("s3", Desired("b", **option))
    check_provider("gcs", Desired("b", versioning=True))


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (403, "AccessDenied", "permission"),
        (403, "403", "permission"),
        (403, "InvalidAccessKeyId", "authentication"),
        (403, "SignatureDoesNotMatch", "authentication"),
        (400, "ExpiredToken", "authentication"),
        (501, "NotImplemented", "unsupported"),
        (404, "NoSuchBucket", "failed"),
        (500, "", "failed"),
    ],
)
def test_answers(status: int, code: str, kind: str) -> None:
    response = {"Error": {"Code": code, "Message": "no\nway"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error = answer_error("asking", response)
    assert error.kind == kind
    assert error.code == (code or str(status))
    assert "no way" in str(error)


def test_target_does_not_show_its_secrets() -> None:
    target = Target("generic", "http://x", "r", access_key="a", secret_key="canary", session_token="canary")
    assert "canary" not in repr(target)
