# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module image_build against the real builder 1.1.4 (one pod per request)."""

from __future__ import annotations

import json
import signal
import subprocess
from concurrent.futures import Future

import pytest

from .conftest import REPOSITORY, World, warned

SOURCE = {"download_url": "http://files.example.org/b.tar", "bentoml_version": "1.1.11"}


def arguments(world: World, version: str = "v1", **more):
    """A bento of its own for each namespace, since all share one image repository."""
    return {"bento": f"{world.namespace}:{version}", "registry": world.registry.url, "timeout": 150, **SOURCE, **more}


def test_image_that_exists_needs_no_build(world: World) -> None:
    digest = world.registry.push(REPOSITORY, f"yatai.{world.namespace}.v1")
    first = world.run("image_build", **arguments(world))
    assert not first["failed"], first
    assert (first["changed"], first["built"], first["digest"], first["image"]) == (
        True,
        False,
        digest,
        world.image("v1"),
    )
    assert first["bento"] == f"{world.namespace}--v1"
    mark = world.plane.mark()
    again = world.run("image_build", **arguments(world))
    assert (again["changed"], again["digest"]) == (False, digest)
    assert again["diff"]["before"] == again["diff"]["after"]
    assert world.plane.writes(mark) == []


def test_life_of_a_request(world: World) -> None:
    """Predict, build, again, predict the end, end, again."""
    mark = world.plane.mark()
    predicted = world.run("image_build", check=True, **arguments(world))
    assert (predicted["changed"], predicted["image"]) == (True, "")
    assert predicted["diff"]["after"]["spec"]["bentoTag"] == f"{world.namespace}:v1"
    assert world.plane.writes(mark) == []
    run = world.start("image_build", **arguments(world))
    digest = world.finish_build(world.new_builder(), "v1")
    built = run.result()
    assert not built["failed"], built
    assert (built["changed"], built["built"], built["generation"], built["digest"]) == (True, True, "pod", digest)
    assert world.run("image_build", check=True, **arguments(world))["changed"] is False
    assert world.run("image_build", **arguments(world))["changed"] is False
    mark = world.plane.mark()
    assert world.run("image_build", check=True, state="absent", **arguments(world))["changed"] is True
    assert world.plane.writes(mark) == []
    gone = world.run("image_build", state="absent", **arguments(world))
    assert gone["changed"] is True
    assert "stays in its registry" in warned(gone)
    for kind in ("Bento", "BentoRequest"):
        assert world.client.list("resources.yatai.ai/v1alpha1", kind, world.namespace) == []
    assert world.client.list("v1", "Pod", world.namespace) == []
    assert world.run("image_build", state="absent", **arguments(world))["changed"] is False


def test_failed_build_and_the_run_after_it(world: World) -> None:
    run = world.start("image_build", **arguments(world))
    first = world.new_builder()
    world.set_pod(first, "Running")
    world.fail_pod(first, "builder", 1)
    failed = run.result()
    assert failed["failed"]
    assert f"building the image of bento {world.namespace}:v1" in failed["msg"]
    assert "container builder of Pod yatai-bento-image-builder-" in failed["msg"]
    assert "exit code 1" in failed["msg"]
    run = world.start("image_build", **arguments(world))
    second = world.new_builder(first)
    digest = world.finish_build(second, "v1")
    built = run.result()
    assert not built["failed"], built
    assert (built["changed"], built["built"], built["digest"]) == (True, True, digest)
    assert world.run("image_build", **arguments(world))["changed"] is False


def test_failed_download_is_tried_again(world: World) -> None:
    run = world.start("image_build", **arguments(world))
    first = world.new_builder()
    world.fail_pod(first, "bento-downloader", 22, init=True)
    digest = world.finish_build(world.new_builder(first), "v1")
    built = run.result()
    assert not built["failed"], built
    assert built["digest"] == digest
    assert "exit code 22" in warned(built)
    assert "building again (1 of 3)" in warned(built)


def test_timeout_stops_the_build(world: World) -> None:
    run = world.start("image_build", **arguments(world, timeout=5))
    world.set_pod(world.new_builder(), "Running")
    failed = run.result()
    assert failed["failed"]
    assert "no image after 5 s" in failed["msg"]
    assert "request was removed" in failed["msg"]
    assert world.client.list("resources.yatai.ai/v1alpha1", "BentoRequest", world.namespace) == []
    assert world.client.list("v1", "Pod", world.namespace) == []


def build(world: World, **more) -> tuple[Future, dict]:
    run = world.start("image_build", **arguments(world, **more))
    return run, world.new_builder()


def test_rebuild(world: World) -> None:
    run, pod = build(world)
    old = world.finish_build(pod, "v1")
    assert run.result()["digest"] == old
    run, second = build_again(world, pod, rebuild=True)
    # The Bento stays while its image is made again.
    assert world.client.list("resources.yatai.ai/v1alpha1", "Bento", world.namespace)
    new = world.finish_build(second, "v1")
    rebuilt = run.result()
    assert not rebuilt["failed"], rebuilt
    assert (rebuilt["changed"], rebuilt["built"], rebuilt["digest"]) == (True, True, new)
    assert new != old
    again = world.run("image_build", **arguments(world))
    assert (again["changed"], again["digest"]) == (False, new)


def build_again(world: World, *before: dict, **more) -> tuple[Future, dict]:
    run = world.start("image_build", **arguments(world, **more))
    return run, world.new_builder(*before)


def test_timeout_of_a_rebuild_goes_back_to_the_image_that_was_there(world: World) -> None:
    run, pod = build(world)
    digest = world.finish_build(pod, "v1")
    run.result()
    run, second = build_again(world, pod, rebuild=True, timeout=5)
    world.set_pod(second, "Running")
    failed = run.result()
    assert "image that was there before stays in use" in failed["msg"]
    again = world.run("image_build", **arguments(world))
    assert (again["changed"], again["digest"]) == (False, digest)
    assert world.builders() == []


def test_image_that_vanished_from_the_registry_is_built_again(world: World) -> None:
    run, pod = build(world)
    digest = world.finish_build(pod, "v1")
    run.result()
    world.registry.delete(REPOSITORY, digest)
    predicted = world.run("image_build", check=True, **arguments(world))
    assert predicted["changed"] is True
    assert "has no" in predicted["why"]
    run, second = build_again(world, pod)
    new = world.finish_build(second, "v1")
    assert run.result()["digest"] == new


def test_builder_that_knows_no_yatai(world: World, builder_process: subprocess.Popen[bytes]) -> None:
    """The operator says so in a condition that flaps; the module believes it after some looks, and then no more."""
    failed = world.run("image_build", bento=f"{world.namespace}:v1", check_bento=False, timeout=60)
    assert failed["failed"]
    assert "get yatai client: secret yatai-common-env not found" in failed["msg"]
    assert "give download_url" in failed["msg"]
    # With a source it builds at once, though the operator's next try would be minutes away. What it said before is no
    # answer to that, however long it needs for a new one.
    builder_process.send_signal(signal.SIGSTOP)
    try:
        run = world.start("image_build", **arguments(world))
        with pytest.raises(TimeoutError):
            run.result(20)
    finally:
        builder_process.send_signal(signal.SIGCONT)
    world.finish_build(world.new_builder(), "v1")
    built = run.result()
    assert not built["failed"], built


def test_quota(world: World) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "tight", "namespace": world.namespace},
        "spec": {"hard": {"pods": "0"}},
    }
    world.client.create(quota)
    world.wait(lambda: world.client.get("v1", "ResourceQuota", "tight", world.namespace).get("status", {}).get("hard"))
    failed = world.run("image_build", **arguments(world))
    assert failed["failed"]
    assert "exceeded quota: tight" in failed["msg"]
    assert "raise the namespace's ResourceQuota" in failed["msg"]


def test_builder_image_that_cannot_be_pulled(world: World) -> None:
    run, pod = build(world)
    state = {"waiting": {"reason": "ImagePullBackOff", "message": 'Back-off pulling image "example.org/kaniko:1"'}}
    status = {"name": "builder", "image": "example.org/kaniko:1", "imageID": "", "ready": False, "restartCount": 0}
    world.set_pod(pod, "Pending", containerStatuses=[{**status, "state": state}])
    failed = run.result()
    assert failed["failed"]
    assert "cannot get its image example.org/kaniko:1: ImagePullBackOff" in failed["msg"]


def test_no_node_fits(world: World) -> None:
    run, pod = build(world, unschedulable_timeout=3)
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes available"}
    world.set_pod(pod, "Pending", conditions=[condition])
    failed = run.result()
    assert failed["failed"]
    assert "cannot be scheduled: 0/1 nodes available" in failed["msg"]


def builder_args(world: World, *values: str) -> None:
    obj = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "yatai-image-builder-config", "namespace": "yatai-image-builder"},
        "data": {"builder_args": json.dumps(list(values))},
    }
    world.client.apply(obj, field_manager="test", force=True)


def test_build_args_reach_the_builder_or_are_refused(world: World) -> None:
    builder_args(world, "--insecure-pull")
    refused = world.run("image_build", **arguments(world, build_args={"COLOUR": "light blue"}))
    assert refused["failed"]
    assert "--build-arg=COLOUR (without a value)" in refused["msg"]
    assert world.client.list("resources.yatai.ai/v1alpha1", "BentoRequest", world.namespace) == []
    builder_args(world, "--insecure-pull", "--build-arg=COLOUR")
    run, pod = build(
        world, build_args={"COLOUR": "light blue"}, resources={"limits": {"memory": "1Gi"}},
        node_selector={"role": "build"}, pod_labels={"team": "a"},
    )  # fmt: skip
    [container] = pod["spec"]["containers"]
    assert "--build-arg=COLOUR" in container["args"]
    assert {"name": "COLOUR", "value": "light blue"} in container["env"]
    assert container["resources"]["limits"] == {"memory": "1Gi"}
    assert pod["spec"]["nodeSelector"] == {"role": "build"}
    assert pod["metadata"]["labels"]["team"] == "a"
    world.finish_build(pod, "v1")
    assert not run.result()["failed"]


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"docker_config_secret": "nowhere"}, "there is no Secret serving-"),
        ({"bento": "iris"}, "exact version"),
        ({"env": {"A": {"valueFrom": {}}}}, "env.A must be a plain value"),
        ({"registry": "http://127.0.0.1:1"}, "could not be asked"),
        ({"tolerations": [{"kex": "typo"}]}, "kex"),
        ({"kubeconfig": "/nonexistent"}, "/nonexistent"),
    ],
)
def test_bad_input_starts_nothing(world: World, more: dict, words: str) -> None:
    if "registry" in more:
        world.registry.push(REPOSITORY, f"yatai.{world.namespace}.v1")
    failed = world.run("image_build", **{**arguments(world), **more})
    assert failed["failed"]
    assert words in failed["msg"]
    assert world.client.list("v1", "Pod", world.namespace) == []


def test_check_mode_only_warns_about_what_an_earlier_task_may_make(world: World) -> None:
    predicted = world.run("image_build", check=True, **arguments(world, docker_config_secret="later"))
    assert (predicted["failed"], predicted["changed"]) == (False, True)
    assert "there is no Secret" in warned(predicted)


def test_name_of_another_bento(world: World) -> None:
    world.registry.push(REPOSITORY, f"yatai.{world.namespace}.v1")
    assert not world.run("image_build", **arguments(world, name="mine"))["failed"]
    failed = world.run("image_build", **arguments(world, version="v2", name="mine"))
    assert f"is of bento {world.namespace}:v1, not {world.namespace}:v2: give another name" in failed["msg"]


def test_another_client_owns_a_field(world: World) -> None:
    world.registry.push(REPOSITORY, f"yatai.{world.namespace}.v1")
    name = f"{world.namespace}--v1"
    theirs = {
        "apiVersion": "resources.yatai.ai/v1alpha1",
        "kind": "BentoRequest",
        "metadata": {"name": name, "namespace": world.namespace},
        "spec": {"bentoTag": f"{world.namespace}:v1", "downloadUrl": "http://elsewhere/b.tar"},
    }
    world.client.apply(theirs, field_manager="somebody-else")
    failed = world.run("image_build", **arguments(world))
    assert failed["failed"]
    assert "somebody-else" in failed["msg"]
    taken = world.run("image_build", **arguments(world, take_ownership=True))
    assert not taken["failed"], taken
    assert taken["changed"] is True
    assert world.run("image_build", **arguments(world))["changed"] is False
