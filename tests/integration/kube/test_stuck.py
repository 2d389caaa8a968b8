# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is being deleted and does not go: waited for, what holds it is named, and made anew when it is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import ApiError, WaitTimeout
from ansible_collections.bentobox.platform.tests.support.waiting import eventually

from .conftest import Engine, Reaction
from .samples import config, crd, custom, job

HELD = "example.com/held"
GONE = "is being deleted; waiting until it is gone"


def held(obj: dict[str, Any]) -> dict[str, Any]:
    return {**obj, "metadata": {**obj["metadata"], "finalizers": [HELD]}}


def release(engine: Engine, kind: str, name: str, api_version: str = "v1") -> Callable[[], object]:
    """What the finalizer's controller would do at last."""
    body = {"metadata": {"finalizers": None}}
    return lambda: engine.client.patch(api_version, kind, name, engine.namespace, body)


def test_a_definition_is_named_with_what_holds_it(engine: Engine) -> None:
    group = f"{engine.name}.example.com"
    manifests = [crd("widgets", "Widget", group), custom("Widget", group=group, size=1), config(x="1")]
    engine(*manifests)
    engine.client.patch(f"{group}/v1", "Widget", "x", engine.namespace, {"metadata": {"finalizers": [HELD]}})
    engine.plane.run_kubectl("delete", "crd", f"widgets.{group}", "--wait=false")
    created = [f"CustomResourceDefinition widgets.{group}", f"Widget {engine.name}/x"]
    assert sorted(engine(*manifests, check=True)["objects"]["created"]) == created
    with pytest.raises(WaitTimeout) as caught:
        engine(*manifests, wait_timeout=2)
    assert f"CustomResourceDefinition widgets.{group}: held by the finalizers customresourcecleanup" in str(
        caught.value
    )
    assert f"Widget {engine.name}/x is held by {HELD}" in str(caught.value)
    engine.said = Reaction(GONE, release(engine, "Widget", "x", f"{group}/v1"))
    done = engine(*manifests, wait_timeout=60)
    assert sorted(done["objects"]["created"]) == created
    assert not engine(*manifests)["changed"]


def test_a_namespace_is_named_with_what_holds_it(engine: Engine) -> None:
    engine(config(x="1"), held(config("held", x="1")))
    engine.plane.run_kubectl("delete", "namespace", engine.name, "--wait=false")
    everything = [f"ConfigMap {engine.name}/a", f"Namespace {engine.name}", f"Secret {engine.name}/{engine.name}"]
    assert sorted(engine(config(x="1"), check=True)["objects"]["created"]) == everything
    held_by = f"{HELD} in 1 resource instances"
    eventually(
        lambda: held_by in str(engine.client.get("v1", "Namespace", engine.name)["status"]),
        "the controller says what holds it",
    )
    with pytest.raises(WaitTimeout) as caught:
        engine(config(x="1"), wait_timeout=1)
    assert f"Namespace {engine.name}: held by the finalizers kubernetes" in str(caught.value)
    assert held_by in str(caught.value)
    engine.said = Reaction(GONE, release(engine, "ConfigMap", "held"))
    done = engine(config(x="1"), wait_timeout=60)
    assert sorted(done["objects"]["created"]) == everything
    assert not engine(config(x="1"))["changed"]


def test_a_purge_lets_pods_leave_before_it_deletes_their_namespace(engine: Engine) -> None:
    engine(config(x="1"))
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": engine.name}}
    engine.client.create(held({**pod, "spec": {"containers": [{"name": "c", "image": "busybox:1.36"}]}}))
    engine.client.delete("v1", "Pod", "p", engine.namespace)

    def leave() -> None:
        space = engine.client.get("v1", "Namespace", engine.name)
        assert not space["metadata"].get("deletionTimestamp")
        release(engine, "Pod", "p")()

    engine.said = Reaction(f"deleted objects are gone; Pod {engine.name}/p", leave)
    done = engine(state="absent", purge=True, wait_timeout=60)
    assert done["objects"]["pruned"][-1] == f"Namespace {engine.name}"


def test_a_namespace_of_others_is_waited_for(engine: Engine) -> None:
    other = Engine(engine.plane, f"{engine.name}-other")
    other(held(config("held", x="1")))
    engine.plane.run_kubectl("delete", "namespace", other.name, "--wait=false")
    guest = config("guest", x="1")
    guest["metadata"]["namespace"] = other.name
    with pytest.raises(
        ApiError, match=f"is being terminated; see what holds it with 'kubectl describe namespace {other.name}'"
    ):
        engine(guest, wait_timeout=1)
    assert f"{engine.name}: ConfigMap {other.name}/guest: waiting, since its namespace is being deleted" in engine.said
    release(other, "ConfigMap", "held")()
    engine.plane.run_kubectl("wait", "--for=delete", f"namespace/{other.name}", "--timeout=30s")
    with pytest.raises(ApiError, match=r"not found; name that namespace in 'namespaces' to have it made first"):
        engine(guest)
    done = engine(guest, namespaces=[other.name])
    assert done["objects"]["created"] == [f"Namespace {other.name}", f"ConfigMap {other.name}/guest"]


def test_an_object_that_is_being_deleted_is_made_anew(engine: Engine) -> None:
    engine(held(config(x="1")))
    engine.client.delete("v1", "ConfigMap", "a", engine.namespace)
    assert engine(config(x="1"), check=True)["objects"]["created"] == [f"ConfigMap {engine.name}/a"]
    with pytest.raises(WaitTimeout, match=f"ConfigMap {engine.name}/a: held by the finalizers {HELD}"):
        engine(config(x="1"), wait_timeout=1)
    engine.said = Reaction(GONE, release(engine, "ConfigMap", "a"))
    assert engine(config(x="1"), wait_timeout=30)["objects"]["created"] == [f"ConfigMap {engine.name}/a"]
    assert not engine(config(x="1"))["changed"]


def test_what_leaves_the_component_and_does_not_go_stays_known(engine: Engine) -> None:
    engine(held(config(x="1")), config("b", x="1"))
    for _again in range(2):
        with pytest.raises(WaitTimeout, match=f"ConfigMap {engine.name}/a: held by the finalizers {HELD}"):
            engine(config("b", x="1"), wait_timeout=1)
    release(engine, "ConfigMap", "a")()
    assert not engine(config("b", x="1"))["objects"]["pruned"]  # it went by itself
    assert not engine(config("b", x="1"))["changed"]


def test_a_job_that_is_replaced_and_does_not_go_is_named(engine: Engine) -> None:
    engine(held(job(suspend=True)))
    fresh = job(command="false", suspend=True)
    with pytest.raises(WaitTimeout, match=f"Job {engine.name}/j: held by the finalizers .*{HELD}"):
        engine(fresh, wait_timeout=1)
    release(engine, "Job", "j", "batch/v1")()
    assert engine(fresh)["objects"]["created"] == [f"Job {engine.name}/j"]
    assert not engine(fresh)["changed"]


def test_many_that_do_not_go_are_told_in_few_lines(engine: Engine) -> None:
    engine(*(held(config(f"c{number:02}", x="1")) for number in range(60)))
    with pytest.raises(WaitTimeout) as caught:
        engine(state="absent", wait_timeout=1)
    lines = str(caught.value).splitlines()
    assert len(lines) <= 40
    assert f"ConfigMap {engine.name}/c00: held by the finalizers {HELD} (is their controller running?)" in lines
    for number in range(60):
        release(engine, "ConfigMap", f"c{number:02}")()
    engine(state="absent")


def test_absent_need_not_wait_for_what_nothing_can_stop(engine: Engine) -> None:
    engine(config(x="1"))
    theirs = held(config("theirs", x="1"))
    theirs["metadata"]["namespace"] = engine.namespace
    engine.client.create(theirs)
    mark = len(engine.said)
    _, done, _, _ = engine.steps(state="absent", purge=True, wait=False)
    record, space = f"Secret {engine.name}/{engine.name}", f"Namespace {engine.name}"
    assert done["objects"]["pruned"] == [f"ConfigMap {engine.name}/a", record, space]
    assert engine.said[mark:] == []
    assert engine.client.get("v1", "Namespace", engine.name)["metadata"]["deletionTimestamp"]
    engine.said = Reaction(GONE, release(engine, "ConfigMap", "theirs"))
    assert engine(config(x="1"))["objects"]["created"] == [space, record, f"ConfigMap {engine.name}/a"]
