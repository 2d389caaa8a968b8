# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module image_build and builders that work by Jobs (1.1.25, 1.2).

No package registry has these operators, so the test plays them as they were measured: one Job per request with a
failure policy for exit code 42, conditions that say little. Jobs, their pods, their ends and the garbage collection are
those of a real kube-controller-manager.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.tests.support.control_plane import ControlPlane
from ansible_collections.bentobox.platform.tests.support.oci_registry import OciRegistry
from ansible_collections.bentobox.platform.tests.support.waiting import eventually

from .conftest import REPOSITORY, World, install_chart, make_world, warned

Obj = dict[str, Any]
API = "resources.yatai.ai/v1alpha1"
CRD = "bentorequests.resources.yatai.ai"


@pytest.fixture(scope="module")
def jobs_plane(artifacts: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane without an operator, whose BentoRequest knows buildArgs as that of 1.2 does."""
    plane = ControlPlane(tmp_path_factory.mktemp("jobs-plane"))
    plane.start()
    install_chart(plane, artifacts, "yatai-image-builder-crds")
    field = '{"type":"array","items":{"type":"string"}}'
    path = "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/buildArgs"
    patch = f'[{{"op":"add","path":"{path}","value":{field}}}]'
    plane.run_kubectl("patch", "crd", CRD, "--type=json", "-p", patch)
    client = Client.from_params(plane.params())
    probe = {
        "apiVersion": API,
        "kind": "BentoRequest",
        "metadata": {"name": "probe", "namespace": "default"},
        "spec": {"bentoTag": "a:b", "buildArgs": ["A=1"]},
    }
    eventually(lambda: _accepted(client, probe), "the definition is served")
    yield plane
    plane.stop()


def _accepted(client: Client, obj: Obj) -> bool:
    try:
        return bool(client.create(obj, dry_run=True)["spec"].get("buildArgs"))
    except Exception:  # the API server needs a moment to serve the changed definition
        return False


class Jobs(World):
    """A world with a played operator of 1.2."""

    def arguments(self, **more: Any) -> Obj:
        source = {"download_url": "http://files.example.org/b.tar", "bentoml_version": "1.1.11"}
        return {"bento": f"{self.namespace}:v1", "registry": self.registry.url, "timeout": 150, **source, **more}

    @property
    def name(self) -> str:
        return f"{self.namespace}--v1"

    def request(self) -> Obj | None:
        return self.client.get_or_none(API, "BentoRequest", self.name, self.namespace)

    def set_conditions(self, **conditions: tuple[str, str]) -> None:
        made = [
            {"type": kind, "status": status, "reason": "Reconciling", "message": message,
             "lastTransitionTime": "2026-01-01T00:00:00Z"}
            for kind, (status, message) in conditions.items()
        ]  # fmt: skip
        path = f"/apis/{API}/namespaces/{self.namespace}/bentorequests/{self.name}/status"
        body = {"status": {"conditions": made, "imageBuilderPodStatus": {}}}
        self.client.request("PATCH", path, body=body, content_type="application/merge-patch+json")

    def start_job(self, name: str) -> Obj:
        self.create_job(name)
        return self.pod_of(name)

    def create_job(self, name: str) -> None:
        """What the operator does with a request whose image is not there."""
        request = self.wait(self.request)
        self.set_conditions(
            ImageBuilding=("True", f"Image building job {name} is running"), BentoAvailable=("Unknown", "")
        )
        labels = {"yatai.ai/bento-request": self.name, "yatai.ai/is-bento-image-builder": "true"}
        reference = {
            "apiVersion": API, "kind": "BentoRequest", "name": self.name, "uid": request["metadata"]["uid"],
            "controller": True, "blockOwnerDeletion": True,
        }  # fmt: skip
        rule = {"action": "FailJob", "onExitCodes": {"containerName": "builder", "operator": "In", "values": [42]}}
        pod = {
            "restartPolicy": "Never",
            "initContainers": [{"name": "bento-downloader", "image": "x"}],
            "containers": [{"name": "builder", "image": "x"}],
        }
        job = {
            "apiVersion": "batch/v1", "kind": "Job",
            "metadata": {"name": name, "namespace": self.namespace, "labels": labels, "ownerReferences": [reference]},
            "spec": {
                "backoffLimit": 6, "podFailurePolicy": {"rules": [rule]},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        }  # fmt: skip
        self.client.create(job)

    def pod_of(self, job: str) -> Obj:
        def look() -> list[Obj]:
            return [pod for pod in self.builders() if pod["metadata"]["name"].startswith(f"{job}-")]

        return dict(self.wait(look, 60)[0])

    def succeed(self, pod: Obj) -> str:
        digest = self.finish_build(pod, "v1")
        request = self.wait(self.request)
        reference = {"apiVersion": API, "kind": "BentoRequest", "name": self.name, "uid": request["metadata"]["uid"]}
        bento = {
            "apiVersion": API, "kind": "Bento",
            "metadata": {"name": self.name, "namespace": self.namespace, "ownerReferences": [reference]},
            "spec": {"tag": f"{self.namespace}:v1", "image": self.image("v1")},
        }  # fmt: skip
        self.client.apply(bento, field_manager="operator", force=True)
        # As measured: ImageBuilding goes on saying that the Job runs.
        self.set_conditions(ImageBuilding=("True", "Image building job is running"), BentoAvailable=("True", ""))
        return digest


@pytest.fixture
def jobs(jobs_plane: ControlPlane, oci_registry: OciRegistry, request: pytest.FixtureRequest) -> Iterator[Jobs]:
    for made in make_world(jobs_plane, oci_registry, request.node.name):
        yield Jobs(**made.__dict__)


def exit_42(jobs: Jobs, pod: Obj) -> None:
    jobs.set_pod(pod, "Running")
    jobs.fail_pod(pod, "builder", 42)


def test_build(jobs: Jobs) -> None:
    run = jobs.start("image_build", **jobs.arguments())
    digest = jobs.succeed(jobs.start_job("builder-1"))
    built = run.result()
    assert not built["failed"], built
    assert (built["generation"], built["built"], built["digest"]) == ("job", True, digest)
    assert jobs.run("image_build", **jobs.arguments())["changed"] is False


def test_build_error_and_the_run_after_it(jobs: Jobs) -> None:
    run = jobs.start("image_build", **jobs.arguments())
    exit_42(jobs, jobs.start_job("builder-1"))
    failed = run.result()
    assert failed["failed"]
    assert "Job builder-1 failed (PodFailurePolicy)" in failed["msg"]
    assert "exit code 42" in failed["msg"]
    jobs.set_conditions(
        ImageBuilding=("False", "builder-1 is failed."), BentoAvailable=("False", "builder-1 is failed.")
    )
    # The words of the operator and the failed Job are of yesterday; the changed request makes it build again.
    before = jobs.wait(jobs.request)["metadata"]["generation"]
    run = jobs.start("image_build", **jobs.arguments())
    jobs.wait(lambda: jobs.wait(jobs.request)["metadata"]["generation"] > before)
    jobs.client.delete("batch/v1", "Job", "builder-1", jobs.namespace)
    jobs.succeed(jobs.start_job("builder-2"))
    built = run.result()
    assert not built["failed"], built
    assert built["changed"] is True


def test_downloads_that_fail_are_not_waited_for_ten_minutes(jobs: Jobs) -> None:
    run = jobs.start("image_build", **jobs.arguments(timeout=150))
    pod = jobs.start_job("builder-1")
    for _ in range(2):
        jobs.fail_pod(pod, "bento-downloader", 22, init=True)
        assert not run.done()
        pod = jobs.pod_of("builder-1")
    jobs.fail_pod(pod, "bento-downloader", 22, init=True)
    failed = run.result()
    assert failed["failed"]
    assert "bento-downloader" in failed["msg"]
    assert "exit code 22, 3 times" in failed["msg"]


def test_rebuild_makes_the_request_anew_with_the_force_mark(jobs: Jobs) -> None:
    run = jobs.start("image_build", **jobs.arguments())
    old = jobs.succeed(jobs.start_job("builder-1"))
    assert run.result()["digest"] == old
    first = jobs.wait(jobs.request)
    assert jobs.run("image_build", check=True, **jobs.arguments(rebuild=True))["changed"] is True
    run = jobs.start("image_build", **jobs.arguments(rebuild=True))

    def anew() -> Obj | None:
        now = jobs.request()
        return now if now and now["metadata"]["uid"] != first["metadata"]["uid"] else None

    second = jobs.wait(anew)
    assert second["metadata"]["annotations"]["yatai.ai/force-build-image"] == "true"
    assert jobs.client.list("batch/v1", "Job", jobs.namespace) == []
    new = jobs.succeed(jobs.start_job("builder-2"))
    rebuilt = run.result()
    assert not rebuilt["failed"], rebuilt
    assert (rebuilt["changed"], rebuilt["digest"]) == (True, new)
    assert "is gone until its image is built again" in warned(rebuilt)
    # The mark stays: taking it away would change the request.
    assert jobs.run("image_build", **jobs.arguments())["changed"] is False


def test_image_that_vanished_is_built_again_without_force(jobs: Jobs) -> None:
    run = jobs.start("image_build", **jobs.arguments())
    digest = jobs.succeed(jobs.start_job("builder-1"))
    run.result()
    first = jobs.wait(jobs.request)["metadata"]["uid"]
    jobs.registry.delete(REPOSITORY, digest)
    run = jobs.start("image_build", **jobs.arguments())
    jobs.wait(lambda: (jobs.request() or {"metadata": {"uid": first}})["metadata"]["uid"] != first)
    assert "annotations" not in jobs.wait(jobs.request)["metadata"]
    new = jobs.succeed(jobs.start_job("builder-2"))
    assert run.result()["digest"] == new


def test_timeout_removes_request_and_job(jobs: Jobs) -> None:
    run = jobs.start("image_build", **jobs.arguments(timeout=5))
    jobs.set_pod(jobs.start_job("builder-1"), "Running")
    failed = run.result()
    assert "no image after 5 s" in failed["msg"]
    assert jobs.request() is None
    assert jobs.client.list("batch/v1", "Job", jobs.namespace) == []


def test_quota(jobs: Jobs) -> None:
    quota = {
        "apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "tight", "namespace": jobs.namespace},
        "spec": {"hard": {"pods": "0"}},
    }  # fmt: skip
    jobs.client.create(quota)
    jobs.wait(lambda: jobs.client.get("v1", "ResourceQuota", "tight", jobs.namespace).get("status", {}).get("hard"))
    run = jobs.start("image_build", **jobs.arguments())
    jobs.create_job("builder-1")
    failed = run.result()
    assert failed["failed"]
    assert "Job builder-1 cannot make its pod" in failed["msg"]
    assert "exceeded quota: tight" in failed["msg"]


def test_api_server_that_goes_away_for_a_while(jobs: Jobs) -> None:
    run = jobs.start("image_build", **jobs.arguments(timeout=120))
    pod = jobs.start_job("builder-1")
    jobs.set_pod(pod, "Running")
    jobs.plane.stop_api()
    time.sleep(12)
    assert not run.done()
    jobs.plane.start_api()
    digest = jobs.succeed(pod)
    built = run.result()
    assert not built["failed"], built
    assert built["digest"] == digest
