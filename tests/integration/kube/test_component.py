# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module component through its twelve steps: create, modify and delete; checked and done; first and again."""

from __future__ import annotations

import base64

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError

from .conftest import Engine
from .samples import claim, config, crd, custom, deployment, job, secret


def test_create_modify_prune_delete(engine: Engine) -> None:
    _predicted, done, again, _ = engine.steps(config(x="1"), secret(p="hunter2"), deployment())
    assert sorted(done["objects"]["created"]) == sorted(
        [
            f"Namespace {engine.name}",
            f"Secret {engine.name}/{engine.name}",
            f"ConfigMap {engine.name}/a",
            f"Secret {engine.name}/s",
            f"Deployment {engine.name}/d",
        ]
    )
    assert len(again["objects"]["unchanged"]) == 5

    before = engine.version("Deployment", "d", "apps/v1")
    _, done, _, _ = engine.steps(config(x="2"), secret(p="hunter2"), deployment())
    assert done["objects"]["updated"] == [f"ConfigMap {engine.name}/a"]
    _, done, _, _ = engine.steps(config(x="2", y="3"), secret(p="hunter3"), deployment(image="busybox:1.37"))
    assert len(done["objects"]["updated"]) == 3
    assert engine.version("Deployment", "d", "apps/v1") != before
    # A field that is taken out of the manifest is taken out of the object.
    _, done, _, _ = engine.steps(config(y="3"), secret(p="hunter3"), deployment(image="busybox:1.37"))
    live = engine.get("ConfigMap", "a")
    assert live is not None
    assert live["data"] == {"y": "3"}

    _, done, _, _ = engine.steps(secret(p="hunter3"))
    assert sorted(done["objects"]["pruned"]) == [f"ConfigMap {engine.name}/a", f"Deployment {engine.name}/d"]
    assert engine.get("Deployment", "d", "apps/v1") is None

    _, done, _, _ = engine.steps(state="absent")
    assert done["objects"]["pruned"] == [f"Secret {engine.name}/s", f"Secret {engine.name}/{engine.name}"]
    assert engine.get("Secret", "s") is None


def test_a_repetition_writes_nothing_and_asks_little(engine: Engine) -> None:
    manifests = [config(f"c{number}", x="1") for number in range(20)]
    engine(*manifests)
    versions = [engine.version("ConfigMap", f"c{number}") for number in range(20)]
    mark = engine.plane.mark()
    assert not engine(*manifests)["changed"]
    requests = engine.plane.requests(mark)
    assert engine.plane.writes(mark) == []
    assert len(requests) <= 8, [event["requestURI"] for event in requests]
    assert [engine.version("ConfigMap", f"c{number}") for number in range(20)] == versions


def test_what_others_changed_is_brought_back(engine: Engine) -> None:
    engine(config(x="1"))
    engine.client.patch("v1", "ConfigMap", "a", engine.namespace, {"data": {"z": "theirs"}}, field_manager="them")
    assert not engine(config(x="1"))["changed"]  # a field of theirs is theirs
    engine.client.delete("v1", "ConfigMap", "a", engine.namespace)
    _, done, _, _ = engine.steps(config(x="1"))
    assert done["objects"]["created"] == [f"ConfigMap {engine.name}/a"]


def test_definition_and_resource_in_one_component(engine: Engine) -> None:
    group = f"{engine.name}.example.com"
    predicted, done, _, _ = engine.steps(
        custom("Widget", group=group, size=1), crd("widgets", "Widget", group), config(x="1")
    )
    assert f"Widget {engine.name}/x" in predicted["predicted"]
    assert done["objects"]["created"].index(f"CustomResourceDefinition widgets.{group}") < done["objects"][
        "created"
    ].index(f"Widget {engine.name}/x")
    # Nobody removes the finalizer of a resource whose controller is gone: so it goes first, and the definition stays.
    _, done, _, _ = engine.steps(state="absent")
    assert done["objects"]["pruned"][0] == f"Widget {engine.name}/x"
    assert done["kept"] == [f"CustomResourceDefinition widgets.{group}"]
    assert engine.client.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"widgets.{group}")


def test_absent_keeps_data_and_purge_does_not(engine: Engine) -> None:
    group = f"{engine.name}.example.com"
    everything = [crd("widgets", "Widget", group), claim(), config(x="1")]
    generate = [{"name": "made", "keys": {"password": {"length": 20}}}]
    engine.steps(*everything, generate_secrets=generate, namespaces=[f"{engine.name}-more"])
    engine.client.create(
        {**custom("Widget", "of-a-user", group), "metadata": {"name": "of-a-user", "namespace": engine.namespace}}
    )
    _, done, _, _ = engine.steps(state="absent", namespaces=[f"{engine.name}-more"])
    assert done["objects"]["pruned"] == [f"ConfigMap {engine.name}/a", f"Secret {engine.name}/{engine.name}"]
    assert done["kept"] == [
        f"CustomResourceDefinition widgets.{group}",
        f"PersistentVolumeClaim {engine.name}/data",
        f"Secret {engine.name}/made",
    ]
    assert engine.get("Widget", "of-a-user", f"{group}/v1")
    # Purging works after an absent that kept things, too.
    _, done, _, _ = engine.steps(state="absent", purge=True, namespaces=[f"{engine.name}-more"])
    assert done["objects"]["pruned"] == [
        f"Widget {engine.name}/of-a-user",
        f"PersistentVolumeClaim {engine.name}/data",
        f"Secret {engine.name}/made",
        f"CustomResourceDefinition widgets.{group}",
        f"Namespace {engine.name}-more",
        f"Namespace {engine.name}",
    ]
    assert engine.client.get_or_none("v1", "Namespace", engine.name) is None


def test_purge_leaves_namespaces_that_are_not_ours(engine: Engine) -> None:
    engine.plane.run_kubectl("create", "namespace", engine.name)
    other = Engine(engine.plane, f"{engine.name}-other")
    other.namespace = f"{engine.name}-shared"
    other(config("of-other", x="1"))
    engine(config(x="1"), namespaces=[other.namespace])
    done = engine(state="absent", purge=True, namespaces=[other.namespace])
    assert sorted(done["objects"]["pruned"]) == [f"ConfigMap {engine.name}/a", f"Secret {engine.name}/{engine.name}"]
    assert done["kept"] == [f"Namespace {other.namespace}"]  # another component lives there
    assert other.get("ConfigMap", "of-other")


def test_purge_leaves_what_another_component_has_in_our_namespace(engine: Engine) -> None:
    other = Engine(engine.plane, f"{engine.name}-other")
    theirs = config("of-other", x="1")
    theirs["metadata"]["namespace"] = engine.name
    engine(config(x="1"))
    other(theirs)
    _, done, _, _ = engine.steps(state="absent", purge=True)
    assert done["kept"] == [f"Namespace {engine.name}"]
    assert engine.get("ConfigMap", "of-other")
    other(state="absent")
    _, done, _, _ = engine.steps(state="absent", purge=True)
    assert done["objects"]["pruned"] == [f"Namespace {engine.name}"]


def test_absent_of_what_was_never_there(engine: Engine) -> None:
    _, done, _, _ = engine.steps(state="absent", purge=True)
    assert not done["changed"]


def test_absent_when_the_definition_is_gone(engine: Engine) -> None:
    group = f"{engine.name}.example.com"
    engine(crd("widgets", "Widget", group), custom("Widget", group=group, size=1), config(x="1"))
    engine.plane.run_kubectl("delete", "crd", f"widgets.{group}")
    _, done, _, _ = engine.steps(state="absent")
    assert f"ConfigMap {engine.name}/a" in done["objects"]["pruned"]


def test_a_job_is_made_anew_when_it_changes(engine: Engine) -> None:
    engine.steps(job(command="echo 1", ttlSecondsAfterFinished=5))
    live = engine.get("Job", "j", "batch/v1")
    assert live is not None
    assert "ttlSecondsAfterFinished" not in live["spec"]
    _, done, _, _ = engine.steps(job(command="echo 2"))
    assert done["objects"]["updated"] == [f"Job {engine.name}/j"]
    fresh = engine.get("Job", "j", "batch/v1")
    assert fresh is not None
    assert fresh["metadata"]["uid"] != live["metadata"]["uid"]


def test_other_immutable_fields_are_told(engine: Engine) -> None:
    engine(deployment())
    changed = deployment()
    changed["spec"]["selector"] = {"matchLabels": {"app": "d", "more": "x"}}
    changed["spec"]["template"]["metadata"]["labels"] = {"app": "d", "more": "x"}
    with pytest.raises(KubeError, match=r"apply Deployment .*/d: .*immutable.*delete the object first"):
        engine(changed)


def test_namespaces_are_made_with_labels_and_left_alone(engine: Engine) -> None:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    engine.steps(config(x="1"), create_namespace_labels=labels)
    live = engine.client.get("v1", "Namespace", engine.name)
    assert labels.items() <= live["metadata"]["labels"].items()
    engine.plane.run_kubectl("create", "namespace", f"{engine.name}-foreign")
    engine.steps(config(x="1"), create_namespace_labels=labels, namespaces=[f"{engine.name}-foreign"])
    live = engine.client.get("v1", "Namespace", f"{engine.name}-foreign")
    assert not labels.items() & live["metadata"]["labels"].items()


def test_a_namespace_that_is_being_deleted_is_waited_for(engine: Engine) -> None:
    engine(config(x="1"))
    engine.plane.run_kubectl("delete", "namespace", engine.name, "--wait=false")
    done = engine(config(x="1"), wait_timeout=60)
    assert f"Namespace {engine.name}" in done["objects"]["created"]
    assert any("is being deleted" in line for line in engine.said)


def test_diff_shows_owned_fields_and_no_secret(engine: Engine) -> None:
    created = engine(config(x="1"), secret(p="hunter2-canary"), deployment(), diff=True)
    assert "hunter2" not in str(created)
    assert base64.b64encode(b"hunter2-canary").decode() not in str(created)
    changed = engine(config(x="2"), secret(p="hunter3-canary"), deployment(), diff=True)
    assert [entry["before_header"] for entry in changed["diff"]] == [
        f"ConfigMap {engine.name}/a",
        f"Secret {engine.name}/s",
    ]
    shown = changed["diff"][0]
    assert "x: '1'" in shown["before"]
    assert "x: '2'" in shown["after"]
    assert "managedFields" not in str(changed)
    assert changed["diff"][1]["before"] != changed["diff"][1]["after"]
    assert "canary" not in str(changed)
    gone = engine(state="absent", diff=True)
    assert "canary" not in str(gone)
    assert {entry["after"] for entry in gone["diff"]} == {""}
