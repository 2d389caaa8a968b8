# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One bucket: what is there, what is wanted, and the requests between them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.store import lifecycle
from ansible_collections.bentobox.platform.plugins.module_utils.store.client import Store
from ansible_collections.bentobox.platform.plugins.module_utils.store.errors import (
    Invalid,
    NotPermitted,
    OwnedByOthers,
    StoreError,
    TlsFailed,
    Unreachable,
    Unsupported,
)

# Google's answers to HMAC keys: its lifecycle is another document than Amazon's, and buckets have labels, not tags.
_NOT_ON_GCS = {
    "lifecycle_rules": "Google Cloud Storage does not take lifecycle rules in Amazon's form",
    "tags": "Google Cloud Storage buckets have labels, which cannot be set with an HMAC key",
}
_MISSING = {"404", "NoSuchBucket", "NotFound"}
_TAKEN = {"BucketAlreadyExists", "BucketAlreadyOwnedByYou"}


@dataclass(frozen=True)
class Desired:
    """None means: leave it as it is."""

    name: str
    location: str | None = None
    versioning: bool | None = None
    lifecycle_rules: list[dict[str, Any]] | None = None
    tags: dict[str, str] | None = None


@dataclass(frozen=True)
class State:
    """A bucket as it is; None for what was not asked for."""

    location: str | None = None
    versioning: bool | None = None
    lifecycle_rules: list[dict[str, Any]] | None = None
    tags: dict[str, str] | None = None

    def shown(self) -> dict[str, Any]:
        return {key: value for key, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class Step:
    """One request that changes something."""

    attempted: str
    operation: str
    arguments: dict[str, Any]


def check_provider(provider: str, desired: Desired) -> None:
    """Refuses what a provider cannot do, before anything is changed."""
    if provider != "gcs":
        return
    for option, reason in _NOT_ON_GCS.items():
        if getattr(desired, option) is not None:
            raise Unsupported(
                f"preparing bucket {desired.name!r}", reason, f"Leave {option} out and set it with Google's own tools."
            )


def read(store: Store, desired: Desired) -> State | None:
    """The bucket as far as it matters here, or None. Someone else's bucket is an error."""
    name = desired.name
    if not _exists(store, name):
        return None
    return State(
        location=_location(store, name) if desired.location is not None else None,
        versioning=_versioning(store, name) if desired.versioning is not None else None,
        lifecycle_rules=_lifecycle(store, name) if desired.lifecycle_rules is not None else None,
        tags=_tags(store, name) if desired.tags is not None else None,
    )


def _exists(store: Store, name: str) -> bool:
    attempted = f"looking for bucket {name!r}"
    try:
        store.call("head_bucket", attempted, Bucket=name)
        return True
    except (Unreachable, TlsFailed):
        raise
    except StoreError as error:
        if error.code in _MISSING:
            return False
    # The answer to HEAD has no body, so no reason: ask in a way that gets one.
    try:
        store.call("list_objects_v2", attempted, Bucket=name, MaxKeys=1)
    except NotPermitted as error:
        raise OwnedByOthers(
            error.attempted,
            "it exists, but this key may not use it: it belongs to someone else, or the key has no rights on it",
            "Choose another name (names are shared by all users of a store), or give the key access to it.",
        ) from None
    except StoreError as error:
        if error.code in _MISSING:
            return False
        if error.code in ("301", "PermanentRedirect", "AuthorizationHeaderMalformed"):
            raise Invalid(error.attempted, error.reason, "Set region to the one where the bucket is.") from None
        raise
    return True


def _location(store: Store, name: str) -> str:
    answer = store.call("get_bucket_location", f"reading the location of bucket {name!r}", Bucket=name)
    # Amazon's oldest region has no name here, and its second oldest an old one.
    return {"": "us-east-1", "EU": "eu-west-1" if store.target.provider == "s3" else "EU"}.get(
        answer.get("LocationConstraint") or "", answer.get("LocationConstraint") or ""
    )


def _versioning(store: Store, name: str) -> bool:
    answer = store.call("get_bucket_versioning", f"reading the versioning of bucket {name!r}", Bucket=name)
    return answer.get("Status") == "Enabled"


def _lifecycle(store: Store, name: str) -> list[dict[str, Any]]:
    attempted = f"reading the lifecycle rules of bucket {name!r}"
    answer = _absent_as_empty(
        lambda: store.call("get_bucket_lifecycle_configuration", attempted, Bucket=name), "NoSuchLifecycleConfiguration"
    )
    return lifecycle.normal(answer.get("Rules", []))


def _tags(store: Store, name: str) -> dict[str, str]:
    attempted = f"reading the tags of bucket {name!r}"
    answer = _absent_as_empty(lambda: store.call("get_bucket_tagging", attempted, Bucket=name), "NoSuchTagSet")
    return lifecycle.tags_from_s3(answer.get("TagSet", []))


def _absent_as_empty(request: Callable[[], dict[str, Any]], code: str) -> dict[str, Any]:
    try:
        return request()
    except StoreError as error:
        if error.code == code:
            return {}
        raise


def plan(current: State | None, desired: Desired, provider: str, region: str) -> list[Step]:
    """The requests that make the bucket as desired. Pure."""
    name = desired.name
    steps = []
    if current is None:
        steps.append(Step(f"creating bucket {name!r}", "create_bucket", _create(desired, provider, region)))
        current = State(versioning=False, lifecycle_rules=[], tags={})
    elif desired.location is not None and (current.location or "").lower() != desired.location.lower():
        raise Invalid(
            f"preparing bucket {name!r}",
            f"it is in {current.location!r}, wanted is {desired.location!r}, and a bucket cannot be moved",
            "Set location to where it is, or use another name.",
        )
    if desired.versioning is not None and desired.versioning != current.versioning:
        status = "Enabled" if desired.versioning else "Suspended"
        steps.append(
            Step(
                f"setting versioning of bucket {name!r} to {status}",
                "put_bucket_versioning",
                {"Bucket": name, "VersioningConfiguration": {"Status": status}},
            )
        )
    steps += _lifecycle_steps(current, desired)
    if desired.tags is not None and desired.tags != current.tags:
        tagging = {"Bucket": name, "Tagging": {"TagSet": lifecycle.tags_to_s3(desired.tags)}}
        steps.append(
            Step(f"setting the tags of bucket {name!r}", "put_bucket_tagging", tagging)
            if desired.tags
            else Step(f"removing the tags of bucket {name!r}", "delete_bucket_tagging", {"Bucket": name})
        )
    return steps


def _create(desired: Desired, provider: str, region: str) -> dict[str, Any]:
    location = desired.location
    if location is None and provider == "s3":
        location = region
    # us-east-1 is the one that must not be named
    if not location or location == "us-east-1":
        return {"Bucket": desired.name}
    return {"Bucket": desired.name, "CreateBucketConfiguration": {"LocationConstraint": location}}


def _lifecycle_steps(current: State, desired: Desired) -> list[Step]:
    if desired.lifecycle_rules is None:
        return []
    wanted = lifecycle.normal([lifecycle.rule_to_s3(rule) for rule in desired.lifecycle_rules])
    if wanted == (current.lifecycle_rules or []):
        return []
    name = desired.name
    if not wanted:
        return [Step(f"removing the lifecycle rules of bucket {name!r}", "delete_bucket_lifecycle", {"Bucket": name})]
    arguments = {"Bucket": name, "LifecycleConfiguration": {"Rules": wanted}}
    return [Step(f"setting the lifecycle rules of bucket {name!r}", "put_bucket_lifecycle_configuration", arguments)]


def apply(store: Store, desired: Desired, steps: list[Step]) -> None:
    """Sends the requests."""
    for step in steps:
        try:
            store.call(step.operation, step.attempted, **step.arguments)
        except StoreError as error:
            if step.operation != "create_bucket" or error.code not in _TAKEN:
                raise
            if error.code == "BucketAlreadyExists":
                raise OwnedByOthers(
                    error.attempted, "the name is taken by someone else", "Choose another name."
                ) from None
    if steps and steps[0].operation == "create_bucket":
        _wait_until_there(store, desired)


def _wait_until_there(store: Store, desired: Desired, patience: float = 20.0) -> None:
    """Stores that spread over many machines need a moment until everybody knows the new bucket."""
    deadline = time.monotonic() + patience
    while read(store, Desired(desired.name)) is None:
        if time.monotonic() > deadline:
            raise StoreError(
                f"waiting for bucket {desired.name!r} on {store.target.shown}",
                f"it was created but does not appear after {patience:.0f} s",
                "Run it again.",
            )
        time.sleep(1)


def after(current: State | None, desired: Desired) -> dict[str, Any]:
    """What the bucket will be, in the form of State.shown."""
    state: dict[str, Any] = current.shown() if current else {}
    if desired.location is not None:
        state["location"] = desired.location
    if desired.versioning is not None:
        state["versioning"] = desired.versioning
    if desired.lifecycle_rules is not None:
        state["lifecycle_rules"] = lifecycle.normal([lifecycle.rule_to_s3(rule) for rule in desired.lifecycle_rules])
    if desired.tags is not None:
        state["tags"] = desired.tags
    return state
