# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module bucket against a real object store."""

from __future__ import annotations

import itertools
import secrets
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bentobox.platform.tests.support.certificates import Authority
from ansible_collections.bentobox.platform.tests.support.modules import run_module, run_playbook
from ansible_collections.bentobox.platform.tests.support.objectstore import Key, ObjectStore
from ansible_collections.bentobox.platform.tests.support.process import free_port
from botocore.exceptions import ClientError

_numbers = itertools.count(1)

RULES = [
    {"id": "uploads", "abort_incomplete_multipart_days": 2},
    {"id": "tmp", "prefix": "tmp/", "expiration_days": 3},
]


def wanted(store: ObjectStore, key: Key | None = None, **more: Any) -> dict[str, Any]:
    """A bucket of its own for each test."""
    key = key or store.owner
    return {
        "name": f"bentos-{next(_numbers)}",
        "endpoint": store.endpoint,
        "access_key": key.access_key,
        "secret_key": key.secret_key,
        **more,
    }


def snapshot(store: ObjectStore, name: str) -> dict[str, Any]:
    """All the store says about a bucket."""
    client = store.client()
    state: dict[str, Any] = {}
    for question, field in (
        ("get_bucket_versioning", "Status"),
        ("get_bucket_lifecycle_configuration", "Rules"),
        ("get_bucket_tagging", "TagSet"),
        ("list_objects_v2", "KeyCount"),
    ):
        try:
            state[question] = getattr(client, question)(Bucket=name).get(field)
        except ClientError as error:
            state[question] = error.response["Error"]["Code"]
    return state


def steps(store: ObjectStore, args: dict[str, Any]) -> dict[str, Any]:
    """Check mode says it and writes nothing; the first run does it; check mode and a second run have nothing to do."""
    name = args["name"]
    before = snapshot(store, name)
    predicted = run_module("bucket", args, check=True)
    assert predicted["changed"], predicted
    assert snapshot(store, name) == before
    done = run_module("bucket", args)
    assert done["changed"], done
    assert done["actions"] == predicted["actions"]
    assert done["diff"] == predicted["diff"]
    assert done["diff"]["before"] != done["diff"]["after"]
    after = snapshot(store, name)
    assert after != before
    for check in (True, False):
        again = run_module("bucket", args, check=check)
        assert not again["failed"], again
        assert not again["changed"], again
        assert again["actions"] == []
        assert again["diff"]["before"] == again["diff"]["after"]
    assert snapshot(store, name) == after
    return done


def test_twelve_steps(object_store: ObjectStore) -> None:
    """create, modify, delete: each in check mode and for real, each a second time."""
    args = wanted(object_store)
    name = args["name"]
    steps(object_store, args)
    client = object_store.client()
    client.put_object(Bucket=name, Key="a/model", Body=b"1")

    modified = {**args, "versioning": True, "lifecycle_rules": RULES, "tags": {"team": "ml", "level": 3}}
    assert len(steps(object_store, modified)["actions"]) == 3
    assert client.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    rules = client.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert {rule["ID"] for rule in rules} == {"uploads", "tmp"}
    assert client.get_object(Bucket=name, Key="a/model")["Body"].read() == b"1"
    # what is not given is left alone
    assert not run_module("bucket", args)["changed"]

    smaller = {**modified, "versioning": False, "lifecycle_rules": RULES[:1], "tags": {}}
    steps(object_store, smaller)
    assert client.get_bucket_versioning(Bucket=name)["Status"] == "Suspended"

    refused = run_module("bucket", {**args, "state": "absent"})
    assert refused["kind"] == "not_empty"
    assert "purge" in refused["msg"]
    assert client.get_object(Bucket=name, Key="a/model")["Body"].read() == b"1"
    steps(object_store, {**args, "state": "absent", "purge": True})
    assert name not in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]


def test_empty_bucket_is_removed_without_purge(object_store: ObjectStore) -> None:
    args = wanted(object_store)
    run_module("bucket", args)
    steps(object_store, {**args, "state": "absent"})


def test_purge_takes_every_version_and_unfinished_uploads(object_store: ObjectStore) -> None:
    args = wanted(object_store, versioning=True)
    name = args["name"]
    run_module("bucket", args)
    client = object_store.client()
    for body in (b"1", b"2", b"3"):
        client.put_object(Bucket=name, Key="k", Body=body)
    client.delete_object(Bucket=name, Key="k")
    client.create_multipart_upload(Bucket=name, Key="half")
    # nothing is visible, but there are three versions and a marker
    assert client.list_objects_v2(Bucket=name)["KeyCount"] == 0
    assert run_module("bucket", {**args, "state": "absent"})["kind"] == "not_empty"
    done = run_module("bucket", {**args, "state": "absent", "purge": True})
    assert done["objects_removed"] == 4, done
    assert snapshot(object_store, name)["list_objects_v2"] == "NoSuchBucket"


def test_all_lifecycle_rules_can_be_removed(object_store: ObjectStore) -> None:
    args = wanted(object_store, lifecycle_rules=RULES)
    steps(object_store, args)
    steps(object_store, {**args, "lifecycle_rules": []})
    assert snapshot(object_store, args["name"])["get_bucket_lifecycle_configuration"] == "NoSuchLifecycleConfiguration"


def test_owned_by_someone_else(object_store: ObjectStore) -> None:
    args = wanted(object_store)
    run_module("bucket", args)
    before = snapshot(object_store, args["name"])
    theirs = wanted(object_store, object_store.stranger, name=args["name"])
    for state in ("present", "absent"):
        result = run_module("bucket", {**theirs, "state": state, "purge": True})
        assert result["kind"] == "owned_by_others", result
        assert args["name"] in result["msg"]
        assert "someone else" in result["msg"]
        assert "another name" in result["msg"]
    assert snapshot(object_store, args["name"]) == before


def test_key_without_the_right_to_create(object_store: ObjectStore) -> None:
    result = run_module("bucket", wanted(object_store, object_store.stranger))
    assert result["failed"]
    assert result["kind"] in ("permission", "owned_by_others"), result["msg"]
    allowed = wanted(object_store, object_store.stranger, name=f"other-{next(_numbers)}")
    assert run_module("bucket", allowed)["changed"]


@pytest.mark.parametrize("key", [Key("nobody", "x" * 20), None])
def test_wrong_credentials(object_store: ObjectStore, key: Key | None) -> None:
    key = key or Key(object_store.owner.access_key, "wrong-secret-of-a-known-key")
    result = run_module("bucket", wanted(object_store, key))
    assert result["kind"] == "authentication", result["msg"]
    assert "secret_key" in result["msg"]


def test_unreachable(object_store: ObjectStore) -> None:
    for endpoint in (f"http://127.0.0.1:{free_port()}", "http://does-not-exist.invalid:8333"):
        result = run_module("bucket", wanted(object_store, endpoint=endpoint))
        assert result["kind"] == "unreachable", result["msg"]
        assert "endpoint" in result["msg"]
    result = run_module("bucket", wanted(object_store, endpoint="nonsense"))
    assert result["failed"]
    assert "endpoint" in result["msg"]


def test_store_that_goes_away_comes_back(fresh_object_store: ObjectStore) -> None:
    args = wanted(fresh_object_store)
    run_module("bucket", args)
    fresh_object_store.stop()
    assert run_module("bucket", args)["kind"] == "unreachable"
    fresh_object_store.start()
    assert not run_module("bucket", args)["changed"]


def test_tls(object_store_tls: ObjectStore, tmp_path: Path) -> None:
    args = wanted(object_store_tls, ca_cert=object_store_tls.ca_cert)
    steps(object_store_tls, args)
    assert not run_module("bucket", {**args, "ca_cert": None, "validate_certs": False})["changed"]
    other = Authority(tmp_path / "other")
    for ca_cert in (str(other.path), None):
        result = run_module("bucket", {**args, "ca_cert": ca_cert})
        assert result["kind"] == "tls", result["msg"]
        assert "ca_cert" in result["msg"]


def test_other_location_is_refused(object_store: ObjectStore) -> None:
    args = wanted(object_store)
    run_module("bucket", args)
    result = run_module("bucket", {**args, "location": "mars-1"})
    assert result["kind"] == "invalid"
    assert "mars-1" in result["msg"]


def test_gcs_says_what_it_cannot_do(object_store: ObjectStore) -> None:
    for option in ({"tags": {"a": "b"}}, {"lifecycle_rules": RULES}):
        result = run_module("bucket", wanted(object_store, provider="gcs", **option))
        assert result["kind"] == "unsupported"
        assert "Google" in result["msg"]
    # its own way of talking S3 (path style, no batch delete, no version list), against a store that speaks S3
    args = wanted(object_store, provider="gcs")
    steps(object_store, args)
    object_store.client().put_object(Bucket=args["name"], Key="k", Body=b"x")
    assert run_module("bucket", {**args, "state": "absent"})["kind"] == "not_empty"
    steps(object_store, {**args, "state": "absent", "purge": True})


def test_secrets_never_appear(object_store: ObjectStore, tmp_path: Path) -> None:
    """Not even in what ansible-playbook prints at its most talkative, and not when things fail."""
    canary = f"canary{secrets.token_hex(16)}"
    options = wanted(object_store, name="secretive")
    options["secret_key"] = "{{ secret_key }}"
    tasks = [
        {"name": "Create", "bentobox.platform.bucket": {**options, "versioning": True}},
        {
            "name": "Fail",
            "bentobox.platform.bucket": {**options, "secret_key": "{{ canary }}"},
            "ignore_errors": True,
        },
    ]
    done = run_playbook(
        tmp_path / "play", tasks, variables={"canary": canary, "secret_key": object_store.owner.secret_key}
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    assert "changed=1" in output
    assert "ignored=1" in output
    assert canary not in output
    assert object_store.owner.secret_key not in output
