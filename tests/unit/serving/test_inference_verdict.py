# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster shows of an InferenceService, whether it serves, and where its traffic can go."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.serving.errors import OptionError
from ansible_collections.bentobox.platform.plugins.module_utils.serving.inference_lag import lag
from ansible_collections.bentobox.platform.plugins.module_utils.serving.inference_traffic import Move, plan
from ansible_collections.bentobox.platform.plugins.module_utils.serving.inference_verdict import (
    GRACE_SILENCE,
    GRACE_SPEC,
    Scene,
    heard_of,
    judge,
    judge_traffic,
    still_serving,
    storage_hint,
)
from ansible_collections.bentobox.platform.plugins.module_utils.serving.verdict import DONE, FAILED, STUCK, WORKING

from .objects import ended, event, meta, pod, status, waiting

URI = "s3://m/iris"
SOURCE = "internal.serving.kserve.io/storage-initializer-sourceuri"
READY = dict.fromkeys(("PredictorReady", "LatestDeploymentReady", "RoutesReady", "IngressReady", "Ready"), ("True",))
R1, R2 = "iris-predictor-00001", "iris-predictor-00002"


def service(conditions=None, component=None, raw=False, uri=URI, **predictor):
    model = {"modelFormat": {"name": "sklearn"}, "storageUri": uri, **predictor.pop("model", {})}
    annotations = {"serving.kserve.io/deploymentMode": "RawDeployment"} if raw else {}
    told = status(**(READY if conditions is None else conditions))
    told["components"] = {"predictor": component or {"latestReadyRevision": R1}}
    return {
        "kind": "InferenceService",
        "metadata": meta("iris", "isvc", annotations=annotations),
        "spec": {"predictor": {"model": model, **predictor}},
        "status": told,
    }


def template(uri=URI, env=(), resources=None, annotations=None, **pod_spec):
    main = {"name": "kserve-container", "image": "x:v1", "env": list(env), "resources": resources or {}}
    return {
        "metadata": {"annotations": {SOURCE: uri, **(annotations or {})}},
        "spec": {"containers": [main], **pod_spec},
    }


def knative(newest=R1, latest=100, made=None, **more):
    return {
        "kind": "Service",
        "metadata": meta("iris-predictor", "ksvc", "isvc", generation=2),
        "spec": {"template": made or template(), "traffic": [{"latestRevision": True, "percent": latest}]},
        "status": {"observedGeneration": 2, "latestCreatedRevisionName": newest, **more},
    }


def revision(name=R1, **conditions):
    ready = conditions or {"Ready": ("True",)}
    return {"kind": "Revision", "metadata": meta(name, f"u-{name}", "ksvc"), "status": status(**ready)}


def model_pod(name=R1, **given):
    made = pod(f"{name}-x", f"p-{name}", "rs", **given)
    made["metadata"]["labels"] = {"serving.knative.dev/revision": name}
    return made


def deployment(name=R1, **counts):
    labels = {"serving.knative.dev/revision": name}
    return {"kind": "Deployment", "metadata": meta(name, f"d-{name}", labels=labels), "spec": {}, "status": counts}


def scene(isvc=None, **given):
    parts = {"knative": knative(), "revisions": [revision()], **given}
    return Scene(isvc or service(), **parts)


def test_ready_with_no_pod_at_all() -> None:
    assert judge(scene(service(minReplicas=0), knative=knative(made=template(annotations=SCALE_0)))).state == DONE


SCALE_0 = {"autoscaling.knative.dev/min-scale": "0"}


@pytest.mark.parametrize("kind", sorted(READY))
def test_every_condition_counts(kind) -> None:
    verdict = judge(scene(service({**READY, kind: ("Unknown", "soon")})))
    assert verdict.state == WORKING
    assert f"{kind} is Unknown" in verdict.reason


def test_kserve_does_not_report_what_knative_has_yet() -> None:
    newer = {"knative": knative(R2, traffic=parts(**{R2: 100})), "revisions": [revision(R2)]}
    stale = service(component=component(R1, R1, R1, traffic=parts(**{R1: 100})))
    assert judge(scene(stale, **newer)).reason == f"revision {R2} is ready, KServe does not report it yet"
    half = service(component=component(R2, R2, R1, traffic=parts(**{R1: 100})))
    assert judge(scene(half, **newer)).reason == "KServe does not report the traffic of the Knative Service yet"
    assert judge(scene(service(component=component(R2, R2, R2, traffic=parts(**{R2: 100}))), **newer)).state == DONE


def test_knative_has_not_seen_the_change() -> None:
    old = knative()
    old["status"]["observedGeneration"] = 1
    assert judge(scene(knative=old)).state == WORKING


@pytest.mark.parametrize(
    ("wanted", "made", "text"),
    [
        ({"uri": "s3://m/new"}, {}, "still loads s3://m/iris instead of s3://m/new"),
        ({"model": {"env": [{"name": "A", "value": "2"}]}}, {"env": [{"name": "A", "value": "1"}]}, "new value of A"),
        ({"model": {"resources": {"limits": {"cpu": "1"}}}}, {"resources": {"limits": {"cpu": "2"}}}, "limits cpu 1"),
        ({"model": {"runtimeVersion": "v2"}}, {}, "image tag v2"),
        ({"serviceAccountName": "models"}, {}, "service account models"),
        ({"minReplicas": 2}, {"annotations": {"autoscaling.knative.dev/min-scale": "1"}}, "minReplicas 2"),
        ({"minReplicas": 0}, {"annotations": {"autoscaling.knative.dev/min-scale": "1"}}, "minReplicas 0"),
        ({"maxReplicas": 2}, {}, "maxReplicas 2"),
        ({"canaryTrafficPercent": 10, "component": {"latestRolledoutRevision": R1}}, {}, "100 percent"),
    ],
)
def test_lag(wanted, made, text) -> None:
    verdict = judge(scene(service(**wanted), knative=knative(made=template(**made))))
    assert verdict.state == STUCK
    assert text in verdict.reason


def test_no_lag() -> None:
    equal = service(model={"resources": {"limits": {"cpu": "1"}}}, maxReplicas=0, canaryTrafficPercent=10)
    assert lag(equal, knative(made=template(resources={"limits": {"cpu": "1000m"}}))) == ""
    assert "still has OLD" in lag(service(), knative(made=template(env=[{"name": "OLD"}])), {"OLD"})
    own = service()
    own["spec"]["predictor"] = {"containers": [{"name": "mine"}]}
    assert lag(own, knative(made={"spec": {"containers": [{"name": "mine"}]}})) == ""


def test_kserve_says_why_it_made_nothing() -> None:
    refused = service({})
    info = {"reason": "NoSupportingRuntime", "message": "No runtime found"}
    refused["status"]["modelStatus"] = {"transitionStatus": "InvalidSpec", "lastFailureInfo": info}
    verdict = judge(scene(refused, knative=None))
    assert (verdict.state, verdict.reason) == (STUCK, "KServe says: NoSupportingRuntime: No runtime found")
    told = judge(scene(service({}), knative=None, events=[event("isvc", "InternalError", "no Knative")]))
    assert told.reason == "KServe says: InternalError: no Knative"
    silent = judge(scene(service({}), knative=None))
    assert silent.grace > 60
    assert "Knative Service iris-predictor is not made yet" in silent.reason


def test_what_kserve_said_before_the_change_is_no_answer_to_it() -> None:
    refused, info = service({}), {"reason": "NoSupportingRuntime", "time": "2026-11-21T10:00:00Z"}
    refused["status"]["modelStatus"] = {"transitionStatus": "InvalidSpec", "lastFailureInfo": info}
    seen = scene(refused, knative=None, events=[event("isvc", "InternalError", "no Knative")])
    heard = heard_of(copy.deepcopy(seen))
    assert judge(seen, heard=heard).grace == GRACE_SILENCE
    info["time"] = "2026-11-21T10:09:00Z"
    assert judge(seen, heard=heard).grace == GRACE_SPEC
    refused["status"]["modelStatus"]["transitionStatus"] = "InProgress"
    assert judge(seen, heard=heard).grace == GRACE_SILENCE
    seen.events.append(event("isvc", "InternalError", "no Knative", version="2"))
    assert judge(seen, heard=heard).grace == GRACE_SPEC


def test_an_old_failure_is_not_told_again() -> None:
    fine = service()
    fine["status"]["modelStatus"] = {"transitionStatus": "UpToDate", "lastFailureInfo": {"reason": "ModelLoadFailed"}}
    assert judge(scene(fine)).state == DONE


COMING = [revision(Ready=("Unknown",))]


@pytest.mark.parametrize(
    ("given", "state", "text"),
    [
        ({"pods": [model_pod(initContainerStatuses=[ended("storage-initializer", 1)])]}, STUCK, "storage-initializer"),
        (
            {"pods": [model_pod(containerStatuses=[waiting("kserve-container", "ImagePullBackOff", "no such tag")])]},
            STUCK,
            "cannot get its image",
        ),
        (
            {"pods": [model_pod(containerStatuses=[ended("kserve-container", 137, "OOMKilled")])]},
            STUCK,
            "OOMKilled (it needs more memory than its limit)",
        ),
        (
            {"workloads": [{**deployment(), "status": status(ReplicaFailure=("True", "exceeded quota: q"))}]},
            STUCK,
            "cannot make its pods: exceeded quota: q",
        ),
        (
            {"pods": [model_pod()], "events": [event(f"p-{R1}", "Unhealthy", "Readiness probe failed: 503")]},
            WORKING,
            "Readiness probe failed: 503",
        ),
    ],
)
def test_what_keeps_a_revision_from_coming_up(given, state, text) -> None:
    verdict = judge(scene(service({}), revisions=COMING, **given))
    assert verdict.state == state
    assert text in verdict.reason


def test_a_failed_revision_without_pods() -> None:
    verdict = judge(scene(service({}), revisions=[revision(Ready=("False", "Container failed with: boom"))]))
    assert verdict.state == STUCK
    assert f"revision {R1} failed: Reconciling: Container failed with: boom" in verdict.reason


def test_pods_of_older_revisions_do_not_count() -> None:
    old = model_pod(R1, containerStatuses=[ended("kserve-container", 1)])
    verdict = judge(scene(service({}), knative=knative(R2), revisions=[revision(R2, Ready=("Unknown",))], pods=[old]))
    assert verdict.state == WORKING


def test_raw_mode_is_a_deployment() -> None:
    made = {
        "kind": "Deployment",
        "metadata": meta("iris-predictor", "dep", "isvc", generation=1),
        "spec": {"replicas": 1, "template": template()},
        "status": {"observedGeneration": 1, "replicas": 1, "updatedReplicas": 1, "availableReplicas": 1},
    }
    raw = service({"PredictorReady": ("True",), "IngressReady": ("True",), "Ready": ("True",)}, raw=True)
    assert judge(Scene(raw, workloads=[made])).state == DONE
    half = copy.deepcopy(made)
    half["status"] |= {"updatedReplicas": 1, "replicas": 2}
    verdict = judge(Scene(raw, workloads=[half]))
    assert verdict.state == WORKING
    assert still_serving(Scene(raw, workloads=[half])) == "the version before keeps serving, with pods: 1"
    assert judge(Scene(raw)).reason == "Deployment iris-predictor is not made yet"
    assert judge(Scene(None)).state == FAILED


def parts(**shares):
    return [{"revisionName": name, "percent": percent} for name, percent in shares.items()]


def component(newest, ready, rolled_out, previous="", traffic=()):
    return {
        "latestCreatedRevision": newest,
        "latestReadyRevision": ready,
        "latestRolledoutRevision": rolled_out,
        "previousRolledoutRevision": previous,
        "traffic": list(traffic),
    }


def test_who_keeps_serving() -> None:
    split = [{"revisionName": R2, "percent": 0}, {"revisionName": R1, "percent": 100}]
    isvc = service(component=component(R2, R1, R1, traffic=split))
    assert still_serving(scene(isvc, knative=knative(R2))) == f"the revision before keeps serving: {R1} (100 percent)"
    assert still_serving(scene(service(component=component(R1, R1, R1, traffic=split[1:])))) == ""


def test_traffic_went_back() -> None:
    routes = {"PredictorRouteReady": ("True",), "IngressReady": ("True",), "Ready": ("False", "newest failed")}
    moved = [{"revisionName": R2, "percent": 0}, {"revisionName": R1, "percent": 100}]
    isvc = service(routes, component=component(R2, R1, R1, traffic=moved))
    assert judge_traffic(scene(isvc), R1).state == DONE
    assert judge_traffic(scene(isvc), R2).reason == f"revision {R2} has 0 percent of the traffic"
    waits = service({**routes, "PredictorRouteReady": ("Unknown",)}, component=component(R2, R1, R1, traffic=moved))
    assert "PredictorRouteReady is Unknown" in judge_traffic(scene(waits), R1).reason


def applied(isvc):
    """As if this collection had applied all of its specification but the canary."""
    fields = {f"f:{key}": {} for key in isvc["spec"]["predictor"] if key != "canaryTrafficPercent"}
    entry = {"manager": "bentobox.platform", "operation": "Apply", "fieldsV1": {"f:spec": {"f:predictor": fields}}}
    isvc["metadata"]["managedFields"] = [entry]
    return isvc


def planned(move, reported, percent=None, raw=False, revisions=(R1, R2)):
    more = {} if percent is None else {"canaryTrafficPercent": percent}
    isvc = applied(service(component=reported, raw=raw, **more))
    return plan(move, isvc, scene(isvc, revisions=[revision(name) for name in revisions]))


def test_promotion() -> None:
    made = planned(Move.PROMOTE, component(R2, R2, R1), percent=10)
    assert made.target == R2
    assert made.desired["spec"]["predictor"]["canaryTrafficPercent"] == 100
    assert made.desired["spec"]["predictor"]["model"]["storageUri"] == URI
    assert planned(Move.PROMOTE, component(R2, R2, R2), percent=100).desired is None
    assert planned(Move.PROMOTE, component(R1, R1, R1)).desired is None
    with pytest.raises(OptionError, match=f"newest revision {R2} .* is not ready"):
        planned(Move.PROMOTE, component(R2, R1, R1), percent=10)


def test_roll_back() -> None:
    canary = planned(Move.ROLLBACK, component(R2, R2, R1), percent=10)
    assert (canary.target, canary.desired["spec"]["predictor"]["canaryTrafficPercent"]) == (R1, 0)
    failed = planned(Move.ROLLBACK, component(R2, R1, R1))
    assert (failed.target, failed.desired is None) == (R1, False)
    all_of_it = planned(Move.ROLLBACK, component(R2, R2, R2, previous=R1))
    assert (all_of_it.target, all_of_it.desired is None) == (R1, False)
    again = planned(Move.ROLLBACK, component(R2, R2, R1, previous=R1), percent=0)
    assert (again.target, again.desired) == (R1, None)


@pytest.mark.parametrize(
    ("move", "reported", "more", "text"),
    [
        (Move.ROLLBACK, component(R1, R1, R1), {}, "has no earlier revision"),
        (Move.ROLLBACK, component(R2, R2, R1), {"revisions": (R2,)}, "garbage collection"),
        (Move.ROLLBACK, component("", "", ""), {}, "has no revision yet"),
        (Move.PROMOTE, component(R2, R2, R1), {"raw": True}, "has no revisions"),
    ],
)
def test_nowhere_to_go(move, reported, more, text) -> None:
    with pytest.raises(OptionError, match=text):
        planned(move, reported, **more)


def test_the_last_line_of_a_log_is_what_counts() -> None:
    """Kubernetes hands the end of the log over as the container's last message; its times differ with each run."""
    log = "2026-11-26 16:10:11 INFO Initializing\nTraceback (most recent call last):\nRuntimeError: URI gave a 404\n"
    broken = ended("storage-initializer", 1)
    broken["state"]["terminated"]["message"] = log
    verdict = judge(scene(service({}), revisions=COMING, pods=[model_pod(initContainerStatuses=[broken])]))
    assert verdict.reason.endswith("ended with exit code 1: RuntimeError: URI gave a 404")


@pytest.mark.parametrize(
    ("log", "text"),
    [
        ("botocore: An error occurred (404) when calling HeadObject: Not Found", "there is nothing at"),
        ("RuntimeError: Failed to fetch model. No model found in m/iris.", "there is nothing at"),
        ("(403) when calling the HeadObject operation: Forbidden", "may not be read; name a service_account"),
        ("NoCredentialsError: Unable to locate credentials", "may not be read"),
        ("Failed to resolve 's3': Temporary failure in name resolution", "cannot be reached from the pod"),
        ("ValueError: Cannot recognize storage type for ftp://x", "KServe cannot load from"),
        ("all well", ""),
    ],
)
def test_storage_hint(log, text) -> None:
    hint = storage_hint(URI, log)
    assert text in hint
    assert bool(hint) == bool(text)
