# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Charts whose inputs are the same as last time."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from ansible_collections.bentobox.platform.plugins.module_utils.kube import cache, fetch
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import RenderError

from .conftest import Engine, serving
from .samples import config


def test_the_same_inputs_need_neither_helm_nor_the_network(
    engine: Engine, chart: Path, helm_binary: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Helm and a server that are there for the first run only."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    text = (chart / "templates/all.yaml").read_text()
    plain = [part for part in text.split("---\n") if "kind: Secret" not in part]
    (chart / "templates/all.yaml").write_text("---\n".join(plain))
    subprocess.run([helm_binary, "package", str(chart), "-d", str(chart.parent)], check=True, capture_output=True)
    packed = chart.parent / "sample-1.2.3.tgz"
    program = tmp_path / "helm"
    shutil.copy(helm_binary, program)

    with serving(packed.parent) as base:
        remote = {
            "name": "sample",
            "ref": f"{base}/{packed.name}",
            "version": "1.2.3",
            "digest": hashlib.sha256(packed.read_bytes()).hexdigest(),
        }
        charts = [remote, {**remote, "release_name": "local", "ref": str(packed)}]
        drop = [{"kind": kind, "name": name} for kind, name in [("ConfigMap", "before"), ("Gadget", "one")]]
        options = {"charts": charts[:1], "helm_binary": str(program), "drop": drop}
        first = engine(**options)
        engine(**{**options, "charts": charts[1:]}, check=True)
    # The same file to all appearances, which no longer runs.
    before = program.stat()
    with program.open("r+b") as file:
        file.write(b"no program")
    os.utime(program, ns=(before.st_atime_ns, before.st_mtime_ns))
    again = engine(**options)
    assert (first["changed"], again["changed"]) == (True, False)
    engine(**{**options, "charts": charts[1:]}, check=True)
    live = engine.get("ConfigMap", "sample")
    assert live is not None
    assert live["data"]["greeting"] == "hello"
    # Whatever else is given needs them.
    with pytest.raises((RenderError, OSError)):
        engine(**{**options, "charts": [{**charts[1], "values": {"greeting": "hi"}}]}, check=True)
    with pytest.raises(RenderError, match="cannot download"):
        engine(**{**options, "charts": [{**remote, "digest": "0" * 64}]}, check=True)
    engine(state="absent", purge=True)


def test_what_is_random_or_secret_is_rendered_anew(
    engine: Engine, chart: Path, helm_binary: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    options = {"charts": [{"name": "sample", "ref": str(chart)}], "helm_binary": helm_binary, "check": True}
    engine(**options)
    (chart / "templates/all.yaml").write_text(
        "{apiVersion: v1, kind: ConfigMap, metadata: {name: sample}, data: {x: '{{ randAlphaNum 20 }}'}}"
    )
    engine(**options)
    kept = [file.read_text() for file in (tmp_path / "cache").rglob("*") if file.is_file()]
    assert not any("ConfigMap" in text for text in kept)


def test_a_pinned_release_file_is_fetched_and_read_once(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = tmp_path / "release.yaml"
    file.write_text(yaml.safe_dump_all([config(x="1"), config("b", x="2")]))
    with serving(tmp_path) as base:
        pinned = {"url": f"{base}/release.yaml", "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
        assert engine(files=[pinned])["changed"]
    assert not engine(files=[pinned])["changed"]
    with pytest.raises(RenderError, match="cannot download"):
        engine(files=[{"url": pinned["url"]}], check=True)
    # What is on disk is compared all the same.
    file.write_text(yaml.safe_dump(config(x="3")))
    with pytest.raises(RenderError, match="it is not what was pinned"):
        engine(files=[{"path": str(file), "sha256": pinned["sha256"]}], check=True)


def test_a_long_file_is_read_once_and_again_when_it_changed(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = tmp_path / "long.yaml"
    file.write_text(yaml.safe_dump(config(x="1" * 40000)))
    assert engine(files=[{"path": str(file)}])["changed"]
    assert len(list((tmp_path / "cache" / "bentobox.platform" / "rendered").iterdir())) == 1
    with monkeypatch.context() as patched:
        patched.setattr(fetch, "yaml", None)
        assert not engine(files=[{"path": str(file)}])["changed"]
    file.write_text(yaml.safe_dump(config(x="2" * 40000)))
    assert engine(files=[{"path": str(file)}])["changed"]


def test_a_foreign_file_in_the_cache_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root: only root can give files away."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache.save("a", [config(x="1")], set())
    file = next((tmp_path / "bentobox.platform" / "rendered").iterdir())
    os.chown(file, 65534, 65534)
    assert cache.load("a") is None
    assert cache.save("a", [config(x="1")], set())
    assert cache.load("a") == [config(x="1")]
