# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode tells the truth: whatever the cluster's state, it names what the real run then does, and writes nothing.

One component with everything in it that is hard to predict: a definition and its resource, namespaces, a workload, a
generated Secret and one that refers to it, a checksum of configuration, a chart, a Job that must be made anew, objects
that leave, and objects that leave and are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.objects import KEEP

from .conftest import Engine
from .samples import claim, config, crd, custom, deployment, job, secret

Prepare = Callable[["Component"], None]


def workload(name: str) -> dict[str, Any]:
    return deployment(name, resources={"requests": {"cpu": "100m"}})


class Component:
    """What is asked for, before and after the change; how the cluster got into its state."""

    def __init__(self, engine: Engine, chart: Path, helm: str) -> None:
        self.engine, self.chart, self.helm = engine, chart, helm
        self.group, self.more = f"{engine.name}.example.com", f"{engine.name}-more"
        for file in chart.rglob("*.yaml"):  # a definition of its own
            file.write_text(file.read_text().replace("sample.example.com", f"chart.{self.group}"))

    def manifests(self, release: int) -> list[dict[str, Any]]:
        space = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": self.more, "labels": {"r": str(release)}},
        }
        there = config("there", x="1")
        there["metadata"]["namespace"] = self.more
        common = [
            space,
            there,
            crd("widgets", "Widget", self.group),
            custom("Widget", group=self.group, size=release),
            secret("refers", url="postgres://${secret:made/password}@h", release=str(release)),
            workload("d"),
            job(command=f"echo {release}"),
        ]
        kept = config("noted", x="1")
        kept["metadata"]["annotations"] = {KEEP: "true"}
        only_first = [config("goes", x="1"), workload("goes"), claim(), kept]
        return [*common, config(x=str(release)), *(only_first if release == 1 else [config("comes", x="1")])]

    def __call__(self, release: int, **options: Any) -> dict[str, Any]:
        return self.engine(*self.manifests(release), **self.options(release), **options)

    def options(self, release: int) -> dict[str, Any]:
        of = [{"kind": "ConfigMap", "name": "a"}, {"kind": "Secret", "name": "refers"}]
        keys = {"password": {}} if release == 1 else {"password": {}, "salt": {}}
        return {
            "version": str(release),
            "charts": [{"name": "sample", "ref": str(self.chart), "values": {"greeting": f"hello {release}"}}],
            "helm_binary": self.helm,
            "generate_secrets": [{"name": "made", "keys": keys}],
            "config_checksum": [{"name": "d", "of": of}],
        }

    def kubectl(self, *arguments: str) -> None:
        self.engine.plane.run_kubectl("-n", self.engine.name, *arguments)


def nothing(_: Component) -> None:
    pass


def applied(component: Component) -> None:
    component(1)


def drifted(component: Component) -> None:
    component(1)
    component.kubectl("scale", "deployment/d", "--replicas=3")
    component.kubectl("patch", "configmap/a", "--type=merge", "-p", '{"data": {"x": "theirs"}}')
    component.kubectl("delete", "secret/made", "job/j", "configmap/sample", "--wait=false")
    component.kubectl("patch", "secret/refers", "--type=json", "-p", '[{"op": "remove", "path": "/data/url"}]')
    component.kubectl("delete", "crd", f"widgets.{component.group}")
    component.kubectl("delete", "configmap/there", "-n", component.more)


def losing_its_namespace(component: Component) -> None:
    component(1)
    component.kubectl("delete", "namespace", component.engine.name, "--wait=false")


def refused_half_way(component: Component) -> None:
    component(1)
    wrong = {"kind": "Widget", "name": "x", "merge": {"spec": {"size": "not a number"}}}
    with pytest.raises(KubeError):
        component(2, patch=[wrong])


@pytest.mark.parametrize(
    ("prepare", "release"),
    [
        pytest.param(nothing, 1, id="empty"),
        pytest.param(applied, 1, id="converged"),
        pytest.param(applied, 2, id="upgraded"),
        pytest.param(drifted, 1, id="drifted"),
        pytest.param(losing_its_namespace, 1, id="losing-its-namespace"),
        pytest.param(refused_half_way, 2, id="refused-half-way"),
    ],
)
def test_check_mode_is_true(engine: Engine, chart: Path, helm_binary: str, prepare: Prepare, release: int) -> None:
    component = Component(engine, chart, helm_binary)
    prepare(component)
    mark = engine.plane.mark()
    predicted = component(release, check=True)
    assert engine.plane.writes(mark) == []
    done = component(release)
    assert predicted["changed"] == done["changed"] == (prepare is not applied or release != 1)
    for what in done["objects"]:
        assert sorted(predicted["objects"][what]) == sorted(done["objects"][what]), what
    assert (predicted["kept"], predicted["digest"]) == (done["kept"], done["digest"])
    # Converged: neither a run nor a check of it writes.
    mark = engine.plane.mark()
    for check in (False, True):
        again = component(release, check=check)
        assert not again["changed"], again["objects"]
        left = {entry for what in ("created", "updated", "unchanged") for entry in done["objects"][what]}
        assert set(again["objects"]["unchanged"]) == left
    assert engine.plane.writes(mark) == []


def test_a_further_generated_key_concerns_only_who_reads_it(engine: Engine) -> None:
    first, both = {"password": {}}, {"password": {}, "salt": {}}
    refers = secret("refers", url="${secret:made/password}")
    engine(refers, generate_secrets=[{"name": "made", "keys": first}])
    _, done, _, _ = engine.steps(refers, generate_secrets=[{"name": "made", "keys": both}])
    assert done["objects"]["updated"][:1] == [f"Secret {engine.name}/made"]
    assert f"Secret {engine.name}/refers" in done["objects"]["unchanged"]
