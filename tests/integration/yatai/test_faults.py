# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pushes while the ground shakes: Yatai and its object store are stopped for real in the middle of an upload."""

from __future__ import annotations

import hashlib
import threading
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bentobox.platform.tests.support.bentos import make_bento
from ansible_collections.bentobox.platform.tests.support.objectstore import ObjectStore
from ansible_collections.bentobox.platform.tests.support.waiting import eventually
from ansible_collections.bentobox.platform.tests.support.yatai import Yatai

from .conftest import runner

SIZE = 200 << 20


class Push(threading.Thread):
    """bento_push in the background."""

    def __init__(self, server: Yatai, home: Path, **arguments: Any) -> None:
        super().__init__(daemon=True)
        self._run, self._arguments = runner(server, home), arguments
        self.result: dict[str, Any] = {}

    def run(self) -> None:
        self.result = self._run("bento_push", tag="big:v1", **self._arguments)

    def finish(self, timeout: float = 150) -> dict[str, Any]:
        self.join(timeout)
        assert self.result, "the push did not end"
        return self.result


@pytest.fixture
def big(home: Path) -> Path:
    make_bento(home, "big", "v1", size=SIZE)
    return home


def status(server: Yatai) -> str:
    rows = server.postgres.sql("SELECT upload_status FROM bento WHERE version = 'v1'", server.database)
    return str(rows[0][0]) if rows else ""


until = partial(eventually, timeout=30, interval=0.002)


@pytest.fixture(autouse=True)
def bucket_there(object_store: ObjectStore) -> None:
    client = object_store.client()
    if "yatai" not in [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]:
        client.create_bucket(Bucket="yatai")


def stop_in_the_middle(server: Yatai) -> None:
    """Freeze Yatai as soon as it says that the upload runs: 200 MiB cannot be through by then."""
    until(lambda: status(server) == "uploading", "the upload started")
    server.pause()


def whole(server: Yatai, result: dict[str, Any]) -> None:
    assert not result["failed"], result["msg"]
    assert status(server) == "success"
    body = server.store.client().get_object(Bucket=server.bucket, Key="bentos/default/big/v1.tar.gz")["Body"]
    sha = hashlib.sha256()
    for piece in iter(lambda: body.read(1 << 20), b""):
        sha.update(piece)
    assert f"sha256:{sha.hexdigest()}" == result["digest"]


def test_yatai_killed_in_the_middle_and_back(own_yatai: Yatai, big: Path) -> None:
    push = Push(own_yatai, big)
    push.start()
    stop_in_the_middle(own_yatai)
    own_yatai.kill()
    time.sleep(1)
    own_yatai.start()
    result = push.finish()
    whole(own_yatai, result)
    assert result["size"] < result["bytes_sent"] < 3 * result["size"]


def test_yatai_frozen_for_a_while(own_yatai: Yatai, big: Path) -> None:
    push = Push(own_yatai, big, stall_timeout=60)
    push.start()
    stop_in_the_middle(own_yatai)
    time.sleep(3)
    own_yatai.resume()
    result = push.finish()
    whole(own_yatai, result)
    assert result["bytes_sent"] == result["size"], "a pause within the patience is no reason to begin anew"


def test_yatai_frozen_for_too_long_is_given_up_and_the_next_run_completes(own_yatai: Yatai, big: Path) -> None:
    push = Push(own_yatai, big, stall_timeout=2, retry_timeout=5)
    push.start()
    stop_in_the_middle(own_yatai)
    result = push.finish(60)
    assert result["failed"]
    assert "given up" in result["msg"] or "no answer" in result["msg"]
    own_yatai.kill()
    own_yatai.start()
    assert status(own_yatai) != "success"
    again = runner(own_yatai, big)("bento_push", tag="big:v1")
    whole(own_yatai, again)
    assert not runner(own_yatai, big)("bento_push", tag="big:v1")["changed"]


def test_yatai_dead_for_good(own_yatai: Yatai, big: Path) -> None:
    push = Push(own_yatai, big, retry_timeout=4)
    push.start()
    stop_in_the_middle(own_yatai)
    own_yatai.kill()
    result = push.finish(60)
    assert result["failed"]
    assert own_yatai.endpoint in result["msg"] or "upload of bento big:v1" in result["msg"]
    assert own_yatai.token not in str(result)
    own_yatai.start()
    whole(own_yatai, runner(own_yatai, big)("bento_push", tag="big:v1"))


def test_store_refuses_in_the_middle_and_comes_back(storeless_yatai: Yatai, big: Path) -> None:
    server = storeless_yatai
    push = Push(server, big, retry_timeout=60)
    push.start()
    stop_in_the_middle(server)
    server.store.stop()
    server.resume()
    until(lambda: status(server) == "failed", "Yatai noticed that its store is gone", timeout=60)
    server.store.start()
    result = push.finish()
    whole(server, result)


def test_store_gone_for_good_is_told_and_the_next_run_completes(storeless_yatai: Yatai, big: Path) -> None:
    server = storeless_yatai
    push = Push(server, big, retry_timeout=4)
    push.start()
    stop_in_the_middle(server)
    server.store.stop()
    server.resume()
    result = push.finish(100)
    assert result["failed"]
    assert "upload" in result["msg"]
    assert "refused" in result["msg"]
    record = server.request("GET", "/bento_repositories/big/bentos/v1")
    assert record["upload_status"] == "failed"
    assert record["upload_finished_reason"]
    server.store.start()
    whole(server, runner(server, big)("bento_push", tag="big:v1"))


def test_presigned_parts_are_resumed_one_by_one(storeless_yatai: Yatai, big: Path) -> None:
    """The store is stopped after some parts: those that were through are not sent again."""
    server = storeless_yatai
    push = Push(server, big, strategy="presigned", part_size=5, parallel=2, retry_timeout=90)
    push.start()
    client = server.store.client()

    def parts_through() -> int:
        uploads = client.list_multipart_uploads(Bucket=server.bucket).get("Uploads", [])
        return sum(
            len(client.list_parts(Bucket=server.bucket, Key=u["Key"], UploadId=u["UploadId"]).get("Parts", []))
            for u in uploads
        )

    until(lambda: status(server) == "uploading", "the upload started")
    until(lambda: parts_through() >= 5, "five parts are through")
    server.store.stop()
    time.sleep(2)
    server.store.start()
    result = push.finish()
    whole(server, result)
    assert result["strategy"] == "presigned"
    # What was through stays through. Parts under way are repeated, some more than once: a store that has just come back
    # takes a part and then says that it has nowhere to put it.
    assert result["bytes_sent"] - result["size"] < result["size"] - 5 * (5 << 20)


def test_presigned_with_yatai_restarted_in_between(own_yatai: Yatai, big: Path) -> None:
    """Yatai is only asked for URLs: parts under way do not notice, the others wait for it."""
    push = Push(own_yatai, big, strategy="presigned", part_size=5, parallel=2)
    push.start()
    until(lambda: status(own_yatai) == "uploading", "the upload started")
    own_yatai.kill()
    time.sleep(1)
    own_yatai.start()
    result = push.finish()
    whole(own_yatai, result)
    assert result["bytes_sent"] == result["size"]


def test_a_forgotten_multipart_upload_is_begun_again(own_yatai: Yatai, big: Path) -> None:
    push = Push(own_yatai, big, strategy="presigned", part_size=5, parallel=1)
    push.start()
    client = own_yatai.store.client()
    until(lambda: status(own_yatai) == "uploading", "the upload started")
    until(lambda: client.list_multipart_uploads(Bucket=own_yatai.bucket).get("Uploads"), "a multipart upload")
    upload = client.list_multipart_uploads(Bucket=own_yatai.bucket)["Uploads"][0]
    client.abort_multipart_upload(Bucket=own_yatai.bucket, Key=upload["Key"], UploadId=upload["UploadId"])
    whole(own_yatai, push.finish())


def test_store_of_somebody_else(own_yatai: Yatai, big: Path) -> None:
    """Credentials that may not write are no fault to ride out: told at once, with the store's own words."""
    stranger = own_yatai.store.stranger
    config = {
        "s3": {
            "endpoint": own_yatai.store.address,
            "region": own_yatai.store.region,
            "secure": False,
            "access_key": stranger.access_key,
            "secret_key": stranger.secret_key,
            "bentos_bucket_name": own_yatai.bucket,
            "models_bucket_name": own_yatai.bucket,
        }
    }
    own_yatai.request("PATCH", "/current_org", {"config": config})
    begun = time.monotonic()
    result = runner(own_yatai, big)("bento_push", tag="big:v1", retry_timeout=60)
    assert result["failed"]
    assert "Access Denied" in result["msg"]
    assert time.monotonic() - begun < 30
    assert stranger.secret_key not in str(result)


def test_database_away_for_a_moment(own_yatai: Yatai, big: Path) -> None:
    """A database that ends Yatai's connections is Yatai's trouble, not a reason to fail a push."""
    run = runner(own_yatai, big)
    stop = threading.Event()

    def disturb() -> None:
        while not stop.is_set():
            own_yatai.postgres.sql(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{own_yatai.database}'"
            )
            time.sleep(0.05)

    thread = threading.Thread(target=disturb, daemon=True)
    thread.start()
    timer = threading.Timer(3, stop.set)
    timer.start()
    try:
        result = run("bento_push", tag="big:v1")
    finally:
        stop.set()
        thread.join(10)
    whole(own_yatai, result)


def test_yatai_killed_in_the_middle_of_a_pull(own_yatai: Yatai, big: Path, tmp_path: Path) -> None:
    run = runner(own_yatai, big)
    pushed = run("bento_push", tag="big:v1")
    assert not pushed["failed"], pushed["msg"]
    there = tmp_path / "there"
    results: list[dict[str, Any]] = []
    thread = threading.Thread(
        target=lambda: results.append(run("bento_pull", tag="big:v1", bentoml_home=str(there))), daemon=True
    )
    thread.start()

    def half_way() -> bool:
        return any(path.stat().st_size > 1 << 20 for path in there.glob(".pull-*/item/src/data.bin"))

    until(half_way, "the download is under way", timeout=60)
    own_yatai.pause()
    own_yatai.kill()
    time.sleep(1)
    own_yatai.start()
    thread.join(120)
    [result] = results
    assert not result["failed"], result["msg"]
    assert (result["verified"], result["digest"]) == ("digest", pushed["digest"])
    assert (there / "bentos" / "big" / "v1" / "src" / "data.bin").stat().st_size == SIZE
    assert not list(there.glob(".pull-*"))
