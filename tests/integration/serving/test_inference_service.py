# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module inference_service against a real API server with the real definitions. Tests play KServe and Knative, by
writing what these would make; the Deployments' controllers are real, the kubelet is played, too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bentobox.platform.tests.support.control_plane import ControlPlane
from ansible_collections.bentobox.platform.tests.support.modules import run_playbook

from .conftest import World, kserve_definitions, make_world, warned

Obj = dict[str, Any]
API, KNATIVE = "serving.kserve.io/v1beta1", "serving.knative.dev/v1"
MERGE = "application/merge-patch+json"
STAMP = "2026-01-01T00:00:00Z"
MODEL = {"name": "iris", "model_format": "sklearn", "storage_uri": "s3://models/iris/v1"}
LABEL = "serving.kserve.io/inferenceservice"
SOURCE = "internal.serving.kserve.io/storage-initializer-sourceuri"
ALL = ("PredictorReady", "PredictorRouteReady", "LatestDeploymentReady", "RoutesReady", "IngressReady", "Ready")

GONE_WRONG = {"type": "Ready", "status": "False", "reason": "RevisionMissing", "message": "nothing is ready"}


@pytest.fixture(scope="session")
def kserve(control_plane: ControlPlane, inference_artifacts: Any) -> ControlPlane:
    kserve_definitions(control_plane, inference_artifacts)
    return control_plane


@pytest.fixture
def world(kserve: ControlPlane, request: pytest.FixtureRequest) -> Iterator[World]:
    yield from make_world(kserve, None, request.node.name)


def live(world: World) -> Obj:
    return dict(world.wait(lambda: world.client.get_or_none(API, "InferenceService", "iris", world.namespace)))


def set_status(world: World, api: str, plural: str, name: str, status: Obj) -> None:
    path = f"/apis/{api}/namespaces/{world.namespace}/{plural}/{name}/status"
    world.client.request("PATCH", path, body={"status": status}, content_type=MERGE)


def conditions(**given: str) -> list[Obj]:
    return [{"type": kind, "status": value, "lastTransitionTime": STAMP} for kind, value in given.items()]


class Kserve:
    """KServe's and Knative's part for one InferenceService in Serverless mode."""

    def __init__(self, world: World) -> None:
        self.world, self.number, self.rolled_out, self.previous = world, 0, "", ""

    @property
    def newest(self) -> str:
        return f"iris-predictor-{self.number:05d}"

    def make(self, *, ready: str = "True", new_revision: bool = True) -> None:
        """The Knative Service as asked, its newest revision, and its Deployment without pods."""
        service, world = live(self.world), self.world
        predictor = service["spec"]["predictor"]
        if new_revision:
            self.number += 1
        labels = {LABEL: "iris", "component": "predictor"}
        annotations = {SOURCE: predictor["model"]["storageUri"]}
        for name, key in (("minReplicas", "min-scale"), ("maxReplicas", "max-scale")):
            if predictor.get(name) is not None:
                annotations[f"autoscaling.knative.dev/{key}"] = str(predictor[name])
        main = {"name": "kserve-container", "image": "example.org/sklearnserver:v0.15.0"}
        main |= {key: predictor["model"][key] for key in ("env", "resources") if predictor["model"].get(key)}
        template = {"metadata": {"labels": labels, "annotations": annotations}, "spec": {"containers": [main]}}
        canary = predictor.get("canaryTrafficPercent")
        percent = 100 if canary is None or not self.rolled_out else canary
        traffic: list[Obj] = [{"latestRevision": True, "percent": percent}]
        if percent < 100:
            old = {"revisionName": self.rolled_out, "latestRevision": False, "percent": 100 - percent, "tag": "prev"}
            traffic.append(old)
        metadata = {"name": "iris-predictor", "namespace": world.namespace, "labels": labels}
        knative = {"apiVersion": KNATIVE, "kind": "Service", "metadata": metadata}
        made = world.client.apply(
            {**knative, "spec": {"template": template, "traffic": traffic}}, field_manager="kserve", force=True
        )
        generation = made["metadata"]["generation"]
        serving = self.newest if ready == "True" else self.rolled_out
        shown = [{"revisionName": serving, "latestRevision": True, "percent": percent}]
        shown += [{"revisionName": e["revisionName"], "percent": e["percent"]} for e in traffic[1:]]
        shown = [entry for entry in shown if entry["revisionName"]]
        told = {"observedGeneration": generation, "latestCreatedRevisionName": self.newest, "traffic": shown}
        set_status(world, KNATIVE, "services", "iris-predictor", told)
        self._revision(template, ready)
        if ready == "True" and percent == 100 and self.rolled_out != self.newest:
            self.previous, self.rolled_out = self.rolled_out, self.newest
        status = {
            "observedGeneration": generation,
            "conditions": conditions(**dict.fromkeys(ALL, "True")),
            "url": f"http://iris.{world.namespace}.example.org",
            "address": {"url": f"http://iris.{world.namespace}.svc.cluster.local"},
        }
        if ready != "True":
            failed = dict.fromkeys(("PredictorReady", "LatestDeploymentReady", "Ready"), ready)
            status["conditions"] = conditions(**{**dict.fromkeys(ALL, "True"), **failed})
        status["components"] = {
            "predictor": {
                "latestCreatedRevision": self.newest,
                "latestReadyRevision": serving,
                "latestRolledoutRevision": self.rolled_out,
                "previousRolledoutRevision": self.previous,
                "traffic": shown,
            }
        }
        set_status(world, API, "inferenceservices", "iris", status)

    def _revision(self, template: Obj, ready: str) -> None:
        labels = {**template["metadata"]["labels"], "serving.knative.dev/service": "iris-predictor"}
        metadata = {"name": self.newest, "namespace": self.world.namespace, "labels": labels}
        revision = {"apiVersion": KNATIVE, "kind": "Revision", "metadata": metadata, "spec": template["spec"]}
        self.world.client.apply(revision, field_manager="knative", force=True)
        status = {"conditions": conditions(Ready=ready)}
        set_status(self.world, KNATIVE, "revisions", self.newest, status)

    def deployment(self, **initializer: Any) -> Obj:
        """The Deployment of the newest revision, whose ReplicaSet and pods the real controllers make."""
        labels = {LABEL: "iris", "serving.knative.dev/revision": self.newest}
        name = f"{self.newest}-deployment"
        containers = [{"name": "kserve-container", "image": "x", "resources": {"requests": {"cpu": "2"}}}]
        init = [{"name": "storage-initializer", "image": "x", **initializer}]
        spec = {
            "replicas": 1,
            "selector": {"matchLabels": {"serving.knative.dev/revision": self.newest}},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": containers, "initContainers": init}},
        }
        metadata = {"name": name, "namespace": self.world.namespace, "labels": labels}
        made = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata, "spec": spec}
        return dict(self.world.client.apply(made, field_manager="knative"))

    def pod(self) -> Obj:
        selector = f"serving.knative.dev/revision={self.newest}"
        client, namespace = self.world.client, self.world.namespace
        return dict(self.world.wait(lambda: client.list("v1", "Pod", namespace, label_selector=selector))[0])


def serve(world: World, **more: Any) -> Kserve:
    """An InferenceService that is ready."""
    kserve = Kserve(world)
    assert world.run("inference_service", **{**MODEL, "wait": False, **more})["changed"]
    kserve.make()
    done = world.run("inference_service", **{**MODEL, **more})
    assert (done["failed"], done["changed"]) == (False, False), done
    return kserve


def test_twelve_steps(world: World) -> None:
    """Make, change and remove; each predicted, done, predicted again and done again."""
    first = {**MODEL, "wait": False, "env": {"A": "1"}, "min_replicas": 0}
    second = {**first, "env": {"B": "2"}, "max_replicas": 3, "labels": {"team": "vision"}}
    gone = {"name": "iris", "state": "absent"}
    for number, arguments in enumerate([first, second, gone]):
        mark = world.plane.mark()
        predicted = world.run("inference_service", check=True, **arguments)
        assert (number, predicted["changed"], predicted["failed"]) == (number, True, False), predicted
        assert world.plane.writes(mark) == []
        done = world.run("inference_service", **arguments)
        assert (number, done["changed"]) == (number, True)
        assert _essence(done["diff"]) == _essence(predicted["diff"])
        mark = world.plane.mark()
        for check in (True, False):
            again = world.run("inference_service", check=check, **arguments)
            assert (number, check, again["changed"], again["failed"]) == (number, check, False, False)
        assert world.plane.writes(mark) == []
        assert set(done) >= {"url", "address", "ready_replicas", "revisions", "traffic", "conditions", "seconds"}
    assert world.client.list(API, "InferenceService", world.namespace) == []


def _essence(diff: Obj) -> list[Obj]:
    return [{**side.get("spec", {}), **side.get("metadata", {})} for side in (diff["before"], diff["after"])]


def test_ready_at_zero_replicas(world: World) -> None:
    future = world.start("inference_service", **MODEL, min_replicas=0)
    Kserve(world).make()
    done = future.result()
    assert (done["failed"], done["changed"], done["ready_replicas"]) == (False, True, 0), done
    assert done["url"] == f"http://iris.{world.namespace}.example.org"
    assert done["revisions"] == {
        "latest_created": "iris-predictor-00001", "latest_ready": "iris-predictor-00001", "previous": "",
    }  # fmt: skip
    assert done["traffic"] == [{"revision": "iris-predictor-00001", "percent": 100, "latest": True}]


def test_stale_readiness_is_not_believed(world: World) -> None:
    kserve = serve(world)
    future = world.start("inference_service", **{**MODEL, "storage_uri": "s3://models/iris/v2"})
    world.wait(lambda: live(world)["spec"]["predictor"]["model"]["storageUri"].endswith("v2"))
    with pytest.raises(TimeoutError):
        future.result(4)
    kserve.make()
    done = future.result()
    assert (done["failed"], done["revisions"]["latest_ready"]) == (False, "iris-predictor-00002"), done


def test_canary_promote_and_roll_back(world: World) -> None:
    kserve = serve(world)
    second = {**MODEL, "storage_uri": "s3://models/iris/v2", "canary_percent": 10}
    future = world.start("inference_service", **second)
    world.wait(lambda: live(world)["spec"]["predictor"].get("canaryTrafficPercent") == 10)
    kserve.make()
    done = future.result()
    shares = {entry["revision"]: entry["percent"] for entry in done["traffic"]}
    assert shares == {"iris-predictor-00002": 10, "iris-predictor-00001": 90}

    mark = world.plane.mark()
    assert world.run("inference_service", check=True, name="iris", promote=True)["changed"]
    assert world.plane.writes(mark) == []
    future = world.start("inference_service", **second, promote=True)
    world.wait(lambda: live(world)["spec"]["predictor"].get("canaryTrafficPercent") == 100)
    kserve.make(new_revision=False)
    done = future.result()
    assert (done["changed"], done["revisions"]["previous"]) == (True, "iris-predictor-00001"), done
    assert live(world)["spec"]["predictor"]["model"]["storageUri"] == "s3://models/iris/v2"
    assert not world.run("inference_service", name="iris", promote=True)["changed"]

    future = world.start("inference_service", name="iris", rollback=True)
    world.wait(lambda: live(world)["spec"]["predictor"].get("canaryTrafficPercent") == 0)
    kserve.rolled_out = "iris-predictor-00001"  # as KServe does when the rolled out revision lost its traffic
    kserve.make(new_revision=False)
    done = future.result()
    assert (done["failed"], done["changed"]) == (False, True), done
    assert {e["revision"]: e["percent"] for e in done["traffic"]}["iris-predictor-00001"] == 100
    again = world.run("inference_service", name="iris", rollback=True)
    assert (again["failed"], again["changed"]) == (False, False), again


def test_after_a_roll_back_the_next_version_gets_requests_when_it_is_ready(world: World) -> None:
    """Until then the revision that was rolled back would be the newest one that is ready."""
    kserve = serve(world)
    future = world.start("inference_service", **{**MODEL, "storage_uri": "s3://models/iris/v2", "canary_percent": 0})
    world.wait(lambda: live(world)["spec"]["predictor"].get("canaryTrafficPercent") == 0)
    kserve.make()
    assert future.result()["traffic"][0] == {"revision": "iris-predictor-00002", "percent": 0, "latest": True}
    third = {**MODEL, "storage_uri": "s3://models/iris/v3"}
    predicted = world.run("inference_service", check=True, **third)
    future = world.start("inference_service", **third)
    world.wait(lambda: live(world)["spec"]["predictor"]["model"]["storageUri"].endswith("v3"))
    assert live(world)["spec"]["predictor"]["canaryTrafficPercent"] == 0
    kserve.make()
    world.wait(lambda: "canaryTrafficPercent" not in live(world)["spec"]["predictor"])
    kserve.make(new_revision=False)
    done = future.result()
    assert (done["failed"], done["changed"]) == (False, True), done
    assert _essence(done["diff"]) == _essence(predicted["diff"])
    assert done["traffic"] == [{"revision": "iris-predictor-00003", "percent": 100, "latest": True}]


def test_roll_back_from_a_revision_that_failed(world: World) -> None:
    kserve = serve(world)
    assert world.run("inference_service", **{**MODEL, "storage_uri": "s3://models/bad", "wait": False})["changed"]
    kserve.make(ready="False")
    future = world.start("inference_service", name="iris", rollback=True)
    world.wait(lambda: live(world)["spec"]["predictor"].get("canaryTrafficPercent") == 0)
    kserve.make(ready="False", new_revision=False)
    done = future.result()
    assert (done["failed"], done["changed"]) == (False, True), done
    assert "newest revision is not ready" in warned(done)


def test_nothing_to_go_back_to(world: World) -> None:
    none = world.run("inference_service", name="iris", rollback=True)
    assert none["failed"]
    assert "there is no InferenceService" in none["msg"]
    serve(world)
    mark = world.plane.mark()
    refused = world.run("inference_service", name="iris", rollback=True)
    assert "has no earlier revision" in refused["msg"]
    assert world.plane.writes(mark) == []


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"model_format": "pmml"}, "no serving runtime takes model format pmml"),
        ({"runtime": "nope"}, "there is no serving runtime 'nope'. There are: kserve-sklearnserver (sklearn 1; v1/v2)"),
        ({"canary_percent": 101}, "canary_percent 101"),
        ({"min_replicas": 3, "max_replicas": 2}, "min_replicas 3 is more than max_replicas 2"),
        ({"min_replicas": -1}, "min_replicas -1"),
        ({"spec": {"predictor": {}}}, "spec already describes"),
    ],
)
def test_refused_before_anything_is_written(world: World, given: Obj, text: str) -> None:
    for check in (True, False):
        mark = world.plane.mark()
        result = world.run("inference_service", check=check, **{**MODEL, **given})
        assert result["failed"]
        assert text in result["msg"]
        assert world.plane.writes(mark) == []


def test_fields_that_kserve_does_not_have_are_refused(world: World) -> None:
    spec = {"predictor": {"modell": {}}}
    result = world.run("inference_service", name="iris", spec=spec)
    assert result["failed"]
    assert "modell" in result["msg"]


def test_storage_initializer_says_why(world: World) -> None:
    kserve = serve(world)
    future = world.start("inference_service", **{**MODEL, "storage_uri": "s3://models/gone"})
    world.wait(lambda: live(world)["spec"]["predictor"]["model"]["storageUri"] == "s3://models/gone")
    kserve.make(ready="Unknown")
    kserve.deployment()
    ended = {"exitCode": 1, "reason": "Error", "message": "botocore: (404) calling HeadObject: Not Found"}
    broken = {"name": "storage-initializer", "image": "x", "imageID": "x", "ready": False, "restartCount": 3}
    world.set_pod(kserve.pod(), "Pending", initContainerStatuses=[{**broken, "state": {"terminated": ended}}])
    result = future.result()
    assert result["failed"]
    for text in (
        "storage-initializer", "Not Found", "there is nothing at s3://models/gone",
        "the revision before keeps serving: iris-predictor-00001 (100 percent)",
    ):  # fmt: skip
        assert text in result["msg"]


def test_a_failure_is_remembered_when_knative_takes_the_pods_away(world: World) -> None:
    future = world.start("inference_service", **MODEL)
    kserve = Kserve(world)
    kserve.make(ready="Unknown")
    deployment = kserve.deployment()
    killed = {"terminated": {"exitCode": 137, "reason": "OOMKilled"}}
    dead = {"name": "kserve-container", "image": "x", "imageID": "x", "ready": False, "restartCount": 0}
    world.set_pod(kserve.pod(), "Running", containerStatuses=[{**dead, "state": killed}])
    with pytest.raises(TimeoutError):
        future.result(6)
    world.client.delete("apps/v1", "Deployment", deployment["metadata"]["name"], world.namespace)
    kserve.make(ready="False", new_revision=False)
    result = future.result()
    assert result["failed"]
    assert "revision iris-predictor-00001 failed" in result["msg"]
    assert "before that: container kserve-container" in result["msg"]
    assert "OOMKilled" in result["msg"]
    assert "raise resources.limits.memory" in result["msg"]


@pytest.mark.parametrize(
    ("initializer", "texts"),
    [
        ({"resources": {"requests": {"cpu": "10m"}}}, ("exceeded quota: q", "raise the namespace's ResourceQuota")),
        ({}, ("must specify requests.cpu for: storage-initializer", "a LimitRange gives defaults")),
    ],
)
def test_quota(world: World, initializer: Obj, texts: tuple[str, ...]) -> None:
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q", "namespace": world.namespace}}
    world.client.apply({**quota, "spec": {"hard": {"requests.cpu": "1"}}})
    world.wait(lambda: world.client.get("v1", "ResourceQuota", "q", world.namespace).get("status", {}).get("hard"))
    future = world.start("inference_service", **MODEL)
    kserve = Kserve(world)
    kserve.make(ready="Unknown")
    kserve.deployment(**initializer)
    result = future.result()
    assert result["failed"]
    for text in ("cannot make its pods", *texts):
        assert text in result["msg"]


def test_time_is_over(world: World) -> None:
    result = world.run("inference_service", **MODEL, wait_timeout=2)
    assert result["failed"]
    assert "not ready after 2 s" in result["msg"]
    assert "Knative Service iris-predictor is not made yet" in result["msg"]


def test_somebody_elses_field(world: World) -> None:
    other = {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://theirs"}
    metadata = {"name": "iris", "namespace": world.namespace}
    service = {"apiVersion": API, "kind": "InferenceService", "metadata": metadata}
    world.client.apply({**service, "spec": {"predictor": {"model": other}}}, field_manager="somebody")
    refused = world.run("inference_service", **MODEL, wait=False)
    assert refused["failed"]
    assert "somebody" in refused["msg"]
    taken = world.run("inference_service", **MODEL, wait=False, take_ownership=True)
    assert (taken["failed"], taken["changed"]) == (False, True)


def test_a_finalizer_that_nobody_serves(world: World) -> None:
    assert world.run("inference_service", **MODEL, wait=False)["changed"]
    path = f"/apis/{API}/namespaces/{world.namespace}/inferenceservices/iris"
    for finalizers in (["inferenceservice.finalizers"], []):
        body = {"metadata": {"finalizers": finalizers}}
        world.client.request("PATCH", path, body=body, content_type=MERGE)
        if finalizers:
            stuck = world.run("inference_service", name="iris", state="absent", wait_timeout=1)
            assert stuck["failed"]
            assert "finalizers: inferenceservice.finalizers" in stuck["msg"]
    assert not world.run("inference_service", name="iris", state="absent")["changed"]


def test_playbook_shows_what_it_waits_for(world: World, tmp_path: Path) -> None:
    arguments = {**MODEL, "namespace": world.namespace, "kubeconfig": str(world.plane.kubeconfig), "wait_timeout": 3}
    done = run_playbook(tmp_path, [{"bentobox.platform.inference_service": arguments}], options=())
    assert done.returncode == 2, done.stdout + done.stderr
    assert f"InferenceService {world.namespace}/iris: Knative Service iris-predictor is not made yet" in done.stdout


def test_its_pods_outlive_it(world: World) -> None:
    """Who begins to remove many at once waits for each of them afterwards."""
    deployment, gone = serve(world).deployment(), {"name": "iris", "state": "absent"}
    pods = world.wait(lambda: world.client.list("v1", "Pod", world.namespace, label_selector=f"{LABEL}=iris"))
    assert world.run("inference_service", **gone, wait=False)["changed"]
    world.wait(lambda: not world.client.list(API, "InferenceService", world.namespace))
    early = world.run("inference_service", **gone, wait_timeout=1)
    assert early["failed"]
    assert f"after 1 s there is still Pod {pods[0]['metadata']['name']}" in early["msg"]
    predicted = world.run("inference_service", check=True, **gone)
    assert (predicted["failed"], predicted["changed"]) == (False, False)
    future = world.start("inference_service", **gone)
    world.client.delete("apps/v1", "Deployment", deployment["metadata"]["name"], world.namespace)
    done = future.result()
    assert (done["failed"], done["changed"]) == (False, False), done
    assert not world.client.list("v1", "Pod", world.namespace, label_selector=f"{LABEL}=iris")


def test_what_is_served_is_listed(world: World) -> None:
    assert world.run("inference_service_info")["inference_services"] == []
    made = serve(world, min_replicas=0)
    [one] = world.run("inference_service_info", name="iris")["inference_services"]
    again = world.run("inference_service", **MODEL, min_replicas=0)
    told = ("name", "namespace", "url", "address", "ready_replicas", "revisions", "traffic", "conditions")
    assert {key: one[key] for key in told} == {key: again[key] for key in told}
    assert (one["ready"], one["reason"]) == (True, "")
    assert (one["model_format"], one["storage_uri"]) == (MODEL["model_format"], MODEL["storage_uri"])
    assert one["deployment_mode"] == "Serverless"
    world.run("inference_service", name="jade", model_format="sklearn", storage_uri="s3://models/jade", wait=False)
    everywhere = world.run("inference_service_info", namespace=None)
    here = [entry for entry in everywhere["inference_services"] if entry["namespace"] == world.namespace]
    assert [(entry["name"], entry["ready"]) for entry in here] == [("iris", True), ("jade", False)]
    assert everywhere["changed"] is False
    assert world.run("inference_service_info", name="opal")["inference_services"] == []
    made.make(ready="False")
    [broken] = world.run("inference_service_info", name="iris")["inference_services"]
    assert broken["ready"] is False
    set_status(world, API, "inferenceservices", "iris", {"conditions": [{**GONE_WRONG, "lastTransitionTime": STAMP}]})
    [broken] = world.run("inference_service_info", name="iris")["inference_services"]
    assert broken["reason"] == "RevisionMissing: nothing is ready"
