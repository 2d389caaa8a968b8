# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Removing a bucket, and what is in it only when that is really meant."""

from __future__ import annotations

from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.store.client import Store
from ansible_collections.bentobox.platform.plugins.module_utils.store.errors import NotEmpty, StoreError


def remove(store: Store, name: str, *, purge: bool, dry_run: bool) -> int:
    """Removes the bucket, and with purge everything in it first. Says how many objects that were."""
    found = _contents(store, name, limit=1000 if purge else 1)
    if found and not purge:
        raise NotEmpty(
            f"removing bucket {name!r} on {store.target.shown}",
            "it is not empty",
            "Set purge to true if everything in it is to be destroyed.",
        )
    removed = len(found)
    if dry_run:
        return removed
    while found:
        for entry in found:
            # One by one: Google and some other stores do not know the request for many.
            store.call("delete_object", f"deleting {entry['Key']!r} in bucket {name!r}", Bucket=name, **entry)
        remaining = _contents(store, name, limit=1000)
        if remaining == found:
            raise StoreError(
                f"emptying bucket {name!r} on {store.target.shown}",
                f"{len(found)} object(s) are still there after they were deleted",
                "See whether the store keeps versions or locks objects.",
            )
        found = remaining
        removed += len(found)
    if purge:
        _abort_uploads(store, name)
    store.call("delete_bucket", f"removing bucket {name!r}", Bucket=name)
    return removed


def _contents(store: Store, name: str, limit: int) -> list[dict[str, str]]:
    """Objects, with all versions and delete markers where the store has them."""
    attempted = f"listing bucket {name!r}"
    if store.target.provider != "gcs":
        answer = store.call("list_object_versions", attempted, Bucket=name, MaxKeys=limit)
        entries = [*answer.get("Versions", []), *answer.get("DeleteMarkers", [])]
        if entries:
            return [_identified(entry) for entry in entries]
    # A store without versions may answer that list with nothing although there are objects.
    answer = store.call("list_objects_v2", attempted, Bucket=name, MaxKeys=limit)
    return [{"Key": entry["Key"]} for entry in answer.get("Contents", [])]


def _identified(entry: dict[str, Any]) -> dict[str, str]:
    version = entry.get("VersionId")
    return {"Key": entry["Key"], "VersionId": version} if version else {"Key": entry["Key"]}


def _abort_uploads(store: Store, name: str) -> None:
    """Unfinished uploads keep some stores from removing a bucket, and cost money in all of them."""
    answer = store.call("list_multipart_uploads", f"listing unfinished uploads in bucket {name!r}", Bucket=name)
    for upload in answer.get("Uploads", []):
        store.call(
            "abort_multipart_upload",
            f"ending an unfinished upload of {upload['Key']!r} in bucket {name!r}",
            Bucket=name,
            Key=upload["Key"],
            UploadId=upload["UploadId"],
        )
