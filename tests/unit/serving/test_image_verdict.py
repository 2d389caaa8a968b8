# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of what builders of all generations show, and what it means."""

from __future__ import annotations

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.serving.image_verdict import (
    GRACE_OPERATOR,
    GRACE_SILENCE,
    judge,
)
from ansible_collections.bentobox.platform.plugins.module_utils.serving.verdict import DONE, FAILED, STUCK, WORKING

from .objects import bento, ended, event, job, job_failed, pod, request, waiting

IMAGE = "reg:5000/b:yatai.lin.v1"
POD_FAILED = "Image builder pod yatai-bento-image-builder-lin-v-1 status is Failed"
NOT_FOUND = "get bento: DoJsonRequest: status=404 ... record not found"
REFUSED = "get bento: dial tcp 10.0.0.1:80: connect: connection refused"
FORBIDDEN = 'create pod x: pods "x" is forbidden: exceeded quota: tight'
UNSCHEDULABLE = [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes fit"}]

CASES = [
    # -- nothing yet
    ("new", request(), None, [], [], [], STUCK, "has not touched"),
    ("operator has begun", request(ImageBuilding=("Unknown",)), None, [], [], [], WORKING, "prepares"),
    # -- 1.1.4: one pod
    ("pod: pending", request(ImageBuilding=("Unknown",)), None, [], [pod(phase="Pending")], [], WORKING, "Pending"),
    ("pod: runs", request(ImageBuilding=("True",)), None, [], [pod()], [], WORKING, "Running"),
    (
        "pod: failed, BentoAvailable flaps to Unknown",
        request(ImageBuilding=("False", POD_FAILED), BentoAvailable=("Unknown",)),
        None,
        [],
        [pod(phase="Failed", containerStatuses=[ended("builder", 1)])],
        [],
        FAILED,
        "builder of Pod builder-1",
    ),
    (
        "pod: failed, ImageBuilding still says it runs",
        request(ImageBuilding=("True", "status is Running")),
        None,
        [],
        [pod(phase="Failed", containerStatuses=[ended("builder", 1)])],
        [],
        FAILED,
        "exit code 1",
    ),
    (
        "pod: a new one follows the failed one",
        request(ImageBuilding=("False", POD_FAILED), BentoAvailable=("False", POD_FAILED)),
        None,
        [],
        [
            pod("old", "p0", phase="Failed", containerStatuses=[ended("builder", 1)], going=True),
            pod("new", "p1", phase="Pending", created="2026-11-21T10:05:00Z"),
        ],
        [],
        WORKING,
        "Pod new is Pending",
    ),
    (
        "pod: the failed one is gone, its words linger",
        request(ImageBuilding=("False", POD_FAILED), BentoAvailable=("False", "image builder pod x status is Failed")),
        None,
        [],
        [],
        [],
        WORKING,
        "status is Failed",
    ),
    ("pod: complete", request(), None, [], [pod(phase="Succeeded")], [], WORKING, "makes the Bento"),
    (
        "pod: download failed",
        request(ImageBuilding=("Unknown",)),
        None,
        [],
        [pod(phase="Failed", initContainerStatuses=[ended("bento-downloader", 22)])],
        [],
        FAILED,
        "bento-downloader of Pod builder-1 ended with exit code 22",
    ),
    (
        "pod: somebody else's",
        request(ImageBuilding=("Unknown",)),
        None,
        [],
        [pod(owner="other", phase="Failed", containerStatuses=[ended("builder", 1)])],
        [],
        WORKING,
        "prepares",
    ),
    (
        "pod: out of memory",
        request(),
        None,
        [],
        [pod(phase="Failed", containerStatuses=[ended("builder", 137, "OOMKilled")])],
        [],
        FAILED,
        "OOMKilled",
    ),
    (
        "pod: evicted",
        request(),
        None,
        [],
        [pod(phase="Failed", reason="Evicted", message="The node was low on resource: ephemeral-storage")],
        [],
        FAILED,
        "was taken from its node: Evicted",
    ),
    (
        "pod: image of the builder",
        request(),
        None,
        [],
        [pod(phase="Pending", containerStatuses=[waiting("builder", "ImagePullBackOff", "Back-off", "quay.io/x")])],
        [],
        STUCK,
        "cannot get its image quay.io/x",
    ),
    ("pod: no node", request(), None, [], [pod(phase="Pending", conditions=UNSCHEDULABLE)], [], STUCK, "0/1 nodes fit"),
    # -- the operator alone
    ("unknown bento, False", request(BentoAvailable=("False", NOT_FOUND)), None, [], [], [], STUCK, "record not found"),
    (
        "unknown bento, flapped to Unknown, event left",
        request(ImageBuilding=("Unknown",), BentoAvailable=("Unknown",)),
        None,
        [],
        [],
        [event("req", "ReconcileError", f"Failed to reconcile BentoRequest: {NOT_FOUND}")],
        STUCK,
        "yatai-image-builder says: get bento",
    ),
    ("Yatai restarts", request(BentoAvailable=("False", REFUSED)), None, [], [], [], WORKING, "connection refused"),
    ("quota, 1.1.4", request(BentoAvailable=("False", FORBIDDEN)), None, [], [], [], STUCK, "exceeded quota"),
    (
        "an event about something else",
        request(ImageBuilding=("Unknown",)),
        None,
        [],
        [],
        [event("other", "ReconcileError", NOT_FOUND)],
        WORKING,
        "prepares",
    ),
    # -- Jobs
    (
        "job: runs",
        request(ImageBuilding=("True", "job is running")),
        None,
        [job()],
        [pod(owner="job1")],
        [],
        WORKING,
        "is running",
    ),
    (
        "job: build error",
        request(ImageBuilding=("False", "Image building job x is failed."), BentoAvailable=("False", "x is failed.")),
        None,
        [job(conditions=job_failed("PodFailurePolicy"))],
        [pod(owner="job1", phase="Failed", containerStatuses=[ended("builder", 42)])],
        [],
        FAILED,
        "failed (PodFailurePolicy): container builder of Pod builder-1 ended with exit code 42",
    ),
    (
        "job: failed, all conditions Unknown, pods already gone",
        request(ImageBuilding=("Unknown",), BentoAvailable=("Unknown",)),
        None,
        [job(conditions=job_failed("BackoffLimitExceeded", "Job has reached the specified backoff limit"))],
        [],
        [],
        FAILED,
        "backoff limit",
    ),
    (
        "job: a first failed download is tried again",
        request(BentoAvailable=("Unknown",)),
        None,
        [job()],
        [pod(owner="job1", phase="Failed", initContainerStatuses=[ended("bento-downloader", 22)])],
        [],
        WORKING,
        "is running; container bento-downloader",
    ),
    (
        "job: three failed downloads",
        request(BentoAvailable=("Unknown",), ImageBuilding=("True",)),
        None,
        [job()],
        [
            pod(f"p{n}", f"p{n}", owner="job1", phase="Failed", initContainerStatuses=[ended("bento-downloader", 22)])
            for n in range(3)
        ],
        [],
        FAILED,
        "exit code 22, 3 times",
    ),
    (
        "job: a second try is under way after one lost pod",
        request(BentoAvailable=("Unknown",)),
        None,
        [job()],
        [
            pod("p0", "p0", owner="job1", phase="Failed", reason="Evicted"),
            pod("p1", "p1", owner="job1", created="2026-11-21T10:05:00Z"),
        ],
        [],
        WORKING,
        "is running",
    ),
    (
        "job: quota",
        request(ImageBuilding=("True",)),
        None,
        [job()],
        [],
        [event("job1", "FailedCreate", "pods x is forbidden: exceeded quota")],
        STUCK,
        "cannot make its pod",
    ),
    (
        "job: the newest counts",
        request(BentoAvailable=("False", "x is failed.")),
        None,
        [job("old", "j0", job_failed("PodFailurePolicy")), job("new", "j1", created="2026-11-21T10:05:00Z")],
        [],
        [],
        WORKING,
        "Job new is running",
    ),
    (
        "job: the failed one is being deleted",
        request(BentoAvailable=("False", "x is failed.")),
        None,
        [job(conditions=job_failed("PodFailurePolicy"), going=True)],
        [],
        [],
        WORKING,
        "is failed",
    ),
    (
        "job: complete, no Bento yet",
        request(ImageBuilding=("True",)),
        None,
        [job(conditions=[{"type": "Complete", "status": "True"}])],
        [],
        [],
        WORKING,
        "makes the Bento",
    ),
    # -- success, whatever ImageBuilding says
    (
        "built, 1.1.4",
        request(ImageBuilding=("False", "status is Succeeded"), BentoAvailable=("True",)),
        bento(),
        [],
        [],
        [],
        DONE,
        IMAGE,
    ),
    (
        "built, 1.2: ImageBuilding stays True for ever",
        request(ImageBuilding=("True", "job is running"), BentoAvailable=("True",)),
        bento(),
        [job()],
        [],
        [],
        DONE,
        IMAGE,
    ),
    (
        "image was there",
        request(ImageBuilding=("Unknown",), BentoAvailable=("True",)),
        bento(),
        [],
        [],
        [],
        DONE,
        IMAGE,
    ),
    ("no Bento, whatever the condition says", request(BentoAvailable=("True",)), None, [], [], [], WORKING, "prepares"),
    (
        "Bento of an older image",
        request(image="reg/other:1", BentoAvailable=("True",)),
        bento(),
        [],
        [pod(phase="Pending")],
        [],
        WORKING,
        "Pending",
    ),
    ("Bento of another tag", request(tag="lin:v2", BentoAvailable=("True",)), bento(), [], [], [], WORKING, "prepares"),
    (
        "Bento is there, but the request is not satisfied",
        request(BentoAvailable=("Unknown",), ImageBuilding=("Unknown",)),
        bento(),
        [],
        [pod()],
        [],
        WORKING,
        "Running",
    ),
]


@pytest.mark.parametrize(
    ("name", "req", "made", "jobs", "pods", "events", "state", "reason"), CASES, ids=[c[0] for c in CASES]
)
def test_judge(name, req, made, jobs, pods, events, state, reason):
    verdict = judge(req, made, jobs, pods, events)
    assert (verdict.state, reason in verdict.reason) == (state, True), verdict


@pytest.mark.parametrize(
    ("jobs", "pods", "generation"), [([], [], ""), ([], [pod()], "pod"), ([job()], [pod(owner="job1")], "job")]
)
def test_generation(jobs, pods, generation):
    assert judge(request(), None, jobs, pods, []).generation == generation


@pytest.mark.parametrize(
    ("status", "retry"),
    [
        ({"initContainerStatuses": [ended("bento-downloader", 22)]}, True),
        ({"initContainerStatuses": [ended("bento-downloader", 0), ended("model-downloader-0", 7)]}, True),
        ({"reason": "Evicted"}, True),
        ({"containerStatuses": [ended("builder", 1)]}, False),
        ({"containerStatuses": [ended("builder", 137, "OOMKilled")]}, False),
        ({"initContainerStatuses": [ended("bento-downloader", 137, "OOMKilled")]}, False),
    ],
)
def test_only_faults_of_the_way_are_worth_another_try(status, retry):
    verdict = judge(request(), None, [], [pod(phase="Failed", **status)], [])
    assert (verdict.state, verdict.retry) == (FAILED, retry)


@pytest.mark.parametrize(
    ("message", "hint"),
    [
        (NOT_FOUND, "bento_push"),
        ("can't get yatai client, please check yatai configuration", "download_url"),
        (FORBIDDEN, "ResourceQuota"),
        ("get docker config json secret x: not found", "docker_config_secret"),
        ("check image x exists: unauthorized: authentication required", "credentials"),
    ],
)
def test_hints(message, hint):
    verdict = judge(request(BentoAvailable=("False", message)), None, [], [], [])
    assert (verdict.state, hint in verdict.hint) == (STUCK, True), verdict


def test_log_is_of_the_container_that_failed():
    failed = pod(phase="Failed", initContainerStatuses=[ended("bento-downloader", 0), ended("model-downloader-0", 22)])
    verdict = judge(request(), None, [], [failed], [])
    assert (verdict.pod, verdict.container) == ("builder-1", "model-downloader-0")


LATER = "2026-11-21T10:09:00Z"


@pytest.mark.parametrize(
    ("available", "events", "grace"),
    [
        pytest.param(("False", NOT_FOUND), ["1"], GRACE_SILENCE, id="nothing new"),
        pytest.param(("Unknown",), ["1"], GRACE_SILENCE, id="the operator looks again"),
        pytest.param(("False", NOT_FOUND, LATER), ["1"], GRACE_OPERATOR, id="said again"),
        pytest.param(("Unknown",), ["1", "2"], GRACE_OPERATOR, id="said again in an event"),
        pytest.param(("False", FORBIDDEN, LATER), ["1"], GRACE_OPERATOR, id="something else"),
    ],
)
def test_what_was_said_before_the_request_changed_is_no_answer(available, events, grace):
    before = request(BentoAvailable=("False", NOT_FOUND))
    heard = [*before["status"]["conditions"], event("req", "X", NOT_FOUND, version="1")]
    said = [event("req", "X", NOT_FOUND, version=version) for version in events]
    verdict = judge(request(BentoAvailable=available), None, [], [], said, heard)
    assert (verdict.state, verdict.grace) == (STUCK, grace), verdict
