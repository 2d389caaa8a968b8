# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What left a component: deleted in the reverse order of applying, or kept and named, and never what is not ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.applyset import PART_OF, applyset_id
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.objects import KEEP
from ansible_collections.bentobox.platform.plugins.module_utils.kube.secrets import GENERATED_BY

from .conftest import Engine
from .samples import claim, config, crd, custom, deployment

GENERATE = [{"name": "made", "keys": {"password": {}}}]


def keep(obj: dict[str, Any], value: str = "true") -> dict[str, Any]:
    return {**obj, "metadata": {**obj["metadata"], "annotations": {KEEP: value}}}


def namespace(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def test_what_left_is_deleted_in_reverse_order(engine: Engine) -> None:
    group = f"{engine.name}.example.com"
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}
    widget = crd("widgets", "Widget", group)
    engine(widget, config(x="1"), service, deployment(), custom("Widget", group=group, size=1))
    _, done, _, _ = engine.steps(widget)
    place = engine.name
    assert done["objects"]["pruned"] == [
        f"Widget {place}/x", f"Deployment {place}/d", f"Service {place}/s", f"ConfigMap {place}/a",
    ]  # fmt: skip
    assert done["kept"] == []


def test_what_may_hold_data_is_kept_until_it_is_purged(engine: Engine) -> None:
    group, more = f"{engine.name}.example.com", f"{engine.name}-more"
    everything = [crd("widgets", "Widget", group), namespace(more), claim(), keep(config("noted", x="1"))]
    engine(*everything, keep(config("denied"), "false"), config(x="1"), generate_secrets=GENERATE)
    place = {"name": "of-a-user", "namespace": engine.name}
    engine.client.create({**custom("Widget", group=group), "metadata": place})
    predicted, done, again, _ = engine.steps(config(x="1"))
    assert done["objects"]["pruned"] == [f"ConfigMap {engine.name}/denied"]
    kept = [
        f"ConfigMap {engine.name}/noted",
        f"CustomResourceDefinition widgets.{group}",
        f"Namespace {more}",
        f"PersistentVolumeClaim {engine.name}/data",
    ]
    assert predicted["kept"] == done["kept"] == again["kept"] == kept
    # A resource of the definition is declared: even purging leaves the definition then.
    _, done, _, _ = engine.steps(config(x="1"), custom("Widget", group=group, size=1), purge=True)
    assert done["kept"] == [f"CustomResourceDefinition widgets.{group}"]
    _, done, again, _ = engine.steps(config(x="1"), purge=True)
    assert done["kept"] == again["kept"] == []
    assert sorted(done["objects"]["pruned"]) == [
        f"CustomResourceDefinition widgets.{group}", f"Widget {engine.name}/of-a-user", f"Widget {engine.name}/x",
    ]  # fmt: skip
    for kind, name in (("ConfigMap", "noted"), ("PersistentVolumeClaim", "data"), ("Secret", "made")):
        assert engine.get(kind, name) is None
    assert engine.client.get_or_none("v1", "Namespace", more) is None


def test_purging_leaves_what_is_lived_in(engine: Engine) -> None:
    """The component's own namespace, one that another component lives in, and one that was there before."""
    other, before = Engine(engine.plane, f"{engine.name}-other"), f"{engine.name}-before"
    engine.plane.run_kubectl("create", "namespace", before)
    spaces = [namespace(engine.name), namespace(other.name), namespace(before)]
    engine(config(x="1"), *spaces, generate_secrets=GENERATE)
    other(config("of-other", x="1"))
    _, done, _, _ = engine.steps(config(x="1"), purge=True, generate_secrets=GENERATE)
    assert done["objects"]["pruned"] == []
    assert done["kept"] == sorted(f"Namespace {name}" for name in (engine.name, other.name, before))
    assert engine.get("Secret", "made")


def test_absent_keeps_what_is_annotated_and_purges_it_later(engine: Engine) -> None:
    engine.plane.run_kubectl("create", "namespace", engine.name)  # not ours, so that it need not go
    engine(keep(config("noted", x="1")), keep(deployment()), config(x="1"))
    kept = [f"ConfigMap {engine.name}/noted", f"Deployment {engine.name}/d"]
    _, done, _, _ = engine.steps(state="absent")
    assert (done["objects"]["pruned"][0], done["kept"]) == (f"ConfigMap {engine.name}/a", kept)
    # The record is gone by now; the label still tells whose they are.
    _, done, _, _ = engine.steps(state="absent", purge=True)
    assert sorted(done["objects"]["pruned"]) == kept


def test_a_copy_that_somebody_made_is_not_ours_to_delete(engine: Engine, other_tool: Callable[..., Any]) -> None:
    """Copies carry the label, since people copy whole manifests."""
    engine(config(x="1"), generate_secrets=GENERATE)
    identifier = applyset_id(engine.name, engine.name)
    for kind, label in (("configmap", PART_OF), ("secret generic", GENERATED_BY)):
        other_tool("-n", engine.name, "create", *kind.split(), "copy", "--from-literal=x=theirs")
        other_tool("-n", engine.name, "label", kind.split()[0], "copy", f"{label}={identifier}")
    theirs = f"ConfigMap {engine.name}/copy"
    _, done, _, _ = engine.steps(config("b", x="1"))
    assert (done["objects"]["pruned"], done["kept"]) == ([f"ConfigMap {engine.name}/a"], [theirs])
    for purge in (False, True):
        _, done, _, _ = engine.steps(config("b", x="1"), purge=purge)
        assert (done["objects"]["pruned"], done["kept"]) == ([f"Secret {engine.name}/made"] * purge, [theirs])
    _, done, _, _ = engine.steps(state="absent")
    assert done["kept"] == [theirs]
    assert engine.get("ConfigMap", "copy")
    assert engine.get("Secret", "copy")


def test_a_component_that_owns_what_we_want_is_named(engine: Engine) -> None:
    engine(config(x="1"))
    other = Engine(engine.plane, f"{engine.name}-b")
    other.namespace = engine.namespace
    whose = rf"another ApplySet \(applyset-.*: component {engine.name}/{engine.name}\); .*'take_ownership: true'"
    for check in (True, False):
        with pytest.raises(KubeError, match=whose):
            other(config(x="1"), check=check)
