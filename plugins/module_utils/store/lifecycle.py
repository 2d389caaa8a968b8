# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lifecycle rules and tags: our words and S3's. Pure."""

from __future__ import annotations

from typing import Any


def rule_to_s3(rule: dict[str, Any]) -> dict[str, Any]:
    """One rule in S3's words."""
    result: dict[str, Any] = {
        "ID": rule["id"],
        "Status": "Enabled" if rule.get("enabled", True) else "Disabled",
        "Filter": {"Prefix": rule.get("prefix") or ""},
    }
    if rule.get("expiration_days"):
        result["Expiration"] = {"Days": rule["expiration_days"]}
    if rule.get("noncurrent_expiration_days"):
        result["NoncurrentVersionExpiration"] = {"NoncurrentDays": rule["noncurrent_expiration_days"]}
    if rule.get("abort_incomplete_multipart_days"):
        result["AbortIncompleteMultipartUpload"] = {"DaysAfterInitiation": rule["abort_incomplete_multipart_days"]}
    return result


def normal(rules: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rules as S3 gave them or as we would send them, in one form that can be compared."""
    result = []
    for rule in rules:
        one = {key: value for key, value in rule.items() if value not in (None, {}, [])}
        # Old answers have the prefix outside of the filter, and an empty filter stands for every object.
        prefix = one.pop("Prefix", None)
        if "Filter" not in one:
            one["Filter"] = {"Prefix": prefix or ""}
        elif one["Filter"].get("Prefix") is None and len(one["Filter"]) == 0:
            one["Filter"] = {"Prefix": ""}
        result.append(one)
    return sorted(result, key=lambda one: str(one.get("ID", "")))


def tags_to_s3(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def tags_from_s3(tag_set: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tag_set}
