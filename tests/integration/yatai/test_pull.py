# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pulls, information, and both ways between this collection and BentoML's own client."""

from __future__ import annotations

import json
import shutil
import tarfile
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.bentobox.platform.tests.support.bentos import (
    PREDICT,
    make_bento,
    make_model,
    run_bentoml,
    run_python,
)
from ansible_collections.bentobox.platform.tests.support.yatai import Yatai

from .conftest import runner
from .test_push import refused, unique

KEYS = {"changed", "tag", "location", "digest", "verified", "bytes_received", "seconds", "models", "diff"}


@pytest.fixture
def pushed(run: Any, home: Path) -> str:
    name = unique("fig")
    make_model(home, f"{name}-m", "m1", size=30_000)
    make_bento(home, name, "v1", (f"{name}-m:m1",), size=50_000)
    result = run("bento_push", tag=name)
    assert not result["failed"], result["msg"]
    return name


def files(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_the_cycle_into_a_store(run: Any, home: Path, pushed: str, tmp_path: Path) -> None:
    there = tmp_path / "there"
    for _ in range(2):
        check = run("bento_pull", check=True, tag=pushed, bentoml_home=str(there))
        assert (check["failed"], check["changed"], check["tag"]) == (False, True, f"{pushed}:v1")
        assert not there.exists(), "check mode wrote"
    done = run("bento_pull", tag=pushed, bentoml_home=str(there))
    assert set(done) >= KEYS
    assert (done["changed"], done["verified"]) == (True, "digest")
    assert done["diff"] == check["diff"]
    assert files(there / "bentos") == files(home / "bentos")
    assert files(there / "models") == files(home / "models")
    assert sorted(p.name for p in there.iterdir()) == ["bentos", "models"], "something temporary is left"
    for again in (
        run("bento_pull", check=True, tag=pushed, bentoml_home=str(there)),
        run("bento_pull", tag=pushed, bentoml_home=str(there)),
    ):
        assert (again["changed"], again["bytes_received"], again["digest"]) == (False, 0, done["digest"])
    # modify: what is there was changed by somebody
    data = there / "bentos" / pushed / "v1" / "src" / "data.bin"
    data.write_bytes(b"short")
    refused(run("bento_pull", tag=pushed, bentoml_home=str(there)), "other content", "force")
    assert run("bento_pull", tag=pushed, bentoml_home=str(there), force=True)["changed"]
    assert files(there / "bentos") == files(home / "bentos")
    # delete: a model that is gone comes back
    shutil.rmtree(there / "models")
    back = run("bento_pull", tag=pushed, bentoml_home=str(there))
    assert (back["changed"], back["models"][0]["changed"]) == (True, True)
    assert files(there / "models") == files(home / "models")


def test_into_a_directory_and_a_file(run: Any, home: Path, pushed: str, tmp_path: Path) -> None:
    target = tmp_path / "unpacked"
    assert run("bento_pull", tag=pushed, format="directory", dest=str(target), check=True)["changed"]
    assert not target.exists()
    done = run("bento_pull", tag=pushed, format="directory", dest=str(target))
    assert done["models"][0]["location"].startswith(str(target))
    assert (target / "models" / f"{pushed}-m" / "m1" / "model.yaml").is_file()
    assert not run("bento_pull", tag=pushed, format="directory", dest=str(target))["changed"]
    for name, mode in (("x.bento", "r:"), ("x.tar.gz", "r:gz"), ("x.xz", "r:xz")):
        file = tmp_path / name
        assert run("bento_pull", tag=pushed, format="file", dest=str(file))["changed"]
        assert not run("bento_pull", tag=pushed, format="file", dest=str(file))["changed"]
        with tarfile.open(file, mode) as archive:
            assert "./bento.yaml" in archive.getnames()
        # what was pulled can be pushed: it is the same bento
        assert not run("bento_push", path=str(file), bentoml_home=str(tmp_path / "none"))["changed"]
    other = tmp_path / "other.bento"
    other.write_text("mine")
    refused(run("bento_pull", tag=pushed, format="file", dest=str(other)), "does not hold", "force")
    assert other.read_text() == "mine"
    refused(run("bento_pull", tag=pushed, format="file", dest=str(tmp_path / "no" / "x")), "make it first")
    refused(run("bento_pull", tag=pushed, format="file"), "dest")


@pytest.mark.parametrize("form", ["directory", "file"])
def test_models_that_were_left_out_come_later(run: Any, pushed: str, tmp_path: Path, form: str) -> None:
    wanted = {"tag": pushed, "format": form, "dest": str(tmp_path / "target")}
    assert run("bento_pull", **wanted, models=False)["models"] == []
    check, done = run("bento_pull", **wanted, check=True), run("bento_pull", **wanted)
    assert (check["changed"], check["diff"]) == (done["changed"], done["diff"])
    assert [(model["tag"], model["changed"]) for model in done["models"]] == [(f"{pushed}-m:m1", True)]
    again = run("bento_pull", **wanted)
    assert (again["changed"], [model["changed"] for model in again["models"]]) == (False, [False])


@pytest.mark.parametrize("strategy", ["proxy", "presigned"])
def test_damage_in_the_store_is_noticed(
    yatai_server: Yatai, run: Any, home: Path, pushed: str, tmp_path: Path, strategy: str
) -> None:
    client, key = yatai_server.store.client(), f"bentos/default/{pushed}/v1.tar.gz"
    good = client.get_object(Bucket=yatai_server.bucket, Key=key)["Body"].read()
    there = tmp_path / "there"
    arguments: dict[str, Any] = {
        "tag": f"{pushed}:v1",
        "bentoml_home": str(there),
        "strategy": strategy,
        "retry_timeout": 60,
    }
    for damaged in (good[:-20000], good[:30000] + b"X" * 20000 + good[50000:]):
        client.put_object(Bucket=yatai_server.bucket, Key=key, Body=damaged)
        begun = time.monotonic()
        refused(run("bento_pull", **arguments), "damaged", "ush it again")
        assert time.monotonic() - begun < 30, "what is stored does not get better by waiting"
        assert not (there / "bentos" / pushed / "v1").exists(), "half a bento is in place"
    client.delete_object(Bucket=yatai_server.bucket, Key=key)
    refused(run("bento_pull", **arguments), "key does not exist")
    client.put_object(Bucket=yatai_server.bucket, Key=key, Body=good)
    assert not run("bento_pull", **arguments)["failed"]


def test_what_cannot_be_pulled(yatai_server: Yatai, run: Any, pushed: str, home: Path) -> None:
    refused(run("bento_pull", tag="nobody:v1"), "nobody:v1 is not in Yatai", "bento_info")
    refused(run("bento_pull", tag="nobody"), "is not in Yatai")
    body = {
        "version": "v2",
        "description": "",
        "manifest": {"apis": {}, "models": [], "runners": []},
        "build_at": "2025-01-01 00:00:00.000000",
        "labels": [],
    }
    yatai_server.request("POST", f"/bento_repositories/{pushed}/bentos", body)
    refused(run("bento_pull", tag=f"{pushed}:v2"), "pending", "push it again")
    # the newest is the newest that is whole
    assert run("bento_pull", check=True, tag=f"{pushed}:latest")["tag"] == f"{pushed}:v1"


def test_information(run: Any, pushed: str) -> None:
    one = run("bento_info", tag=f"{pushed}:v1")
    assert (one["changed"], one["total"]) == (False, 1)
    bento = one["bentos"][0]
    assert (bento["tag"], bento["upload_status"], bento["models"]) == (f"{pushed}:v1", "success", [f"{pushed}-m:m1"])
    assert bento["digest"].startswith("sha256:")
    assert bento["labels"]["made-by"] == "tests"
    assert bento["creator"] == "admin"
    assert run("bento_info", tag=f"{pushed}:v9") | {"invocation": 0} == {
        "changed": False,
        "bentos": [],
        "total": 0,
        "failed": False,
        "invocation": 0,
    }
    assert run("bento_info", tag="nobody")["bentos"] == []
    assert [b["version"] for b in run("bento_info", tag=pushed)["bentos"]] == ["v1"]
    assert [b["version"] for b in run("bento_info", tag=f"{pushed}:latest")["bentos"]] == ["v1"]
    assert f"{pushed}:v1" in [b["tag"] for b in run("bento_info")["bentos"]]
    assert run("bento_info", limit=1)["total"] == 1
    assert run("bento_info", query=f"label:made-by=tests {pushed}")["bentos"][0]["name"] == pushed
    assert run("bento_info", query="label:made-by=nobody")["bentos"] == []
    model = run("model_info", tag=f"{pushed}-m:m1", check=True)["models"][0]
    assert (model["tag"], model["manifest"]["module"]) == (f"{pushed}-m:m1", "bentoml.sklearn")


# -- both ways with the real client ------------------------------------------------------------------------------------
def login(server: Yatai, home: Path) -> None:
    """What `bentoml cloud login` writes, without the token on a command line."""
    home.mkdir(exist_ok=True)
    context = {"name": "default", "endpoint": server.endpoint, "api_token": server.token, "email": "admin@example.org"}
    (home / ".yatai.yaml").write_text(yaml.safe_dump({"contexts": [context], "current_context_name": "default"}))


def predicted(home: Path) -> float:
    """What the model says once the real client has loaded the bento."""
    return float(run_python(home, PREDICT).split()[-1])


@pytest.mark.parametrize("strategy", ["proxy", "presigned"])
def test_pushed_by_us_loaded_by_bentoml(own_yatai: Yatai, real_home: Path, tmp_path: Path, strategy: str) -> None:
    done = runner(own_yatai, real_home)("bento_push", tag="line:v1", strategy=strategy)
    assert not done["failed"], done["msg"]
    theirs = tmp_path / "theirs"
    login(own_yatai, theirs)
    run_bentoml(theirs, "pull", "line:v1")
    assert predicted(theirs) == pytest.approx(5.5)
    listed = json.loads(run_bentoml(theirs, "list", "-o", "json"))
    assert [item["tag"] for item in listed] == ["line:v1"]
    # and to the real client it is there: it does not push it again
    login(own_yatai, real_home)
    before = own_yatai.request("GET", "/bento_repositories/line/bentos/v1")["upload_started_at"]
    run_bentoml(real_home, "push", "line:v1")
    assert own_yatai.request("GET", "/bento_repositories/line/bentos/v1")["upload_started_at"] == before


def test_pushed_by_bentoml_known_and_pulled_by_us(own_yatai: Yatai, real_home: Path, tmp_path: Path) -> None:
    login(own_yatai, real_home)
    run_bentoml(real_home, "push", "line:v1")
    run = runner(own_yatai, real_home)
    # ours finds the same content, and only the labels' digest is not there
    same = run("bento_push", tag="line:v1")
    assert not same["failed"], same["msg"]
    assert (same["changed"], same["uploaded"], same["digest"]) == (False, False, None)
    done = run("bento_pull", tag="line:v1", bentoml_home=str(tmp_path / "ours"))
    assert not done["failed"], done["msg"]
    assert done["verified"] == "archive"
    assert predicted(tmp_path / "ours") == pytest.approx(5.5)
    assert [item["tag"] for item in json.loads(run_bentoml(tmp_path / "ours", "list", "-o", "json"))] == ["line:v1"]
    models = json.loads(run_bentoml(tmp_path / "ours", "models", "list", "-o", "json"))
    assert [item["tag"] for item in models] == ["line:m1"]


def test_files_both_ways(own_yatai: Yatai, real_home: Path, tmp_path: Path) -> None:
    run = runner(own_yatai, tmp_path / "none")
    exported = tmp_path / "line.bento"
    run_bentoml(real_home, "export", "line:v1", str(exported))
    done = run("bento_push", path=str(exported))
    assert not done["failed"], done["msg"]
    assert [model["tag"] for model in done["models"]] == ["line:m1"]
    back = tmp_path / "back.bento"
    assert run("bento_pull", tag="line:v1", format="file", dest=str(back))["changed"]
    (tmp_path / "imported").mkdir()
    run_bentoml(tmp_path / "imported", "import", str(back))
    assert predicted(tmp_path / "imported") == pytest.approx(5.5)
