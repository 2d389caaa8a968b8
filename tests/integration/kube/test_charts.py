# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Charts, rendered by the real Helm for the real cluster, and release files."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import RenderError

from .conftest import Engine, serving
from .samples import config


@pytest.fixture
def packed(chart: Path, helm_binary: str) -> Path:
    subprocess.run([helm_binary, "package", str(chart), "-d", str(chart.parent)], check=True, capture_output=True)
    return chart.parent / "sample-1.2.3.tgz"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_chart_is_rendered_for_this_cluster(engine: Engine, chart: Path, helm_binary: str) -> None:
    charts = [{"name": "sample", "ref": str(chart), "version": "1.2.3", "values": {"password": "hunter2-canary"}}]
    results = engine.steps(charts=charts, helm_binary=helm_binary, version="1.2.3")
    assert f"Gadget {engine.name}/one" in results[1]["objects"]["created"]
    assert f"ConfigMap {engine.name}/before" in results[1]["objects"]["created"]
    assert "canary" not in str(results)
    live = engine.get("ConfigMap", "sample")
    assert live is not None
    version = engine.client.version()["gitVersion"]
    assert live["data"] == {
        "greeting": "hello",
        "kubernetes": version,
        "deployments": "true",
        "routes": "false",
        "release": "sample",
    }
    assert engine.get("Pod", "tested") is None  # a test is not part of the component
    results = engine.steps(state="absent", purge=True)
    assert results[1]["objects"]["pruned"][0] == f"Gadget {engine.name}/one"
    assert "CustomResourceDefinition gadgets.sample.example.com" in results[1]["objects"]["pruned"]


def test_patches_and_drops_correct_a_chart(engine: Engine, chart: Path, helm_binary: str) -> None:
    engine.steps(
        charts=[{"name": "sample", "ref": str(chart), "release_name": "r", "values": {"greeting": "hi"}}],
        helm_binary=helm_binary,
        drop=[{"kind": "Gadget"}, {"kind": "CustomResourceDefinition", "name": "gadgets.*"}],
        patch=[
            {"kind": "ConfigMap", "name": "sample", "merge": {"data": {"routes": None}}},
            {"kind": "Secret", "json": [{"op": "add", "path": "/stringData/more", "value": "x"}]},
        ],
    )
    live = engine.get("ConfigMap", "sample")
    assert live is not None
    assert (live["data"]["release"], live["data"]["greeting"], "routes" in live["data"]) == ("r", "hi", False)
    secret = engine.get("Secret", "sample")
    assert secret is not None
    assert sorted(secret["data"]) == ["more", "password"]


def test_a_packed_chart_must_be_what_was_pinned(engine: Engine, packed: Path, helm_binary: str) -> None:
    def with_chart(**more: Any) -> dict[str, Any]:
        return {"charts": [{"name": "sample", "ref": str(packed), **more}], "helm_binary": helm_binary}

    with pytest.raises(RenderError, match=r"sample.*has sha256 .* it is not what was pinned"):
        engine(**with_chart(digest="sha256:" + "0" * 64))
    with pytest.raises(RenderError, match=r"sample-1\.2\.3\.tgz is version 1\.2\.3, not 1\.2\.4 as declared"):
        engine(**with_chart(version="1.2.4"))
    with pytest.raises(RenderError, match=r"nowhere\.tgz does not exist"):
        engine(**with_chart(ref="/nowhere.tgz"))
    engine(**with_chart(digest=f"sha256:{sha256(packed)}", version="v1.2.3"))
    engine(state="absent", purge=True)


def test_charts_and_files_are_fetched_and_compared(
    engine: Engine, packed: Path, helm_binary: str, tmp_path: Path
) -> None:
    (packed.parent / "release.yaml").write_text("---\n" + yaml.safe_dump(config("from-file", x="1")) + "---\n")

    with serving(packed.parent) as base:
        file = {"url": f"{base}/release.yaml?token=hunter2", "sha256": sha256(packed.parent / "release.yaml")}
        chart = {"name": "sample", "ref": f"{base}/{packed.name}", "digest": sha256(packed)}
        engine.steps(charts=[chart], files=[file], helm_binary=helm_binary)
        assert engine.get("ConfigMap", "from-file")
        with pytest.raises(RenderError, match="it is not what was pinned") as caught:
            engine(files=[{**file, "sha256": "0" * 64}])
        assert "hunter2" not in str(caught.value)
        with pytest.raises(RenderError, match=r"cannot download http://127\.0\.0\.1/none: HTTP 404"):
            engine(files=[{"url": f"{base}/none"}])
    engine(state="absent", purge=True)


def test_what_helm_says_is_told_without_secrets(engine: Engine, chart: Path, helm_binary: str) -> None:
    values = {"broken": True, "password": "hunter2-canary"}
    with pytest.raises(RenderError, match=r"chart sample: 'helm template' failed: .*cannot go on with \*{8}") as caught:
        engine(charts=[{"name": "sample", "ref": str(chart), "values": values}], helm_binary=helm_binary)
    assert "canary" not in str(caught.value)
    with pytest.raises(RenderError, match="the program 'no-helm-here' was not found; install Helm"):
        engine(charts=[{"name": "sample", "ref": str(chart)}], helm_binary="no-helm-here")


def test_values_are_never_on_a_command_line_and_nothing_is_left(
    engine: Engine, chart: Path, helm_binary: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A Helm that tells how it was called, and what it can see of its values file."""
    record, scratch = tmp_path / "record", tmp_path / "scratch"
    scratch.mkdir()
    spy = tmp_path / "helm-spy"
    spy.write_text(
        "#!/bin/sh\n"
        f'printf "%s\\n" "$*" >> {record}\n'
        f"env >> {record}\n"
        f'find {scratch} -type f -printf "%m %p\\n" >> {record}\n'
        f'exec {helm_binary} "$@"\n'
    )
    spy.chmod(0o700)
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    monkeypatch.setenv("KUBECONFIG", str(engine.plane.kubeconfig))
    charts = [{"name": "sample", "ref": str(chart), "values": {"password": "hunter2-canary"}}]
    engine(charts=charts, helm_binary=str(spy))
    told = record.read_text()
    assert "canary" not in told
    assert f"--kube-version {engine.client.version()['gitVersion']}" in told
    assert "KUBECONFIG=/dev/null" in told
    assert "600 " in told
    assert "644 " not in told
    assert list(scratch.rglob("*")) == []
    engine(state="absent", purge=True)
