# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster shows of a BentoDeployment, and whether it serves."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.serving.deployment_verdict import (
    GRACE_OPERATOR,
    GRACE_SILENCE,
    Scene,
    judge,
)
from ansible_collections.bentobox.platform.plugins.module_utils.serving.pods import conditions
from ansible_collections.bentobox.platform.plugins.module_utils.serving.verdict import DONE, FAILED, STUCK, WORKING

from .objects import bento, ended, event, meta, pod, request, status, waiting

IMAGE = "reg:5000/b:yatai.lin.v1"
REVISION = {"deployment.kubernetes.io/revision": "2"}


def bento_deployment(**spec):
    conditions = spec.pop("conditions", {"Available": ("True",)})
    return {
        "kind": "BentoDeployment",
        "metadata": meta("lin", "bd"),
        "spec": {"bento": "lin--v1", "ingress": {"enabled": False}, **spec},
        "status": status(**conditions),
    }


def workload(name="lin", image=IMAGE, replicas=1, env=None, resources=None, version="v1", **counts):
    main = {"name": "main", "image": image, "env": env or [], "resources": resources or {}}
    template = {"metadata": {"labels": {"yatai.ai/bento-version": version}}, "spec": {"containers": [main]}}
    numbers = {
        "observedGeneration": 3,
        "replicas": replicas,
        "updatedReplicas": replicas,
        "availableReplicas": replicas,
    }
    return {
        "kind": "Deployment",
        "metadata": meta(name, f"d-{name}", "bd", generation=3, annotations=REVISION),
        "spec": {"replicas": replicas, "template": template},
        "status": {**numbers, **counts},
    }


def scaler(name="lin", low=1, high=1):
    return {
        "kind": "HorizontalPodAutoscaler",
        "metadata": meta(name, f"h-{name}", "bd"),
        "spec": {"minReplicas": low, "maxReplicas": high},
    }


def replica_set(uid="rs2", revision="2", name="lin"):
    return {
        "kind": "ReplicaSet",
        "metadata": meta(uid, uid, f"d-{name}", annotations={"deployment.kubernetes.io/revision": revision}),
    }


def scene(**changes):
    """One that serves, with changes."""
    first = {
        "deployment": bento_deployment(),
        "bento": bento(),
        "workloads": [workload()],
        "scalers": [scaler()],
        "replica_sets": [replica_set("rs1", "1"), replica_set()],
        "pods": [pod("lin-a", "a", "rs2")],
    }
    return Scene(**{**first, **changes})


def down(*pods, **more):
    """One replica that is not up, with these pods of the newest revision."""
    return scene(workloads=[workload(availableReplicas=0, **more)], pods=list(pods))


RUNNERS = bento(runners=[{"name": "r0"}, {"name": "r1"}])
UNSCHEDULABLE = [
    {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "Insufficient memory"}
]
QUOTA = [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota: tight"}]
INGRESS = {"kind": "Ingress", "metadata": meta("lin", "ing", "bd"), "spec": {}}

CASES = [
    ("serves", scene(), DONE, ""),
    ("deleted", scene(deployment=None), FAILED, "was deleted"),
    # -- the Bento
    ("no Bento, no request", scene(bento=None), STUCK, "no Bento lin--v1 and no BentoRequest"),
    ("being built", scene(bento=None, request=request(BentoAvailable=("Unknown",))), WORKING, "is being built"),
    (
        "cannot be built",
        scene(bento=None, request=request(BentoAvailable=("False", "no"))),
        STUCK,
        "cannot be built: no",
    ),
    # -- the operator
    (
        "never touched",
        scene(deployment=bento_deployment(conditions={}), workloads=[], scalers=[]),
        STUCK,
        "has not touched",
    ),
    ("Available, but nothing is there yet", scene(workloads=[], scalers=[]), WORKING, "Deployment lin is missing"),
    (
        "Yatai restarts",
        scene(deployment=bento_deployment(conditions={"Available": ("False", "dial tcp: refused")}), workloads=[]),
        WORKING,
        "dial tcp",
    ),
    (
        "the operator is refused",
        scene(
            deployment=bento_deployment(
                conditions={"Available": ("False", "deployments is forbidden: exceeded quota")}
            ),
            workloads=[],
        ),
        STUCK,
        "yatai-deployment says: deployments is forbidden",
    ),
    ("still the old image", scene(workloads=[workload(image="old")]), WORKING, "still has image old"),
    ("same image name, older version", scene(workloads=[workload(version="v0")]), WORKING, "bento version v0"),
    (
        "new variable not there yet",
        scene(
            deployment=bento_deployment(envs=[{"name": "A", "value": "2"}]),
            workloads=[workload(env=[{"name": "A", "value": "1"}])],
        ),
        WORKING,
        "does not have the new value of A",
    ),
    (
        "variables are there",
        scene(
            deployment=bento_deployment(envs=[{"name": "A", "value": "2"}]),
            workloads=[workload(env=[{"name": "PORT", "value": "3000"}, {"name": "A", "value": "2"}])],
        ),
        DONE,
        "",
    ),
    (
        "new limit not there yet",
        scene(
            deployment=bento_deployment(resources={"limits": {"memory": "2Gi"}}),
            workloads=[workload(resources={"limits": {"memory": "1Gi"}})],
        ),
        WORKING,
        "limits memory 2Gi",
    ),
    (
        "the same limit in other words, and a GPU",
        scene(
            deployment=bento_deployment(
                resources={"limits": {"memory": "2Gi", "gpu": "1"}, "requests": {"cpu": "0.5"}}
            ),
            workloads=[
                workload(resources={"limits": {"memory": "2048Mi", "nvidia.com/gpu": "1"}, "requests": {"cpu": "500m"}})
            ],
        ),
        DONE,
        "",
    ),
    # -- runners
    (
        "one runner is missing",
        scene(
            bento=RUNNERS, workloads=[workload(), workload("lin-runner-0")], scalers=[scaler(), scaler("lin-runner-0")]
        ),
        WORKING,
        "lin-runner-1 is missing",
    ),
    (
        "all runners serve",
        scene(
            bento=RUNNERS,
            workloads=[workload(), workload("lin-runner-0"), workload("lin-runner-1")],
            scalers=[scaler(), scaler("lin-runner-0"), scaler("lin-runner-1")],
        ),
        DONE,
        "",
    ),
    (
        "a runner's own variables",
        scene(
            bento=RUNNERS,
            deployment=bento_deployment(runners=[{"name": "r1", "envs": [{"name": "A", "value": "1"}]}]),
            workloads=[workload(), workload("lin-runner-0"), workload("lin-runner-1")],
            scalers=[scaler(), scaler("lin-runner-0"), scaler("lin-runner-1")],
        ),
        WORKING,
        "lin-runner-1 does not have the new value of A",
    ),
    # -- roll-out
    ("controller is behind", scene(workloads=[workload(observedGeneration=2)]), WORKING, "not seen by its controller"),
    (
        "old pods are left",
        scene(workloads=[workload(replicas=2, replicas_=0, updatedReplicas=1)]),
        WORKING,
        "1 of 2 replicas are new",
    ),
    ("not ready yet", down(pod("lin-a", "a", "rs2")), WORKING, "0 of 1 are up"),
    ("scaled to nothing", scene(workloads=[workload(replicas=0)]), WORKING, "0 of 0"),
    (
        "quota",
        scene(workloads=[{**workload(availableReplicas=0), "status": {"observedGeneration": 3, "conditions": QUOTA}}]),
        STUCK,
        "cannot make its pods: exceeded quota",
    ),
    (
        "progress deadline",
        scene(
            workloads=[
                workload(
                    availableReplicas=0,
                    conditions=[
                        {
                            "type": "Progressing",
                            "status": "False",
                            "reason": "ProgressDeadlineExceeded",
                            "message": "timed out",
                        }
                    ],
                )
            ]
        ),
        FAILED,
        "timed out",
    ),
    # -- pods
    (
        "image",
        down(
            pod(
                "lin-a",
                "a",
                "rs2",
                "Pending",
                containerStatuses=[waiting("main", "ImagePullBackOff", "Back-off", IMAGE)],
            )
        ),
        STUCK,
        f"cannot get its image {IMAGE}: ImagePullBackOff",
    ),
    ("no node", down(pod("lin-a", "a", "rs2", "Pending", conditions=UNSCHEDULABLE)), STUCK, "Insufficient memory"),
    (
        "first crash",
        down(pod("lin-a", "a", "rs2", containerStatuses=[ended("main", 1)])),
        STUCK,
        "container main of Pod lin-a ended",
    ),
    (
        "second crash",
        down(pod("lin-a", "a", "rs2", containerStatuses=[waiting("main", "CrashLoopBackOff", restarts=2, last=1)])),
        STUCK,
        "ends again and again, last with exit code 1",
    ),
    (
        "crash loop",
        down(pod("lin-a", "a", "rs2", containerStatuses=[waiting("main", "CrashLoopBackOff", restarts=3, last=1)])),
        FAILED,
        "ends again and again, last with exit code 1",
    ),
    (
        "the sidecar crashes",
        down(
            pod(
                "lin-a",
                "a",
                "rs2",
                containerStatuses=[
                    {"name": "main", "state": {"running": {}}},
                    waiting("proxy", "CrashLoopBackOff", restarts=4, last=1),
                ],
            )
        ),
        FAILED,
        "container proxy",
    ),
    (
        "an older revision crashes while the new one starts",
        down(
            pod("lin-old", "o", "rs1", containerStatuses=[waiting("main", "CrashLoopBackOff", restarts=9, last=1)]),
            pod("lin-new", "n", "rs2", "Pending"),
        ),
        WORKING,
        "0 of 1 are up",
    ),
    (
        "missing Secret",
        down(
            pod(
                "lin-a",
                "a",
                "rs2",
                "Pending",
                containerStatuses=[waiting("main", "CreateContainerConfigError", 'secret "x" not found')],
            )
        ),
        STUCK,
        'secret "x" not found',
    ),
    (
        "a runner crashes while the API server is fine",
        scene(
            bento=bento(runners=[{"name": "r0"}]),
            workloads=[workload(), workload("lin-runner-0", availableReplicas=0)],
            scalers=[scaler(), scaler("lin-runner-0")],
            replica_sets=[replica_set("rsr", name="lin-runner-0")],
            pods=[pod("r", "r", "rsr", containerStatuses=[waiting("main", "CrashLoopBackOff", restarts=5, last=2)])],
        ),
        FAILED,
        "container main of Pod r ends again and again, last with exit code 2",
    ),
    # -- scaling
    ("no autoscaler", scene(scalers=[]), WORKING, "HorizontalPodAutoscaler lin is missing"),
    (
        "autoscaler of before",
        scene(deployment=bento_deployment(autoscaling={"minReplicas": 2, "maxReplicas": 3})),
        WORKING,
        "still allows 1 to 1",
    ),
    (
        "the operator's update has set one replica",
        scene(
            deployment=bento_deployment(autoscaling={"minReplicas": 2, "maxReplicas": 3}),
            scalers=[scaler(low=2, high=3)],
        ),
        WORKING,
        "will be scaled to 2",
    ),
    (
        "scaled",
        scene(
            deployment=bento_deployment(autoscaling={"minReplicas": 2, "maxReplicas": 3}),
            scalers=[scaler(low=2, high=3)],
            workloads=[workload(replicas=3)],
        ),
        DONE,
        "",
    ),
    # -- ingress
    ("no Ingress yet", scene(deployment=bento_deployment(ingress={"enabled": True})), WORKING, "Ingress is missing"),
    ("Ingress", scene(deployment=bento_deployment(ingress={"enabled": True}), ingress=INGRESS), DONE, ""),
    ("Ingress still there", scene(ingress=INGRESS), WORKING, "Ingress is still there"),
    (
        "somebody else's Ingress of that name",
        scene(ingress={**INGRESS, "metadata": meta("lin", "x", "other")}),
        DONE,
        "",
    ),
]


@pytest.mark.parametrize(("name", "shown", "state", "reason"), CASES, ids=[case[0] for case in CASES])
def test_judge(name, shown, state, reason):
    before = copy.deepcopy(shown)
    verdict = judge(shown)
    assert (verdict.state, reason in verdict.reason) == (state, True), verdict
    assert shown == before


def test_removed_variables_are_waited_for():
    shown = scene(workloads=[workload(env=[{"name": "OLD", "value": "1"}])])
    assert judge(shown, {"": {"OLD"}}).reason == "Deployment lin still has OLD"
    assert judge(shown, {"other": {"OLD"}}).state == DONE


def test_probes_say_why_a_pod_is_not_ready():
    shown = down(pod("lin-a", "a", "rs2"))
    shown.events = [event("a", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")]
    assert "statuscode: 503" in judge(shown).reason


def test_liveness_that_fails_ends_containers_well():
    proxy = waiting("proxy", "x", restarts=3) | {"state": {"running": {}}, "ready": False}
    proxy["lastState"] = {"terminated": {"exitCode": 0, "reason": "Completed"}}
    shown = down(pod("lin-a", "a", "rs2", containerStatuses=[proxy]))
    shown.events = [event("a", "Unhealthy", "Liveness probe failed: sh: curl: not found")]
    verdict = judge(shown)
    assert (verdict.state, verdict.container) == (FAILED, "proxy")
    assert "again and again" in verdict.reason
    assert "curl: not found" in verdict.hint
    # One that is well again is no fault.
    proxy["ready"] = True
    assert judge(shown).state == WORKING


def test_log_of_a_crash_is_that_of_the_run_before():
    crashed = pod("lin-a", "a", "rs2", containerStatuses=[waiting("main", "CrashLoopBackOff", restarts=3, last=1)])
    verdict = judge(down(crashed))
    assert (verdict.pod, verdict.container, verdict.previous) == ("lin-a", "main", True)


def test_reason_of_a_crash_loop_is_stable():
    """Its message counts seconds; patience is measured by equal reasons."""
    reasons = {
        judge(
            down(
                pod(
                    "lin-a",
                    "a",
                    "rs2",
                    containerStatuses=[
                        waiting(
                            "main", "CrashLoopBackOff", f"back-off {n}s restarting failed container", restarts=2, last=1
                        )
                    ],
                )
            )
        ).reason
        for n in (10, 20, 40)
    }
    assert len(reasons) == 1


def test_what_was_said_before_the_change_is_no_answer_to_it():
    def refused(*time):
        said = {"Available": ("False", "exceeded quota: tight", *time)}
        return scene(deployment=bento_deployment(conditions=said), workloads=[])

    heard = conditions(refused("10:00").deployment)
    assert judge(refused("10:00"), heard=heard).grace == GRACE_SILENCE
    assert judge(refused("10:09"), heard=heard).grace == GRACE_OPERATOR
