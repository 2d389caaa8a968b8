# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module bento_deployment against a real API server with real controllers. Tests play yatai-deployment and
the kubelet; on the lab both are real."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.bentobox.platform.tests.support.control_plane import ControlPlane
from ansible_collections.bentobox.platform.tests.support.oci_registry import OciRegistry

from .conftest import World, install_chart, make_world, warned

Obj = dict[str, Any]
IMAGE = "example.org/bentos:lin.v1"
API = "serving.yatai.ai/v2alpha1"


@pytest.fixture(scope="session")
def serving(builder: ControlPlane, artifacts: Any) -> ControlPlane:
    """The definitions of BentoDeployment, without the conversion webhook that nobody serves here."""
    install_chart(builder, artifacts, "yatai-deployment-crds")
    patch = '{"spec":{"conversion":{"strategy":"None","webhook":null}}}'
    builder.run_kubectl("patch", "crd", "bentodeployments.serving.yatai.ai", "--type=merge", "-p", patch)
    return builder


@pytest.fixture
def world(serving: ControlPlane, oci_registry: OciRegistry, request: pytest.FixtureRequest) -> Iterator[World]:
    for made in make_world(serving, oci_registry, request.node.name):
        make_bento(made, "lin--v1", IMAGE)
        yield made


def make_bento(world: World, name: str, image: str, runners: tuple[str, ...] = ()) -> None:
    spec: Obj = {"tag": name.replace("--", ":"), "image": image, "runners": [{"name": runner} for runner in runners]}
    metadata = {"name": name, "namespace": world.namespace}
    world.client.apply(
        {"apiVersion": "resources.yatai.ai/v1alpha1", "kind": "Bento", "metadata": metadata, "spec": spec}
    )


def live(world: World) -> Obj:
    return dict(world.wait(lambda: world.client.get_or_none(API, "BentoDeployment", "lin", world.namespace)))


def operate(world: World, image: str = IMAGE, runners: int = 0, replicas: int = 1) -> None:
    """What yatai-deployment makes of the BentoDeployment."""
    owner = live(world)
    reference = {
        "apiVersion": API,
        "kind": "BentoDeployment",
        "name": "lin",
        "uid": owner["metadata"]["uid"],
        "controller": True,
    }
    scaling = owner["spec"].get("autoscaling") or {"minReplicas": 1, "maxReplicas": 1}
    for name in ["lin", *(f"lin-runner-{index}" for index in range(runners))]:
        labels = {"yatai.ai/bento-deployment": "lin", "yatai.ai/selector": name}
        metadata = {"name": name, "namespace": world.namespace, "labels": labels, "ownerReferences": [reference]}
        main = {"name": "main", "image": image, "env": owner["spec"].get("envs") or []}
        deployment = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": metadata,
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": {"yatai.ai/selector": name}},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [main]}},
            },
        }
        scaler = {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": metadata,
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
                **(scaling if name == "lin" else {"minReplicas": 1, "maxReplicas": 1}),
            },
        }
        for obj in (deployment, scaler):
            world.client.apply(obj, field_manager="operator", force=True)
    condition = {
        "type": "Available",
        "status": "True",
        "reason": "Reconciling",
        "message": "",
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    path = f"/apis/{API}/namespaces/{world.namespace}/bentodeployments/lin/status"
    world.client.request(
        "PATCH", path, body={"status": {"conditions": [condition]}}, content_type="application/merge-patch+json"
    )


def pods(world: World, image: str = IMAGE) -> list[Obj]:
    found = world.client.list("v1", "Pod", world.namespace, label_selector="yatai.ai/bento-deployment=lin")
    return [pod for pod in found if pod["spec"]["containers"][0]["image"] == image]


def ready(world: World, pod: Obj) -> None:
    running = {"name": "main", "image": "x", "imageID": "x", "ready": True, "restartCount": 0}
    stamp = "2026-01-01T00:00:00Z"
    world.set_pod(
        pod, "Running", conditions=[{"type": "Ready", "status": "True", "lastTransitionTime": stamp}],
        containerStatuses=[{**running, "state": {"running": {"startedAt": stamp}}}],
    )  # fmt: skip


def test_twelve_steps(world: World) -> None:
    """Make, change and remove; each predicted, done, predicted again and done again."""
    first = {"name": "lin", "bento": "lin--v1", "wait": False, "envs": {"A": "1"}}
    second = {**first, "envs": {"A": "2"}, "autoscaling": {"min_replicas": 2}}
    for number, arguments in enumerate([first, second, {"name": "lin", "state": "absent"}]):
        mark = world.plane.mark()
        predicted = world.run("bento_deployment", check=True, **arguments)
        assert (number, predicted["changed"], predicted["failed"]) == (number, True, False)
        assert world.plane.writes(mark) == []
        done = world.run("bento_deployment", **arguments)
        assert (number, done["changed"]) == (number, True)
        assert _essence(done["diff"]) == _essence(predicted["diff"])
        mark = world.plane.mark()
        for check in (True, False):
            again = world.run("bento_deployment", check=check, **arguments)
            assert (number, check, again["changed"], again["failed"]) == (number, check, False, False)
        assert world.plane.writes(mark) == []
        assert set(done) >= {"urls", "host", "image", "replicas", "conditions", "seconds", "bento", "probe"}
    assert world.client.list(API, "BentoDeployment", world.namespace) == []


def _essence(diff: Obj) -> list[Obj]:
    return [side.get("spec", {}) for side in (diff["before"], diff["after"])]


def test_rolled_out(world: World) -> None:
    make_bento(world, "lin--v1", IMAGE, ("clf",))
    run = world.start("bento_deployment", name="lin", bento="lin:v1")
    operate(world, runners=1)
    for pod in world.wait(lambda: len(pods(world)) == 2 and pods(world)):
        assert not run.done()
        ready(world, pod)
    done = run.result()
    assert not done["failed"], done
    assert done["replicas"] == {"api": 1, "runners": {"clf": 1}}
    assert (done["image"], done["bento"]) == (IMAGE, "lin--v1")
    assert done["urls"] == {"service": f"http://lin.{world.namespace}.svc:3000"}
    assert world.run("bento_deployment", name="lin", bento="lin:v1")["changed"] is False


def test_a_new_bento_is_waited_for(world: World) -> None:
    """All replicas are up, Available is True, and all of it is the old bento."""
    run = world.start("bento_deployment", name="lin", bento="lin--v1")
    operate(world)
    ready(world, world.wait(lambda: pods(world))[0])
    assert not run.result()["failed"]
    make_bento(world, "lin--v2", "example.org/bentos:lin.v2")
    late = world.run("bento_deployment", name="lin", bento="lin--v2", wait_timeout=4)
    assert late["failed"]
    assert f"Deployment lin still has image {IMAGE} instead of example.org/bentos:lin.v2" in late["msg"]
    run = world.start("bento_deployment", name="lin", bento="lin--v2")
    operate(world, "example.org/bentos:lin.v2")
    ready(world, world.wait(lambda: pods(world, "example.org/bentos:lin.v2"))[0])
    assert run.result()["image"] == "example.org/bentos:lin.v2"


def waiting(reason: str, message: str, restarts: int = 0) -> Obj:
    last = {"terminated": {"exitCode": 1, "reason": "Error"}} if restarts else {}
    return {
        "name": "main", "image": IMAGE, "imageID": "", "ready": False, "restartCount": restarts,
        "state": {"waiting": {"reason": reason, "message": message}}, "lastState": last,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (
            {"containerStatuses": [waiting("CrashLoopBackOff", "back-off", 3)]},
            "container main of Pod lin-.* ends again and again",
        ),
        ({"containerStatuses": [waiting("ImagePullBackOff", "Back-off pulling")]}, f"cannot get its image {IMAGE}"),
        (
            {"containerStatuses": [waiting("CreateContainerConfigError", 'secret "x" not found')]},
            'secret "x" not found',
        ),
        (
            {
                "conditions": [
                    {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 fit"}
                ]
            },
            "cannot be scheduled: 0/1 fit",
        ),
    ],
)
def test_pods_in_trouble(world: World, status: Obj, words: str) -> None:
    run = world.start("bento_deployment", name="lin", bento="lin--v1", wait_timeout=60, unschedulable_timeout=4)
    operate(world)
    world.set_pod(world.wait(lambda: pods(world))[0], "Pending", **status)
    failed = run.result()
    assert failed["failed"]
    assert re.search(words, failed["msg"]), failed["msg"]
    assert "not ready after" not in failed["msg"]


def test_quota(world: World) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "tight", "namespace": world.namespace},
        "spec": {"hard": {"pods": "0"}},
    }
    world.client.create(quota)
    world.wait(lambda: world.client.get("v1", "ResourceQuota", "tight", world.namespace).get("status", {}).get("hard"))
    run = world.start("bento_deployment", name="lin", bento="lin--v1", wait_timeout=90)
    operate(world)
    failed = run.result()
    assert failed["failed"]
    assert "Deployment lin cannot make its pods" in failed["msg"]
    assert "exceeded quota: tight" in failed["msg"]


def test_no_bento(world: World) -> None:
    failed = world.run("bento_deployment", name="lin", bento="lin--v9")
    assert failed["failed"]
    assert f"neither a Bento nor a BentoRequest {world.namespace}/lin--v9" in failed["msg"]
    assert "Nothing was changed" in failed["msg"]
    assert world.client.list(API, "BentoDeployment", world.namespace) == []
    assert "neither a Bento" in warned(world.run("bento_deployment", check=True, name="lin", bento="lin--v9"))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"envs": {"A": {"valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}}}, "silently drops valueFrom"),
        ({"extra_pod_spec": {"tolerations": [{"kex": "typo"}]}}, "kex"),
        ({"resources": {"limits": {"cpuu": "1"}}}, "cpuu"),
        ({"autoscaling": {"min_replicas": 0}}, "must be 1 or more"),
        ({"bento": None}, "bento"),
        ({"namespace": "nowhere-at-all"}, "nowhere-at-all"),
    ],
)
def test_bad_input_changes_nothing(world: World, more: Obj, words: str) -> None:
    mark = world.plane.mark()
    failed = world.run("bento_deployment", **{"name": "lin", "bento": "lin--v1", **more})
    assert failed["failed"]
    assert words in failed["msg"]
    assert world.plane.writes(mark) == []


def test_behaviour_that_would_be_dropped_is_warned_about(world: World) -> None:
    scaling = {"min_replicas": 1, "behavior": {"scaleDown": {"stabilizationWindowSeconds": 10}}}
    done = world.run("bento_deployment", name="lin", bento="lin--v1", wait=False, autoscaling=scaling)
    assert not done["failed"], done
    assert "autoscaling.behavior has no effect" in warned(done)


def test_absent_waits_until_all_is_gone(world: World) -> None:
    run = world.start("bento_deployment", name="lin", bento="lin--v1")
    operate(world, replicas=1)
    ready(world, world.wait(lambda: pods(world))[0])
    assert not run.result()["failed"]
    assert world.run("bento_deployment", name="lin", state="absent")["changed"] is True
    for api_version, kind in (("apps/v1", "Deployment"), ("apps/v1", "ReplicaSet"), ("v1", "Pod")):
        assert world.client.list(api_version, kind, world.namespace) == []


def test_another_client_owns_a_field(world: World) -> None:
    theirs = {
        "apiVersion": API,
        "kind": "BentoDeployment",
        "metadata": {"name": "lin", "namespace": world.namespace},
        "spec": {"bento": "lin--v0", "ingress": {"enabled": False}},
    }
    world.client.apply(theirs, field_manager="somebody-else")
    failed = world.run("bento_deployment", name="lin", bento="lin--v1", wait=False)
    assert failed["failed"]
    assert "somebody-else" in failed["msg"]
    taken = world.run("bento_deployment", name="lin", bento="lin--v1", wait=False, take_ownership=True)
    assert taken["changed"] is True
