# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Tags, manifests, the store on disk, parts of a multipart upload, and the meaning of the server's errors."""

from __future__ import annotations

import datetime
import itertools
import json
import time
from pathlib import Path

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.yatai import errors
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.account import hide, merged
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.client import Patience, is_permanent
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.manifest import (
    bento_manifest,
    build_at,
    differences,
    model_manifest,
    parse_yaml,
    tree_size,
)
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.options import text_labels
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.push import (
    DIGEST_LABEL,
    PushOptions,
    wanted_labels,
)
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.source import Store, load_bento
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.tag import Tag, exact_tag, parse_tag
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.transfer import MIN_PART, plan_parts
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.transport import HttpWire, KubernetesWire, broken
from ansible_collections.bentobox.platform.tests.support.bentos import make_bento, make_model

MIB = 1 << 20


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("iris", Tag("iris", "")),
        ("iris:latest", Tag("iris", "")),
        ("iris:v1", Tag("iris", "v1")),
        ("Iris_Big.x:V1-a", Tag("iris_big.x", "v1-a")),
        (" iris:v1 ", Tag("iris", "v1")),
    ],
)
def test_tags(text: str, tag: Tag) -> None:
    assert parse_tag(text) == tag


@pytest.mark.parametrize(
    "text", ["", ":", "iris:", "-iris", "iris-:v1", "a/b:c", "iris:v1:v2", "iris:v 1", "x" * 64, "a\n"]
)
def test_not_tags(text: str) -> None:
    if text == "a\n":  # surrounding blanks are forgiven
        assert parse_tag(text) == Tag("a", "")
        return
    with pytest.raises(errors.SourceError):
        parse_tag(text)


def test_exact_tags() -> None:
    assert exact_tag("a:b") == Tag("a", "b")
    with pytest.raises(errors.SourceError, match="needs a version"):
        exact_tag("a:latest")


@pytest.mark.parametrize(
    ("size", "part", "count", "last"),
    [
        (0, 64 * MIB, 1, 0),
        (1, 64 * MIB, 1, 1),
        (64 * MIB, 64 * MIB, 1, 64 * MIB),
        (64 * MIB + 1, 64 * MIB, 2, 1),
        (12 * MIB, 1, 3, 2 * MIB),  # never below S3's smallest part
        (10_000 * 5 * MIB + 1, 5 * MIB, 10_000, None),  # never more than S3 takes
        (5 << 40, 64 * MIB, 10_000, None),  # the largest object of S3
    ],
)
def test_parts(size: int, part: int, count: int, last: int | None) -> None:
    parts = plan_parts(size, part)
    assert len(parts) <= count
    assert [p.number for p in parts] == list(range(1, len(parts) + 1))
    assert parts[0].start == 0
    assert parts[-1].end == size
    assert all(a.end == b.start for a, b in itertools.pairwise(parts))
    assert all(p.end - p.start >= MIN_PART for p in parts[:-1])
    if last is not None:
        assert (len(parts), parts[-1].end - parts[-1].start) == (count, last)


def test_manifests_have_what_bentoml_cannot_do_without(tmp_path: Path) -> None:
    bento = bento_manifest({"name": "x", "version": "1"}, 7)
    assert (bento["apis"], bento["models"], bento["runners"], bento["size_bytes"]) == ({}, [], [], 7)
    model = model_manifest({"name": "x", "version": "1"}, 7)
    assert (model["metadata"], model["context"], model["options"]) == ({}, {}, {})
    info = {
        "service": "s:svc",
        "bentoml_version": "1.1.11",
        "models": ["a:b", {"tag": "c:d"}],
        "runners": [
            {
                "name": "r",
                "runnable_type": "T",
                "models": ["a:b"],
                "resource_config": {"cpu": 2, "nvidia.com/gpu": 1, "custom_resources": {"x": 1.0}},
            }
        ],
    }
    bento = bento_manifest(info, 1)
    assert bento["models"] == ["a:b", "c:d"]
    assert bento["runners"][0]["resource_config"] == {"cpu": 2, "nvidia_gpu": 1, "custom_resources": {"x": 1.0}}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("2025-07-01T12:00:00.5+02:00", "2025-07-01 10:00:00.500000"),
        (datetime.datetime(2025, 7, 1, 12), "2025-07-01 12:00:00.000000"),
        (datetime.date(2025, 7, 1), "2025-07-01 00:00:00.000000"),
        (None, "1980-01-01 00:00:00.000000"),
        ("nonsense", "1980-01-01 00:00:00.000000"),
    ],
)
def test_build_times_are_in_the_one_format_the_server_takes(value: object, text: str) -> None:
    assert build_at({"creation_time": value}) == text


def test_differences_are_those_of_content() -> None:
    local = bento_manifest({"service": "s", "models": ["b:1", "a:1"]}, 10)
    stored = json.loads(json.dumps(local)) | {
        "models": ["a:1", "b:1"],
        "apis": None,
        "options": {"added": "by bentoml"},
    }
    assert differences(local, stored) == {}
    assert differences(local, stored | {"size_bytes": 11}) == {"size_bytes": (10, 11)}
    assert set(differences(local, None)) == {"service", "models", "size_bytes"}


def test_yaml_is_data_only() -> None:
    with pytest.raises(errors.SourceError, match="plain YAML"):
        parse_yaml(b"!!python/object/apply:os.system ['x']", "bento.yaml")
    with pytest.raises(errors.SourceError, match="plain YAML"):
        parse_yaml(b"\xff\xfe\x00", "bento.yaml")
    with pytest.raises(errors.SourceError, match="no mapping"):
        parse_yaml(b"", "bento.yaml")
    with pytest.raises(errors.SourceError, match="no 'version'"):
        parse_yaml(b"name: x", "bento.yaml")


def test_the_store(tmp_path: Path) -> None:
    store = Store(str(tmp_path))
    with pytest.raises(errors.SourceError, match="no bentos at all"):
        store.resolve("bento", "iris")
    early = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    make_bento(tmp_path, "iris", "zz", creation_time=early)
    make_bento(tmp_path, "iris", "aa")
    assert store.resolve("bento", "iris") == Tag("iris", "aa")
    (tmp_path / "bentos" / "iris" / "latest").write_text("zz\n")
    assert store.resolve("bento", "iris:latest") == Tag("iris", "zz")
    # a stale or absent `latest`: the newest by creation time, as BentoML does
    (tmp_path / "bentos" / "iris" / "latest").write_text("gone")
    assert store.resolve("bento", "iris") == Tag("iris", "aa")
    (tmp_path / "bentos" / "iris" / "latest").unlink()
    assert store.resolve("bento", "iris") == Tag("iris", "aa")
    with pytest.raises(errors.SourceError, match="aa, zz"):
        store.resolve("bento", "iris:v9")
    with pytest.raises(errors.SourceError, match="it has iris"):
        store.resolve("bento", "rose")


def test_a_bento_finds_its_models_inside_first_and_counts_them(tmp_path: Path) -> None:
    outside, inside = tmp_path / "home", tmp_path / "home" / "bentos" / "x" / "v1"
    make_bento(outside, "x", "v1", ("a:1", "b:1", "c:1"))
    make_model(outside, "a", "1", size=10)
    make_model(outside, "b", "1", size=20)
    make_model(inside, "b", "1", size=30)
    bento = load_bento(str(inside), Store(str(outside)))
    assert [str(tag) for tag in bento.missing_models] == ["c:1"]
    assert [model.path.startswith(str(inside)) for model in bento.models] == [False, True]
    own = tree_size(str(inside), ("models",))
    assert bento.manifest["size_bytes"] == own + sum(tree_size(model.path) for model in bento.models)


def test_labels() -> None:
    current = {"foreign": "1", "own": "old", DIGEST_LABEL: "abc"}
    options = PushOptions(transfer=None, labels={"task": "t"})
    assert wanted_labels(current, {"own": "new"}, options) == current | {"own": "new", "task": "t"}
    options.purge_labels = True
    assert wanted_labels(current, {"own": "new"}, options) == {"own": "new", "task": "t", DIGEST_LABEL: "abc"}
    assert text_labels({"n": 1, "b": True, "f": 1.5, "s": "x"}) == {"n": "1", "b": "true", "f": "1.5", "s": "x"}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, '{"message": "get api token: record not found"}', errors.AuthError),
        (403, '{"message": "username in cookie is empty"}', errors.AuthError),
        (403, '{"message": "the api token is expired"}', errors.TokenExpired),
        (403, '{"message": "get api token: failed to connect to `host=x`: dial error"}', errors.ServerFault),
        (
            400,
            '{"error": "the api_token need the scopes: write_organization or operate_organization"}',
            errors.ScopeError,
        ),
        (400, '{"error": "user x cannot update this organization: default"}', errors.ScopeError),
        (400, '{"error": "get bento: record not found"}', errors.NotFound),
        (404, "", errors.NotFound),
        (404, '{"error": "x"}', errors.NotFound),
        (
            400,
            '{"error": "duplicate key value violates unique constraint \\"uk\\" (SQLSTATE 23505)"}',
            errors.Duplicate,
        ),
        (400, '{"error": "terminating connection (SQLSTATE 57P01)"}', errors.ServerFault),
        (400, '{"error": "http: request body too large"}', errors.ApiError),
        (500, '{"error": "put object: Access Denied."}', errors.ServerFault),
        (400, '{"error": "get bucket yatai exist: 500 Internal Server Error"}', errors.ServerFault),
        (400, '{"error": "new multipart upload: Post http://s3/x: EOF"}', errors.ServerFault),
        (502, "<html>bad gateway</html>", errors.ServerFault),
        (403, "<?xml version='1.0'?><Error/>", errors.NotYatai),
        (
            404,
            '{"kind":"Status","apiVersion":"v1","message":"services \\"x\\" not found","code":404}',
            errors.ProxyRefused,
        ),
        (
            403,
            '{"kind":"Status","apiVersion":"v1","message":"services \\"x\\" is forbidden","code":403}',
            errors.ProxyRefused,
        ),
        (503, '{"kind":"Status","apiVersion":"v1","message":"no endpoints available"}', errors.ServerFault),
    ],
)
def test_answers_and_their_meaning(status: int, body: str, kind: type[errors.ApiError]) -> None:
    error = errors.api_error("GET", "/x", status, body.encode())
    assert type(error) is kind
    assert "GET /x" in str(error)
    assert str(status) in str(error)


def test_a_dropped_request_behind_the_service_proxy() -> None:
    assert errors.is_dropped(502, "error trying to reach service: EOF")
    assert errors.is_dropped(503, "error trying to reach service: read tcp: connection reset by peer")
    assert not errors.is_dropped(503, "no endpoints available for service")
    assert not errors.is_dropped(500, "EOF")


@pytest.mark.parametrize(
    ("reason", "permanent"),
    [
        ("put object: Access Denied.", True),
        ("no s3 config", True),
        ("The AWS Access Key Id you provided does not exist in our records.", True),
        ("put object: Put http://s3:8333/x: dial tcp: connection refused", False),
        ("put object: We encountered an internal error, please try again.", False),
    ],
)
def test_faults_that_time_heals(reason: str, permanent: bool) -> None:
    assert is_permanent(reason) is permanent


def test_signed_urls_and_pools_stay_out_of_errors() -> None:
    pool = "<urllib3.connectionpool.HTTPConnectionPool object at 0x1>"
    text = f"{pool}: Max retries: http://s3/b/k?X-Amz-Signature=abc refused"
    assert "abc" not in str(broken(OSError(text)))
    assert "object at" not in str(broken(OSError(text)))
    assert errors.strip_query("http://s3/b/k?X-Amz-Signature=abc") == "http://s3/b/k"


@pytest.mark.parametrize("endpoint", ["", "yatai:80", "ftp://x", "http://", "http://u:p@h", "http://h/?a=b"])
def test_endpoints_that_are_none(endpoint: str) -> None:
    with pytest.raises(errors.YataiError, match="endpoint"):
        HttpWire(endpoint, True, None, 1)


@pytest.mark.parametrize(
    "endpoint", ["kubernetes://ns", "kubernetes://ns/svc", "kubernetes:///svc:1", "kubernetes://N/s:1"]
)
def test_kubernetes_endpoints_that_are_none(endpoint: str) -> None:
    with pytest.raises(errors.YataiError, match="NAMESPACE/SERVICE:PORT"):
        KubernetesWire(endpoint, None, OSError)


def test_patience_ends_and_begins_anew() -> None:
    clock = Patience(0.3)
    begun = time.monotonic()
    while clock.wait():
        pass
    assert 0.2 < time.monotonic() - begun < 2
    assert not clock.wait()
    clock.success()
    assert clock.wait()


def test_settings_are_merged_and_hidden() -> None:
    current = {"s3": {"endpoint": "a", "secret_key": "s"}, "major_cluster_uid": "u"}
    wanted = merged(current, {"s3": {"endpoint": "b", "region": None}, "transmission_strategy": None})
    assert wanted == {"s3": {"endpoint": "b", "secret_key": "s"}, "major_cluster_uid": "u"}
    assert hide(wanted)["s3"] == {"endpoint": "b", "secret_key": "(set)"}
