# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many new objects are looked for at once, and what is somebody else's is found all the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError

from .conftest import Engine, Reaction
from .samples import config, crd, custom


def asked(engine: Engine, mark: int, verb: str, resource: str) -> list[str]:
    return [
        event["requestURI"]
        for event in engine.plane.requests(mark)
        if (event["verb"], event.get("objectRef", {}).get("resource")) == (verb, resource)
    ]


def test_new_objects_cost_one_question_together(engine: Engine) -> None:
    group = f"{engine.name}.example.com"
    manifests = [config(f"c{number}") for number in range(20)]
    widgets = [custom("Widget", f"w{number}", group, size=number) for number in range(5)]
    mark = engine.plane.mark()
    engine(*manifests, crd("widgets", "Widget", group), *widgets)
    assert asked(engine, mark, "get", "configmaps") == asked(engine, mark, "get", "widgets") == []
    assert len(asked(engine, mark, "list", "configmaps")) == 2  # what is ours, and what is there
    assert len(asked(engine, mark, "patch", "configmaps")) == 20
    engine(state="absent", purge=True)


def test_one_foreign_object_among_many_is_refused(engine: Engine, other_tool: Callable[..., Any]) -> None:
    engine.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": engine.name}})
    other_tool("-n", engine.name, "create", "configmap", "c3", "--from-literal=x=theirs")
    manifests = [config(f"c{number}", x="ours") for number in range(10)]
    for check in (True, False):
        with pytest.raises(KubeError, match=r"apply ConfigMap .*/c3: it exists already and was made by kubectl-create"):
            engine(*manifests, check=check)
    live = engine.get("ConfigMap", "c3")
    assert live is not None
    assert live["data"] == {"x": "theirs"}
    done = engine(*manifests, take_ownership=True)
    assert f"ConfigMap {engine.name}/c3" in done["objects"]["updated"]


def test_a_crowded_namespace_is_not_read_through(engine: Engine) -> None:
    engine(*[config(f"x{number}") for number in range(520)])
    other = Engine(engine.plane, f"{engine.name}-b")
    other.namespace = engine.namespace
    mark = engine.plane.mark()
    done = other(*[config(f"c{number}") for number in range(5)])
    assert len(done["objects"]["created"]) == 6
    # What is ours; and what is there, before anything is written and again before each wave.
    assert len(asked(engine, mark, "list", "configmaps")) == 3
    assert len(asked(engine, mark, "get", "configmaps")) == 10


def test_many_deleted_objects_are_looked_for_together(engine: Engine) -> None:
    """Those that a finalizer holds are waited for; one that somebody has made anew meanwhile is not."""
    held = [config(f"held{number}") for number in range(5)]
    for obj in held:
        obj["metadata"]["finalizers"] = ["example.com/hold"]
    engine(*[config(f"c{number}") for number in range(20)], *held)

    def meanwhile() -> None:
        for obj in held:
            body = {"metadata": {"finalizers": None}}
            engine.client.patch("v1", "ConfigMap", obj["metadata"]["name"], engine.name, body)
        engine.client.create({**config(), "metadata": {"name": "held3", "namespace": engine.name}})

    engine.said = Reaction("waiting until 5 deleted objects are gone; ConfigMap", meanwhile)
    mark = engine.plane.mark()
    done = engine()
    assert engine.said.happened
    assert len(done["objects"]["pruned"]) == 25
    assert asked(engine, mark, "get", "configmaps") == []
    assert engine.get("ConfigMap", "held3")
