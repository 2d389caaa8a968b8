# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""bento_push and model_push against a real Yatai: the cycle of states, and every bad input."""

from __future__ import annotations

import hashlib
import io
import shutil
import tarfile
import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.bentobox.platform.tests.support.bentos import make_bento, make_model
from ansible_collections.bentobox.platform.tests.support.modules import run_module
from ansible_collections.bentobox.platform.tests.support.yatai import Yatai

KEYS = {
    "tag",
    "url",
    "changed",
    "uploaded",
    "digest",
    "size",
    "bytes_sent",
    "seconds",
    "strategy",
    "verified",
    "labels",
}


def unique(prefix: str) -> str:
    """Nothing can be deleted from Yatai: each test has names of its own."""
    return f"{prefix}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def sample(home: Path) -> str:
    """A bento with two models in the store."""
    name = unique("iris")
    for model in (f"{name}-a", f"{name}-b"):
        make_model(home, model, "m1", size=3000)
    make_bento(home, name, "v1", (f"{name}-a:m1", f"{name}-b:m1"), size=5000)
    return name


def stored(server: Yatai, kind: str, name: str, version: str) -> bytes:
    body = server.store.client().get_object(Bucket=server.bucket, Key=f"{kind}s/default/{name}/{version}.tar.gz")[
        "Body"
    ]
    data: bytes = body.read()
    return data


def same_writes(server: Yatai, before: tuple[str, dict[str, int]]) -> bool:
    return (server.fingerprint(), server.objects()) == before


def state(server: Yatai) -> tuple[str, dict[str, int]]:
    return server.fingerprint(), server.objects()


def cycle(server: Yatai, run: Any, **arguments: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Four steps of one change: predicted, predicted again, done, and nothing left to do (predicted and real)."""
    before = state(server)
    first, second = run("bento_push", check=True, **arguments), run("bento_push", check=True, **arguments)
    assert same_writes(server, before), "check mode wrote"
    done = run("bento_push", **arguments)
    after = state(server)
    assert after != before
    checked, again = run("bento_push", check=True, **arguments), run("bento_push", **arguments)
    assert same_writes(server, after), "nothing was to do, yet something was written"
    for result in (first, second, done, checked, again):
        assert not result["failed"], result["msg"]
        assert set(result) >= KEYS | {"models", "diff"}
    assert [r["changed"] for r in (first, second, done, checked, again)] == [True, True, True, False, False]
    assert first["diff"] == done["diff"], "check mode told another story"
    assert (again["bytes_sent"], again["uploaded"], again["diff"]["after"]) == (0, False, {})
    return done, again


def test_the_whole_cycle(yatai_server: Yatai, run: Any, sample: str, home: Path) -> None:
    # create
    done, again = cycle(yatai_server, run, tag=f"{sample}:v1")
    assert done["uploaded"]
    assert done["strategy"] == "proxy"
    assert done["verified"] == "size"
    assert done["bytes_sent"] == done["size"] + sum(m["size"] for m in done["models"])
    assert again["digest"] == done["digest"]
    # modify: labels only, not a byte of content
    done, _again = cycle(yatai_server, run, tag=sample, labels={"stage": "test", "rank": 1, "good": True})
    assert (done["bytes_sent"], done["uploaded"]) == (0, False)
    assert done["labels"].items() >= {"stage": "test", "rank": "1", "good": "true", "made-by": "tests"}.items()
    # without purge labels of others stay
    assert not run("bento_push", tag=sample, labels={"rank": "1"})["changed"]
    # delete: the label goes, the digest and the bento's own label stay
    done, _again = cycle(yatai_server, run, tag=sample, labels={"rank": 1}, purge_labels=True)
    assert set(done["labels"]) == {"rank", "made-by", "bentobox.platform/sha256"}


def test_what_is_stored_is_the_archive_bentoml_expects(yatai_server: Yatai, run: Any, sample: str, home: Path) -> None:
    # A bento that carries models inside: they must not travel twice.
    shutil.copytree(home / "models", home / "bentos" / sample / "v1" / "models")
    done = run("bento_push", path=str(home / "bentos" / sample / "v1"), bentoml_home=str(home / "nowhere"))
    assert not done["failed"], done["msg"]
    data = stored(yatai_server, "bento", sample, "v1")
    assert f"sha256:{hashlib.sha256(data).hexdigest()}" == done["digest"]
    assert len(data) == done["size"]
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        members = {m.name: m for m in archive.getmembers()}
    assert not [name for name in members if "models" in name]
    assert {"./bento.yaml", "./src/service.py", "./env/docker/entrypoint.sh"} <= set(members)
    assert members["./env/docker/entrypoint.sh"].mode & 0o111
    assert {(m.uid, m.gid) for m in members.values()} == {(0, 0)}
    record = yatai_server.request("GET", f"/bento_repositories/{sample}/bentos/v1")
    assert record["upload_status"] == "success"
    assert record["build_at"].startswith("2025-07-01T12:00:00.123456")
    assert sorted(record["manifest"]["models"]) == [f"{sample}-a:m1", f"{sample}-b:m1"]
    assert {model["upload_status"] for model in record["models"]} == {"success"}
    for model in done["models"]:
        data = stored(yatai_server, "model", model["tag"].split(":")[0], "m1")
        assert f"sha256:{hashlib.sha256(data).hexdigest()}" == model["digest"]


def test_other_content_needs_force(yatai_server: Yatai, run: Any, sample: str, home: Path) -> None:
    assert run("bento_push", tag=sample)["changed"]
    with (home / "bentos" / sample / "v1" / "src" / "data.bin").open("ab") as file:
        file.write(b"more")
    before = state(yatai_server)
    refused = run("bento_push", tag=sample)
    assert refused["failed"]
    assert "other content" in refused["msg"]
    assert "force: true" in refused["msg"]
    assert same_writes(yatai_server, before)
    # a forced check writes nothing, a forced push brings the new content, and then there is nothing to do
    assert run("bento_push", tag=sample, force=True, check=True)["uploaded"]
    assert same_writes(yatai_server, before)
    forced = run("bento_push", tag=sample, force=True)
    assert forced["uploaded"]
    assert f"sha256:{hashlib.sha256(stored(yatai_server, 'bento', sample, 'v1')).hexdigest()}" == forced["digest"]
    again = run("bento_push", tag=sample)
    assert (again["changed"], again["digest"]) == (False, forced["digest"])


@pytest.mark.parametrize("verify", ["size", "digest", "none"])
@pytest.mark.parametrize("strategy", ["proxy", "presigned"])
def test_strategies_and_verification(
    yatai_server: Yatai, run: Any, home: Path, sample: str, strategy: str, verify: str
) -> None:
    make_model(home, f"{sample}-big", "m1", size=12 << 20, content=b"0123456789abcdef")
    done = run("model_push", tag=f"{sample}-big", strategy=strategy, verify=verify, part_size=5)
    assert not done["failed"], done["msg"]
    assert (done["strategy"], done["verified"]) == (strategy, verify)
    data = stored(yatai_server, "model", f"{sample}-big", "m1")
    assert f"sha256:{hashlib.sha256(data).hexdigest()}" == done["digest"]
    assert "models" not in done
    assert not run("model_push", tag=f"{sample}-big")["changed"]


def test_auto_follows_the_servers_advice(presigning_yatai: Yatai, home: Path, sample: str) -> None:
    arguments = {"endpoint": presigning_yatai.endpoint, "api_token": presigning_yatai.token, "bentoml_home": str(home)}
    done = run_module("bento_push", arguments | {"tag": sample})
    assert not done["failed"], done["msg"]
    assert {done["strategy"], *(model["strategy"] for model in done["models"])} == {"presigned"}
    status = presigning_yatai.request("GET", f"/bento_repositories/{sample}/bentos/v1")
    assert status["upload_status"] == "success"
    assert status["upload_finished_at"]


def test_archives_of_equal_content_are_equal(run: Any, home: Path, sample: str, tmp_path: Path) -> None:
    first = run("bento_push", tag=sample)
    copy = tmp_path / "copy"
    shutil.copytree(home, copy)
    for path in copy.rglob("*"):
        path.touch()
    again = run("bento_push", tag=sample, bentoml_home=str(copy), force=True)
    assert again["digest"] == first["digest"]


# -- bad input ---------------------------------------------------------------------------------------------------------
def refused(result: dict[str, Any], *words: str) -> None:
    assert result["failed"], result
    for word in words:
        assert word in result["msg"], result["msg"]


def test_bad_sources(run: Any, home: Path, sample: str, tmp_path: Path) -> None:
    refused(run("bento_push", tag="nobody:v1"), "'nobody' is not in the store", sample, "bentoml_home")
    refused(run("bento_push", tag=f"{sample}:v9"), "v9", "versions of", "v1")
    refused(run("bento_push", tag="Not A Tag:1"), "is not a tag")
    refused(run("bento_push", path=str(tmp_path / "gone.bento")), "does not exist")
    (tmp_path / "empty").mkdir()
    refused(run("bento_push", path=str(tmp_path / "empty")), "no bento.yaml")
    (tmp_path / "empty" / "bentofile.yaml").write_text("service: x")
    refused(run("bento_push", path=str(tmp_path / "empty")), "bentoml build")
    refused(run("bento_push", path=str(home / "models" / f"{sample}-a" / "m1")), "model_push")
    refused(run("bento_push"), "one of the following is required")
    refused(run("bento_push", tag="a:b", path="/x"), "mutually exclusive")


def test_corrupt_exports(run: Any, home: Path, sample: str, tmp_path: Path) -> None:
    good = tmp_path / "good.bento"
    with tarfile.open(good, "w:xz") as archive:
        archive.add(home / "bentos" / sample / "v1", arcname=".")
        archive.add(home / "models", arcname="models")
    done = run("bento_push", path=str(good), bentoml_home=str(tmp_path / "none"))
    assert not done["failed"], done["msg"]
    assert len(done["models"]) == 2
    noise = tmp_path / "noise.bento"
    noise.write_bytes(b"this is no archive" * 100)
    refused(run("bento_push", path=str(noise)), str(noise), "neither a tar nor a zip")
    cut = tmp_path / "cut.bento"
    cut.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    refused(run("bento_push", path=str(cut)), str(cut), "damaged")
    with tarfile.open(tmp_path / "evil.bento", "w") as archive:
        info = tarfile.TarInfo("../../escaped")
        archive.addfile(info)
    refused(run("bento_push", path=str(tmp_path / "evil.bento")), "damaged")
    assert not list(tmp_path.rglob("escaped"))


def test_broken_metadata(run: Any, home: Path, sample: str) -> None:
    file = home / "bentos" / sample / "v1" / "bento.yaml"
    text = file.read_text()
    file.write_text("a: [1")
    refused(run("bento_push", path=str(file.parent)), "not plain YAML")
    file.write_text("!!python/object/apply:os.system ['true']")
    refused(run("bento_push", path=str(file.parent)), "not plain YAML")
    data = yaml.safe_load(text)
    del data["version"]
    file.write_text(yaml.safe_dump(data))
    refused(run("bento_push", path=str(file.parent)), "no 'version'")


def test_links_out_of_the_bento_are_refused(run: Any, home: Path, sample: str) -> None:
    source = home / "bentos" / sample / "v1" / "src"
    (source / "inside.py").symlink_to("service.py")
    assert not run("bento_push", tag=sample, check=True)["failed"]
    (source / "outside").symlink_to("/etc/passwd")
    refused(run("bento_push", tag=sample), "leads out of")


def test_missing_models_are_named_all_at_once(yatai_server: Yatai, run: Any, home: Path, sample: str) -> None:
    shutil.rmtree(home / "models")
    before = state(yatai_server)
    result = run("bento_push", tag=sample)
    refused(result, f"{sample}-a:m1", f"{sample}-b:m1", "model_push")
    assert result["missing_models"] == [f"{sample}-a:m1", f"{sample}-b:m1"]
    assert same_writes(yatai_server, before)


def test_models_that_are_in_yatai_need_not_be_here(run: Any, home: Path, sample: str, tmp_path: Path) -> None:
    assert run("model_push", tag=f"{sample}-a")["uploaded"]
    assert run("model_push", tag=f"{sample}-b")["uploaded"]
    kept = home / "models"
    kept.rename(tmp_path / "models")
    done = run("bento_push", tag=sample)
    assert not done["failed"], done["msg"]
    assert done["models"] == []
    # and with the models back it is still the same bento
    (tmp_path / "models").rename(kept)
    assert not run("bento_push", tag=sample)["changed"]


def test_metadata_beyond_the_servers_limit(run: Any, home: Path, sample: str) -> None:
    make_model(home, f"{sample}-fat", "m1", metadata={"notes": "x" * 300_000})
    refused(run("model_push", tag=f"{sample}-fat"), "262144", "metadata")


# -- tokens ------------------------------------------------------------------------------------------------------------
def test_bad_tokens(yatai_server: Yatai, run: Any, sample: str) -> None:
    before = yatai_server.objects()
    refused(run("bento_push", tag=sample, api_token="wrong"), "403", "yatai_account")
    expired = yatai_server.new_token(unique("old"), ["api"], "2020-01-01T00:00:00Z")
    refused(run("bento_push", tag=sample, api_token=expired), "expired")
    reader = yatai_server.new_token(unique("reader"), ["read_organization"])
    result = run("bento_push", tag=sample, api_token=reader)
    refused(result, "scopes", "write_organization")
    none = yatai_server.new_token(unique("none"), None)
    result = run("bento_push", tag=sample, api_token=none)
    refused(result, "without scopes", "yatai_account")
    for token in (expired, reader, none):
        assert token not in str(result)
    assert yatai_server.objects() == before
    assert not run("bento_info", api_token=reader)["failed"], "the server crashed for good"


def test_bad_endpoints(run: Any, sample: str, yatai_server: Yatai) -> None:
    refused(run("bento_push", tag=sample, organization="nobody"), "404", "organisation")
    refused(run("bento_push", tag=sample, endpoint="http://127.0.0.1:9", retry_timeout=1), "127.0.0.1:9", "no answer")
    refused(run("bento_push", tag=sample, endpoint="ftp://x"), "neither http")
    refused(run("bento_push", tag=sample, endpoint="http://user:secret@x"), "credentials")
    # the object store is an HTTP server too, but not Yatai's API
    refused(run("bento_push", tag=sample, endpoint=yatai_server.store.endpoint, retry_timeout=1), "not how Yatai")
