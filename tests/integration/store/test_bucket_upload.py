# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module bucket_upload against a real object store."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bentobox.platform.tests.support.control_plane import ControlPlane
from ansible_collections.bentobox.platform.tests.support.modules import run_module
from ansible_collections.bentobox.platform.tests.support.objectstore import ObjectStore
from ansible_collections.bentobox.platform.tests.support.services import Forwarder, put_service

BUCKET = "models"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "iris"
    (folder / "parts").mkdir(parents=True)
    (folder / "model.joblib").write_bytes(b"weights")
    (folder / "parts" / "scaler").write_bytes(b"mean")
    return folder


@pytest.fixture
def wanted(object_store: ObjectStore, model: Path) -> dict[str, Any]:
    """Arguments with a bucket of its own for each test."""
    name = f"{BUCKET}-{abs(hash(str(model)))}"
    object_store.client().create_bucket(Bucket=name)
    return {
        "endpoint": object_store.endpoint,
        "access_key": object_store.owner.access_key,
        "secret_key": object_store.owner.secret_key,
        "src": str(model),
        "bucket": name,
        "prefix": "/tenant-a/iris",
    }


def content(store: ObjectStore, bucket: str) -> dict[str, bytes]:
    client = store.client()
    found = client.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {one["Key"]: client.get_object(Bucket=bucket, Key=one["Key"])["Body"].read() for one in found}


def steps(store: ObjectStore, arguments: dict[str, Any]) -> dict[str, Any]:
    """Check mode says it and writes nothing; the first run does it; check mode and a second run have nothing to do."""
    before = content(store, arguments["bucket"])
    predicted = run_module("bucket_upload", arguments, check=True)
    assert predicted["changed"], predicted
    assert content(store, arguments["bucket"]) == before
    done = run_module("bucket_upload", arguments)
    assert done == predicted
    after = content(store, arguments["bucket"])
    for check in (True, False):
        again = run_module("bucket_upload", arguments, check=check)
        assert not again["failed"], again["msg"]
        assert not again["changed"], again["uploaded"]
        assert again["uploaded"] == []
        assert again["diff"]["before"] == again["diff"]["after"]
    assert content(store, arguments["bucket"]) == after
    return done


def test_twelve_steps(object_store: ObjectStore, wanted: dict[str, Any], model: Path) -> None:
    done = steps(object_store, wanted)
    assert done["uri"] == f"s3://{wanted['bucket']}/tenant-a/iris/"
    assert done["bytes"] == 11
    names = ["tenant-a/iris/model.joblib", "tenant-a/iris/parts/scaler"]
    assert done["uploaded"] == names

    (model / "model.joblib").write_bytes(b"WEIGHTS")  # the same size
    changed = steps(object_store, wanted)
    assert changed["uploaded"] == names[:1]
    assert changed["unchanged"] == names[1:]
    assert content(object_store, wanted["bucket"]) == {names[0]: b"WEIGHTS", names[1]: b"mean"}

    (model / "parts" / "scaler").unlink()
    kept = run_module("bucket_upload", wanted)
    assert not kept["changed"]
    assert kept["extra"] == names[1:]
    removed = steps(object_store, {**wanted, "purge": True})
    assert removed["extra"] == names[1:]
    assert content(object_store, wanted["bucket"]) == {names[0]: b"WEIGHTS"}


@pytest.fixture
def cluster(control_plane: ControlPlane, object_store: ObjectStore) -> Iterator[dict[str, str]]:
    """A cluster with the store as one of its Services, and the Secret that role object_store makes."""
    namespace = control_plane.make_namespace(f"store-{uuid.uuid4().hex[:8]}")
    data = {
        "endpoint": f"store.{namespace}.svc.cluster.local:8333",
        "access_key": object_store.owner.access_key,
        "secret_key": object_store.owner.secret_key,
        "region": object_store.region,
        "secure": "false",
    }
    for name, values in (("connection", data), ("incomplete", {"endpoint": data["endpoint"]})):
        meta = {"name": name, "namespace": namespace}
        secret = {"apiVersion": "v1", "kind": "Secret", "metadata": meta, "stringData": values}
        control_plane.run_kubectl("apply", "-f", "-", input=json.dumps(secret))
    with Forwarder(object_store.port) as way:
        threading.Thread(target=way.serve_forever, daemon=True).start()
        put_service(control_plane, namespace, "store", 8333, way.server_address[1])
        yield {"kubeconfig": str(control_plane.kubeconfig), "namespace": namespace, "secret": "connection"}
        way.shutdown()


def test_store_that_only_the_cluster_reaches(object_store: ObjectStore, model: Path, cluster: dict[str, str]) -> None:
    """Everything by way of the API server: a bucket is made, filled, changed and emptied."""
    bucket = "in-the-cluster"
    arguments = {"cluster": cluster, "name": bucket, "versioning": True}
    made = run_module("bucket", arguments)
    assert not made["failed"], made["msg"]
    assert not run_module("bucket", arguments)["changed"]
    wanted = {"cluster": cluster, "src": str(model), "bucket": bucket, "prefix": "a b"}
    large = bytes(9 * 1024 * 1024)  # in parts
    (model / "model.joblib").write_bytes(large)
    steps(object_store, wanted)
    (model / "parts" / "scaler").write_bytes(b"MEAN")
    assert steps(object_store, wanted)["uploaded"] == ["a b/parts/scaler"]
    (model / "parts" / "scaler").unlink()
    steps(object_store, {**wanted, "purge": True})
    assert content(object_store, bucket) == {"a b/model.joblib": large}
    removed = run_module("bucket", {**arguments, "state": "absent", "purge": True})
    assert removed["changed"], removed


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"secret": "nowhere"}, "failed", ["nowhere", "cluster.secret"]),
        ({"secret": "incomplete"}, "invalid", ["no access_key, secret_key", "role object_store"]),
        ({"kubeconfig": "/nowhere"}, "kubernetes", ["/nowhere"]),
    ],
)
def test_secret_that_does_not_do(
    cluster: dict[str, str], model: Path, change: dict[str, str], kind: str, words: list[str]
) -> None:
    refused = run_module(
        "bucket_upload", {"cluster": {**cluster, **change}, "src": str(model), "bucket": "b", "prefix": "p"}
    )
    assert refused["kind"] == kind, refused
    assert all(word in refused["msg"] for word in words), refused["msg"]


def test_one_file(object_store: ObjectStore, wanted: dict[str, Any], model: Path) -> None:
    done = steps(object_store, {**wanted, "src": str(model / "model.joblib")})
    assert done["uploaded"] == ["tenant-a/iris/model.joblib"]


def test_object_of_something_else_is_uploaded_again_once(object_store: ObjectStore, wanted: dict[str, Any]) -> None:
    object_store.client().put_object(Bucket=wanted["bucket"], Key="tenant-a/iris/model.joblib", Body=b"weights")
    steps(object_store, wanted)


def test_many_objects_are_listed_to_the_end(object_store: ObjectStore, wanted: dict[str, Any], model: Path) -> None:
    client = object_store.client()
    for number in range(1001):
        client.put_object(Bucket=wanted["bucket"], Key=f"tenant-a/iris/old-{number:04}", Body=b"")
    done = run_module("bucket_upload", wanted)
    assert len(done["extra"]) == 1001


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"src": "/nowhere"}, "invalid", ["/nowhere", "Set src"]),
        ({"bucket": "not-there"}, "failed", ["not-there", "NoSuchBucket"]),
        ({"secret_key": "wrong"}, "authentication", ["secret_key"]),
        ({"endpoint": "http://127.0.0.1:9"}, "unreachable", ["http://127.0.0.1:9"]),
    ],
)
def test_what_is_wrong_is_said(wanted: dict[str, Any], change: dict[str, Any], kind: str, words: list[str]) -> None:
    refused = run_module("bucket_upload", {**wanted, **change})
    assert refused["failed"]
    assert refused["kind"] == kind, refused
    assert all(word in refused["msg"] for word in words), refused["msg"]


def test_empty_folder_is_refused(wanted: dict[str, Any], tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    refused = run_module("bucket_upload", {**wanted, "src": str(empty)})
    assert refused["kind"] == "invalid"
    assert "no files" in refused["msg"]


def test_key_without_rights(object_store: ObjectStore, wanted: dict[str, Any]) -> None:
    stranger = object_store.stranger
    refused = run_module(
        "bucket_upload", {**wanted, "access_key": stranger.access_key, "secret_key": stranger.secret_key}
    )
    assert refused["kind"] == "permission", refused
    assert content(object_store, wanted["bucket"]) == {}
