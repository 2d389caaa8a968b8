# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ownership of fields: what surely needs no request, what a diff shows, what is hidden."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.diff import difference
from ansible_collections.bentobox.platform.plugins.module_utils.kube.fields import (
    owned,
    project,
    touched,
    unchanged,
    union,
)
from ansible_collections.bentobox.platform.plugins.module_utils.kube.predict import covers, predict
from ansible_collections.bentobox.platform.plugins.module_utils.kube.redact import digest, redact, scrub, secret_values

DESIRED: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "d", "namespace": "n", "labels": {"a": "b"}},
    "spec": {
        "replicas": 1,
        "template": {
            "spec": {
                "containers": [
                    {
                        "name": "c",
                        "image": "i",
                        "ports": [{"containerPort": 80}],
                        "args": ["x", "y"],
                        "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
                    }
                ]
            }
        },
    },
}
FIELDS: dict[str, Any] = {
    "f:metadata": {"f:labels": {"f:a": {}}},
    "f:spec": {
        "f:replicas": {},
        "f:template": {
            "f:spec": {
                "f:containers": {
                    'k:{"name":"c"}': {
                        ".": {},
                        "f:name": {},
                        "f:image": {},
                        "f:args": {},
                        "f:ports": {'k:{"containerPort":80,"protocol":"TCP"}': {".": {}, "f:containerPort": {}}},
                        "f:env": {
                            'k:{"name":"A"}': {".": {}, "f:name": {}, "f:value": {}},
                            'k:{"name":"B"}': {".": {}, "f:name": {}, "f:value": {}},
                        },
                    }
                }
            }
        },
    },
}


def live() -> dict[str, Any]:
    obj = copy.deepcopy(DESIRED)
    obj["metadata"]["uid"] = "u"
    obj["metadata"]["managedFields"] = [
        {
            "manager": "kubectl",
            "operation": "Update",
            "apiVersion": "apps/v1",
            "fieldsV1": {"f:spec": {"f:paused": {}}},
        },
        {"manager": "us", "operation": "Apply", "apiVersion": "apps/v1", "fieldsV1": copy.deepcopy(FIELDS)},
    ]
    obj["spec"]["paused"] = False
    container = obj["spec"]["template"]["spec"]["containers"][0]
    container["imagePullPolicy"] = "Always"
    container["ports"][0]["protocol"] = "TCP"
    return obj


def container(obj: dict[str, Any]) -> dict[str, Any]:
    return obj["spec"]["template"]["spec"]["containers"][0]


def test_defaults_and_fields_of_others_do_not_count() -> None:
    assert unchanged(DESIRED, live(), "us")


def _set(path: str, value: Any) -> Any:
    def change(obj: dict[str, Any]) -> None:
        container(obj)[path] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        lambda obj: obj["spec"].update(replicas=2),
        lambda obj: obj["spec"].update(paused=False),  # the same value, but not ours yet
        lambda obj: obj["spec"].pop("replicas"),  # ours, and no longer wanted
        lambda obj: obj["metadata"]["labels"].update(c="d"),
        lambda obj: obj["metadata"].update(labels={}),
        _set("args", ["y", "x"]),
        _set("env", [{"name": "A", "value": "1"}]),
        _set("env", [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}]),  # order matters to a container
        _set("env", [{"name": "A", "value": "1"}, {"name": "B", "value": "3"}]),
        _set("ports", [{"containerPort": 81}]),
        lambda obj: obj.update(apiVersion="apps/v2"),
    ],
)
def test_every_change_of_ours_is_seen(change: Any) -> None:
    desired = copy.deepcopy(DESIRED)
    change(desired)
    assert not unchanged(desired, live(), "us")


@pytest.mark.parametrize(
    "change",
    [
        lambda obj: obj["spec"].update(replicas=5),
        lambda obj: obj["metadata"].update(managedFields=[]),
        lambda obj: container(obj).update(image="other"),
        lambda obj: container(obj)["env"].pop(),
    ],
)
def test_every_change_by_others_is_seen(change: Any) -> None:
    there = live()
    change(there)
    assert not unchanged(DESIRED, there, "us")


def test_another_manager_owns_nothing_here() -> None:
    assert not unchanged(DESIRED, live(), "them")
    assert owned(live(), "kubectl") == {}  # an Update is not an Apply
    assert owned(None, "us") == {}


def test_projection_shows_owned_fields_only() -> None:
    shown = project(live(), FIELDS)
    assert shown["metadata"] == {"labels": {"a": "b"}}
    assert "paused" not in shown["spec"]
    assert "imagePullPolicy" not in container(shown)
    assert container(shown)["ports"] == [{"containerPort": 80, "protocol": "TCP"}]


def test_union_keeps_whole_values_whole() -> None:
    assert union({"f:a": {"f:b": {}}}, {"f:a": {"f:c": {}}, "f:d": {}}) == {"f:a": {"f:b": {}, "f:c": {}}, "f:d": {}}
    assert union({"f:a": {}}, {"f:a": {"f:c": {}}}) == {"f:a": {}}


def test_a_diff_shows_what_changed_and_no_more() -> None:
    after = live()
    after["spec"]["replicas"] = 3
    shown = difference(live(), after, "us")
    assert shown["before_header"] == "Deployment n/d"
    assert "replicas: 1" in shown["before"]
    assert "replicas: 3" in shown["after"]
    assert "managedFields" not in str(shown)
    assert "imagePullPolicy" not in str(shown)


def test_a_diff_never_shows_secrets() -> None:
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "hunter2"}},
        "data": {"a": "aHVudGVyMg=="},
        "stringData": {"b": "hunter2"},
    }
    shown = difference(None, secret, "us", predicted=True)
    assert shown["after_header"] == "Secret s (predicted)"
    assert "hunter2" not in str(shown)
    assert "aHVudGVyMg" not in str(shown)
    assert shown["after"].count(digest("hunter2")) == 2  # the same value has the same hash, however it is written
    assert redact({"kind": "ConfigMap", "data": {"a": "b"}})["data"] == {"a": "b"}


def test_texts_are_scrubbed_of_every_form_of_a_value() -> None:
    secret = {"kind": "Secret", "data": {"a": "aHVudGVyMg==", "b": "YQ=="}}
    assert scrub("no hunter2, no aHVudGVyMg==, but a", secret_values(secret)) == "no ********, no ********, but a"


def test_only_our_fields_tell_whether_an_apply_changed_something() -> None:
    answer = live()
    answer["metadata"]["resourceVersion"] = "7"
    answer["status"] = {"observedGeneration": 3}  # written by its controller meanwhile
    answer["metadata"]["managedFields"].reverse()
    assert not touched(live(), answer, "us")
    changed = copy.deepcopy(answer)
    container(changed)["image"] = "other"
    assert touched(live(), changed, "us")
    owning_less = copy.deepcopy(answer)
    del owned(owning_less, "us")["f:metadata"]
    assert touched(live(), owning_less, "us")


def test_taking_fields_back_is_no_change_as_long_as_they_are_the_same() -> None:
    robbed = live()
    del owned(robbed, "us")["f:spec"]
    assert not unchanged(DESIRED, robbed, "us")
    assert not touched(robbed, live(), "us")
    changed = live()
    container(changed)["image"] = "other"
    assert touched(robbed, changed, "us")
    foreign = live()
    foreign["metadata"]["managedFields"] = []
    assert touched(foreign, live(), "us"), "what was never ours is taken over"


def test_prediction_without_the_server() -> None:
    assert predict(DESIRED, None) == "created"
    assert predict(DESIRED, live()) == "unchanged"
    assert predict({**DESIRED, "spec": {"replicas": 2}}, live()) == "updated"
    assert covers({"a": [1, {"b": 2, "c": 3}]}, {"a": [1, {"b": 2}]})
    assert not covers({"a": [1]}, {"a": [1, 2]})
