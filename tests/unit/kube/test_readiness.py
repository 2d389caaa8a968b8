# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The readiness table: what an object says, and what we make of it."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.wait import (
    hopeless,
    pod_problem,
    readiness,
)


def obj(
    api_version: str, kind: str, status: dict[str, Any] | None, spec: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "x", "namespace": "n", "generation": 2},
        "spec": spec or {},
        "status": status or {},
    }


def conditions(**states: str) -> dict[str, Any]:
    return {"observedGeneration": 2, "conditions": [{"type": name, "status": state} for name, state in states.items()]}


ROLLED = {"observedGeneration": 2, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2, "readyReplicas": 2}
TWO = {"replicas": 2}
TABLE = [
    ("deployment rolled out", obj("apps/v1", "Deployment", ROLLED, TWO), True, "2/2"),
    ("deployment without status", obj("apps/v1", "Deployment", None, TWO), False, "has not seen"),
    (
        "deployment observed too old",
        obj("apps/v1", "Deployment", {**ROLLED, "observedGeneration": 1}, TWO),
        False,
        "has not seen",
    ),
    ("deployment half way", obj("apps/v1", "Deployment", {**ROLLED, "availableReplicas": 1}, TWO), False, "1/2"),
    ("deployment with old replicas", obj("apps/v1", "Deployment", {**ROLLED, "replicas": 3}, TWO), False, "1 old"),
    (
        "deployment scaled to zero",
        obj("apps/v1", "Deployment", {"observedGeneration": 2}, {"replicas": 0}),
        True,
        "0/0",
    ),
    (
        "deployment stuck",
        obj(
            "apps/v1",
            "Deployment",
            {
                **ROLLED,
                "availableReplicas": 0,
                "conditions": [
                    {
                        "type": "Progressing",
                        "status": "False",
                        "reason": "ProgressDeadlineExceeded",
                        "message": "timed out",
                    }
                ],
            },
            TWO,
        ),
        False,
        "timed out",
    ),
    (
        "deployment refused by a quota",
        obj(
            "apps/v1",
            "Deployment",
            {
                **ROLLED,
                "availableReplicas": 0,
                "conditions": [{"type": "ReplicaFailure", "status": "True", "message": "exceeded quota"}],
            },
            TWO,
        ),
        False,
        "exceeded quota",
    ),
    ("stateful set ready", obj("apps/v1", "StatefulSet", ROLLED, TWO), True, "2/2"),
    (
        "stateful set updating",
        obj(
            "apps/v1",
            "StatefulSet",
            {**ROLLED, "updatedReplicas": 1, "updateRevision": "b", "currentRevision": "a"},
            TWO,
        ),
        False,
        "1/2 updated",
    ),
    ("stateful set not ready", obj("apps/v1", "StatefulSet", {**ROLLED, "readyReplicas": 0}, TWO), False, "0/2"),
    (
        "daemon set on all nodes",
        obj(
            "apps/v1",
            "DaemonSet",
            {"observedGeneration": 2, "desiredNumberScheduled": 3, "numberAvailable": 3, "updatedNumberScheduled": 3},
        ),
        True,
        "3/3",
    ),
    (
        "daemon set on some nodes",
        obj(
            "apps/v1",
            "DaemonSet",
            {"observedGeneration": 2, "desiredNumberScheduled": 3, "numberAvailable": 2, "updatedNumberScheduled": 3},
        ),
        False,
        "2/3",
    ),
    ("job running", obj("batch/v1", "Job", {"active": 1}), False, "1 active"),
    ("job done", obj("batch/v1", "Job", conditions(Complete="True")), True, "completed"),
    ("job failed", obj("batch/v1", "Job", conditions(Failed="True")), False, "Failed is True"),
    (
        "crd established",
        obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", conditions(Established="True")),
        True,
        "established",
    ),
    ("crd new", obj("apiextensions.k8s.io/v1", "CustomResourceDefinition", None), False, "not established"),
    (
        "crd names taken",
        obj(
            "apiextensions.k8s.io/v1", "CustomResourceDefinition", conditions(NamesAccepted="False", Established="True")
        ),
        False,
        "NamesAccepted is False",
    ),
    ("api service up", obj("apiregistration.k8s.io/v1", "APIService", conditions(Available="True")), True, "True"),
    ("api service new", obj("apiregistration.k8s.io/v1", "APIService", None), False, "not available"),
    ("claim bound", obj("v1", "PersistentVolumeClaim", {"phase": "Bound"}), True, "Bound"),
    ("claim pending", obj("v1", "PersistentVolumeClaim", {"phase": "Pending"}), False, "Pending"),
    ("cluster ip service", obj("v1", "Service", None, {"type": "ClusterIP"}), True, "ready"),
    ("load balancer without address", obj("v1", "Service", None, {"type": "LoadBalancer"}), False, "address"),
    (
        "load balancer",
        obj("v1", "Service", {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}, {"type": "LoadBalancer"}),
        True,
        "address",
    ),
    ("pod running", obj("v1", "Pod", {"phase": "Running", **conditions(Ready="True")}), True, "running"),
    ("pod not ready", obj("v1", "Pod", {"phase": "Running", **conditions(Ready="False")}), False, "Running"),
    ("pod done", obj("v1", "Pod", {"phase": "Succeeded"}), True, "succeeded"),
    ("custom resource ready", obj("x.io/v1", "Foo", conditions(Ready="True")), True, "ready"),
    ("custom resource not ready", obj("x.io/v1", "Foo", conditions(Ready="False")), False, "Ready is False"),
    ("custom resource unknown", obj("x.io/v1", "Foo", conditions(Ready="Unknown")), False, "Ready is Unknown"),
    ("custom resource without conditions", obj("x.io/v1", "Foo", None), True, "ready"),
    ("custom resource observed too old", obj("x.io/v1", "Foo", {"observedGeneration": 1}), False, "has not seen"),
    (
        "gateway not programmed",
        obj("x.io/v1", "Gateway", conditions(Accepted="True", Programmed="False")),
        False,
        "Programmed",
    ),
    ("config map", obj("v1", "ConfigMap", None), True, "ready"),
]


@pytest.mark.parametrize(("manifest", "ready", "phrase"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_readiness(manifest: dict[str, Any], ready: bool, phrase: str) -> None:
    got, why = readiness(manifest)
    assert got is ready
    assert phrase in why


def test_what_is_being_deleted_is_not_ready() -> None:
    manifest = obj("apps/v1", "Deployment", ROLLED, TWO)
    manifest["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    assert readiness(manifest) == (False, "being deleted")


def test_only_a_failed_job_is_hopeless() -> None:
    assert "Failed" in hopeless(obj("batch/v1", "Job", conditions(Failed="True")))
    assert not hopeless(obj("batch/v1", "Job", conditions(Complete="True")))
    assert not hopeless(obj("x.io/v1", "Foo", conditions(Failed="True")))


@pytest.mark.parametrize(
    ("status", "phrase"),
    [
        (
            {"containerStatuses": [{"name": "c", "state": {"waiting": {"reason": "ImagePullBackOff"}}}]},
            "c: ImagePullBackOff",
        ),
        (
            {
                "initContainerStatuses": [{"name": "i", "state": {"waiting": {"reason": "CrashLoopBackOff"}}}],
                "containerStatuses": [{"name": "c", "state": {"waiting": {"reason": "PodInitializing"}}}],
            },
            "i: CrashLoopBackOff",
        ),
        (
            {"containerStatuses": [{"name": "c", "state": {"terminated": {"exitCode": 3, "reason": "Error"}}}]},
            "exit code 3",
        ),
        (
            {
                "conditions": [
                    {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no nodes"}
                ]
            },
            "Unschedulable: no nodes",
        ),
        ({}, ""),
    ],
)
def test_what_keeps_a_pod_from_running(status: dict[str, Any], phrase: str) -> None:
    assert phrase in pod_problem(obj("v1", "Pod", status))
