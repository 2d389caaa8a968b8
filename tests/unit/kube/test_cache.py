# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cache of rendered objects: private, without secrets, and never trusted more than it deserves."""

from __future__ import annotations

import base64
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube import cache
from ansible_collections.bentobox.platform.plugins.module_utils.kube.chart_inputs import (
    Inputs,
    Traits,
    digest_of,
    traits_of,
)

CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}}
KEY = "0" * 64


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("BENTOBOX_RENDER_CACHE", raising=False)
    return tmp_path / "bentobox.platform" / "rendered"


def test_what_is_kept_comes_back_and_is_private(folder: Path) -> None:
    assert cache.load(KEY) is None
    assert cache.save(KEY, [CONFIG], set())
    assert cache.load(KEY) == [CONFIG]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()] == [0o600]


@pytest.mark.parametrize("value", ["off", "0", "No"])
def test_it_can_be_turned_off(folder: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    cache.save(KEY, [CONFIG], set())
    monkeypatch.setenv("BENTOBOX_RENDER_CACHE", value)
    assert cache.load(KEY) is None
    assert not cache.save(KEY, [CONFIG], set())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_bytes(file.read_bytes()[:-1]),
        lambda file: file.write_bytes(file.read_bytes().replace(b'"1"', b'"2"')),
        lambda file: file.write_bytes(b""),
        lambda file: file.chmod(0o640),
        lambda file: file.parent.chmod(0o750),
        lambda file: (file.rename(file.with_name("other")), file.symlink_to("other")),
        lambda file: (file.unlink(), file.mkdir()),
        lambda file: (file.parent.rename(file.parent.with_name("r")), file.parent.symlink_to("r")),
    ],
    ids=["short", "changed", "empty", "readable", "open folder", "link", "a folder", "linked folder"],
)
def test_what_is_odd_is_not_used(folder: Path, spoil: Any) -> None:
    cache.save(KEY, [CONFIG], set())
    spoil(folder / KEY)
    assert cache.load(KEY) is None


def test_what_belongs_to_somebody_else_is_not_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.save(KEY, [CONFIG], set())
    somebody = os.geteuid() + 1
    monkeypatch.setattr(os, "geteuid", lambda: somebody)
    assert cache.load(KEY) is None
    assert not cache.save(KEY, [CONFIG], set())


@pytest.mark.parametrize(
    "obj",
    [
        {"kind": "Secret", "data": {"a": "YQ=="}},
        {"kind": "Secret", "stringData": {"a": ""}},
        {"kind": "Deployment", "spec": {"containers": [{"env": [{"name": "DB_PASSWORD", "value": "x"}]}]}},
        {"kind": "ConfigMap", "data": {"config": "a: hunter2-canary\n"}},
        {"kind": "ConfigMap", "data": {"config": base64.b64encode(b"hunter2-canary").decode()}},
    ],
)
def test_what_holds_a_secret_is_not_kept(folder: Path, obj: dict[str, Any]) -> None:
    assert not cache.save(KEY, [CONFIG, obj], {"hunter2-canary"})
    assert not folder.exists()


def test_an_empty_secret_and_references_are_harmless(folder: Path) -> None:
    reference = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}
    named = {"name": "SECRET_NAME", "value": "webhook-cert"}
    assert cache.save(KEY, [{"kind": "Secret", "metadata": {"name": "s"}}, {"env": [reference, named]}], {"hunter2"})


def test_what_json_cannot_say_is_not_kept(folder: Path) -> None:
    assert not cache.save(KEY, [{**CONFIG, "binaryData": {"a": b"\xff"}}], set())


def test_it_does_not_grow_for_ever(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_MOST_ENTRIES", 3)
    for number in range(6):
        cache.save(f"{number:064}", [CONFIG], set())
        os.utime(folder / f"{number:064}", (number, number))
    assert sorted(int(file.name) for file in folder.iterdir()) == [3, 4, 5]
    monkeypatch.setattr(cache, "_MOST_BYTES", 10)
    cache.save(KEY, [CONFIG], set())
    assert list(folder.iterdir()) == []


def test_without_a_home_there_is_no_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for home in ("relative", "/proc/nowhere"):
        monkeypatch.setenv("XDG_CACHE_HOME", home)
        assert not cache.save(KEY, [CONFIG], set())
        assert cache.load(KEY) is None


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "helm"
    file.write_bytes(b"\x7fELF")
    return file


CHART: dict[str, Any] = {"name": "c", "ref": "c.tgz", "values": {"a": 1}, "include_crds": True}


PLAIN = Traits(tells_time=False, asks=None)


def inputs(program: Path, **changed: Any) -> Inputs:
    others = {"namespace": "n", "kube_version": "v1.33.0", "api_versions": ["v1"]}
    return Inputs({**CHART, **changed.pop("chart", {})}, str(program), **{**others, **changed})


@pytest.mark.parametrize(
    "changed",
    [
        {"chart": {"values": {"a": 2}}},
        {"chart": {"release_name": "r"}},
        {"chart": {"namespace": "m"}},
        {"chart": {"version": "2"}},
        {"chart": {"include_crds": False}},
        {"chart": {"skip_schema_validation": True}},
        {"namespace": "m"},
        {"kube_version": "v1.34.0"},
        {"api_versions": ["v1", "v2"]},
    ],
)
def test_every_input_counts(program: Path, changed: dict[str, Any]) -> None:
    assert inputs(program).key("d", PLAIN) == inputs(program).key("sha256:D", PLAIN) is not None
    assert inputs(program, **changed).key("d", PLAIN) != inputs(program).key("d", PLAIN)


def test_helm_itself_and_its_environment_count(program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = inputs(program).key("d", PLAIN)
    monkeypatch.setenv("HELM_DEBUG", "1")
    assert inputs(program).key("d", PLAIN) != before
    monkeypatch.delenv("HELM_DEBUG")
    program.write_bytes(b"\x7fELF2")
    assert inputs(program).key("d", PLAIN) != before
    program.write_text("#!/bin/sh\n")  # who knows what it starts
    assert inputs(program).key("d", PLAIN) is None
    assert inputs(program).key(None, PLAIN) is None
    assert inputs(program).key("d", None) is None


def test_a_folder_is_known_by_all_of_its_files(tmp_path: Path) -> None:
    chart = tmp_path / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "Chart.yaml").write_text("name: c")
    before = digest_of(chart)
    (chart / "templates/a.yaml").write_text("a: {{ .Values.now }}\n# {{ nowhere }} now {{ and }}\n")
    after = digest_of(chart)
    assert None not in (before, after)
    assert before != after
    (chart / "link").symlink_to("/etc")
    assert digest_of(chart) is None


@pytest.mark.parametrize(
    ("template", "told"),
    [
        ("a: {{ now | date `2006` }}", True),
        ("a: {{-\n  $x := ago .Values.a }}", True),
        ("a: {{ getHostByName `x` }}", True),
        ("# now {{ nowhere }}", False),
        ("a: {{ randAlphaNum 5 }}", False),  # shows by itself
    ],
)
def test_templates_that_tell_the_time(program: Path, template: str, told: bool) -> None:
    assert Traits.of([template.encode()]).tells_time is told
    assert (inputs(program, chart={"values": {"extra": template}}).key("d", PLAIN) is None) is told
    assert (inputs(program).key("d", Traits(told, [])) is None) is told


@pytest.mark.parametrize(
    ("template", "asks"),
    [
        ("a: b", []),
        (
            '{{ if .Capabilities.APIVersions.Has "a/v1" }}{{ else if $.Capabilities.APIVersions.Has `b/v1/B` }}',
            "a/v1 b/v1/B",
        ),
        ("{{ range .Capabilities.APIVersions }}", None),
        ('{{ if or (.Capabilities.APIVersions.Has "a/v1") (.Capabilities.APIVersions.Has $x) }}', None),
    ],
)
def test_only_kinds_that_a_chart_asks_for_count(program: Path, template: str, asks: str | list[str] | None) -> None:
    traits = Traits.of([template.encode()])
    assert traits.asks == (asks.split() if isinstance(asks, str) else asks)
    before, after = (inputs(program, api_versions=["v1", *more]).key("d", traits) for more in ([], ["c/v1"]))
    assert (before == after) is (asks is not None)
    asked = inputs(program, api_versions=["v1", "a/v1"]).key("d", traits)
    assert (asked == before) is (asks == [])


def test_a_chart_is_looked_into_once(folder: Path, tmp_path: Path) -> None:
    chart = tmp_path / "chart"
    chart.mkdir()
    (chart / "a.yaml").write_text('{{ .Capabilities.APIVersions.Has "a/v1" }}')
    assert traits_of("d", None) is None
    assert traits_of("d", chart) == traits_of("sha256:D", None) == Traits(tells_time=False, asks=["a/v1"])
    (chart / "b.tgz").write_text("no archive")
    assert traits_of("e", chart) is None
