# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting: for what, how it is told, and what is said when the time is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.applyset import PART_OF
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import WaitTimeout
from ansible_collections.bentobox.platform.tests.support.waiting import eventually

from .conftest import Engine
from .samples import config, crd, custom, deployment, job


def status(engine: Engine, kind: str, name: str, api_version: str, body: dict[str, Any]) -> None:
    path = engine.client.resource(api_version, kind).path(engine.namespace, name) + "/status"
    engine.client.request("PATCH", path, body={"status": body}, content_type="application/merge-patch+json")


def ready(state: str, **more: str) -> dict[str, Any]:
    return {"conditions": [{"type": "Ready", "status": state, **more}]}


def test_a_timeout_tells_every_reason(engine: Engine) -> None:
    group = f"{engine.name}.example.com"
    manifests = [crd("widgets", "Widget", group), custom("Widget", group=group, size=1), config(x="1")]
    engine(*manifests)
    status(engine, "Widget", "x", f"{group}/v1", ready("False", reason="NoLuck", message="the moon is wrong"))
    with pytest.raises(WaitTimeout) as caught:
        engine(
            *manifests,
            deployment(),
            wait=True,
            wait_timeout=5,
            wait_for=[{"api_version": "v1", "kind": "Secret", "name": "never"}],
        )
    text = str(caught.value)
    assert f"{engine.name}: 0 of 3 ready when the time was over" in text
    assert "raise wait_timeout" in text
    assert f"Deployment {engine.name}/d: 0/1" in text
    assert "Pod d-" in text  # nothing runs Pods here: it stays pending
    assert f"Widget {engine.name}/x: Ready is False (NoLuck: the moon is wrong)" in text
    assert f"Secret {engine.name}/never: not found" in text


def test_a_deployment_whose_pods_are_refused(engine: Engine) -> None:
    engine.plane.run_kubectl("create", "namespace", engine.name)
    engine.plane.run_kubectl("-n", engine.name, "create", "quota", "none", "--hard=pods=0")
    with pytest.raises(WaitTimeout, match="exceeded quota"):
        engine(deployment(), wait=True, wait_timeout=6)


def test_one_line_per_change_of_state(engine: Engine) -> None:
    group = f"{engine.name}.example.com"
    manifests = [crd("widgets", "Widget", group), custom("Widget", group=group, size=1)]
    engine(*manifests)
    status(engine, "Widget", "x", f"{group}/v1", ready("False", reason="Starting"))

    def heal() -> None:
        time.sleep(2)
        status(engine, "Widget", "x", f"{group}/v1", ready("False", reason="Nearly"))
        time.sleep(2)
        status(engine, "Widget", "x", f"{group}/v1", ready("True"))

    engine.said.clear()
    thread = threading.Thread(target=heal)
    thread.start()
    result = engine(*manifests, wait=True, wait_timeout=60)
    thread.join()
    assert not result["changed"]
    assert result["timing"]["wait"] > 3
    states = [line for line in engine.said if "0 of 1 ready" in line]
    assert len(states) == 2, engine.said
    assert states[0].startswith(f"{engine.name}: 0 of 1 ready; Widget {engine.name}/x: Ready is False (Starting) 0 s")
    assert "(Nearly)" in states[1]
    assert engine.said[-1].startswith(f"{engine.name}: all 1 ready after")


def test_a_condition_can_be_waited_for(engine: Engine) -> None:
    group = f"{engine.name}.example.com"
    manifests = [crd("widgets", "Widget", group), custom("Widget", group=group, size=1)]
    engine(*manifests)
    target = {"api_version": f"{group}/v1", "kind": "Widget", "name": "x", "condition": "Paid", "status": "False"}
    with pytest.raises(WaitTimeout, match=r"Widget .*/x: no condition Paid yet"):
        engine(*manifests, wait=True, wait_timeout=2, wait_for=[target])
    status(
        engine, "Widget", "x", f"{group}/v1", {"conditions": [{"type": "Paid", "status": "True", "reason": "Early"}]}
    )
    with pytest.raises(WaitTimeout, match=r"Paid is True \(Early\)"):
        engine(*manifests, wait=True, wait_timeout=2, wait_for=[target])
    status(engine, "Widget", "x", f"{group}/v1", {"conditions": [{"type": "Paid", "status": "False"}]})
    engine(*manifests, wait=True, wait_timeout=2, wait_for=[target])


def test_a_failed_job_is_repeated_by_the_next_run(engine: Engine) -> None:
    suspended = job(suspend=True)  # so that its controller does not write while we do
    engine(suspended)
    now = "2026-01-01T00:00:00Z"
    status(
        engine,
        "Job",
        "j",
        "batch/v1",
        {
            "startTime": now,
            "conditions": [
                {"type": "FailureTarget", "status": "True", "reason": "BackoffLimitExceeded"},
                {"type": "Failed", "status": "True", "reason": "BackoffLimitExceeded", "message": "it broke"},
            ],
        },
    )
    old = engine.get("Job", "j", "batch/v1")
    assert old is not None
    checked = engine(suspended, check=True)
    assert checked["objects"]["updated"] == [f"Job {engine.name}/j"]
    with pytest.raises(WaitTimeout, match="0 of 1 ready"):
        engine(suspended, wait=True, wait_timeout=3)
    fresh = engine.get("Job", "j", "batch/v1")
    assert fresh is not None
    assert fresh["metadata"]["uid"] != old["metadata"]["uid"]


def ends_early(engine: Engine, happens: Callable[[], None], told: str, *, wait_timeout: int, within: float) -> None:
    """A Job is waited for in vain; what happens meanwhile ends that. It is suspended: its controller writes nothing."""
    suspended = job(suspend=True)
    engine(suspended)

    def meanwhile() -> None:
        eventually(lambda: any("0 of 1 ready" in line for line in engine.said), "it waits", wait_timeout)
        happens()

    thread = threading.Thread(target=meanwhile)
    thread.start()
    started = time.monotonic()
    with pytest.raises(WaitTimeout, match=rf"Job .*/j has failed\n.*{told}"):
        engine(suspended, wait=True, wait_timeout=wait_timeout)
    thread.join()
    assert time.monotonic() - started < within


def test_a_job_that_fails_ends_the_wait_at_once(engine: Engine) -> None:
    def fail() -> None:
        now = "2026-01-01T00:00:00Z"
        failed = {"status": "True", "reason": "BackoffLimitExceeded", "message": "it broke"}
        conditions = [{"type": "FailureTarget", **failed}, {"type": "Failed", **failed}]
        status(engine, "Job", "j", "batch/v1", {"startTime": now, "conditions": conditions})

    ends_early(engine, fail, "it broke", wait_timeout=60, within=20)


def test_what_somebody_deletes_meanwhile_ends_the_wait(engine: Engine) -> None:
    def delete() -> None:
        engine.plane.run_kubectl("-n", engine.name, "delete", "job", "j")

    ends_early(engine, delete, "something has deleted it", wait_timeout=120, within=60)


def test_a_finalizer_that_nobody_removes_is_named(engine: Engine) -> None:
    held = config(x="1")
    held["metadata"]["finalizers"] = ["example.com/held"]
    engine(held)
    with pytest.raises(WaitTimeout, match=r"ConfigMap .*/a: held by the finalizers example.com/held"):
        engine(state="absent", wait_timeout=2)
    engine.client.patch("v1", "ConfigMap", "a", engine.namespace, {"metadata": {"finalizers": None}})
    # The record is still there: the next run finishes.
    result = engine(state="absent")
    assert result["objects"]["pruned"] == [f"Secret {engine.name}/{engine.name}"]


WAITING = {"name": "c", "ready": False, "image": "x", "imageID": "", "restartCount": 0}


def pods_say(engine: Engine, count: int, state: dict[str, Any], **more: Any) -> None:
    """Writes what a kubelet would: there is none here. Waits until the controllers have made all Pods."""

    def made() -> list[dict[str, Any]]:
        pods = engine.client.list("v1", "Pod", engine.namespace)
        return pods if len(pods) >= count else []

    for pod in eventually(made, f"there are {count} Pods", 30):
        containers = [{**WAITING, "state": state, **more}]
        status(engine, "Pod", pod["metadata"]["name"], "v1", {"phase": "Pending", "containerStatuses": containers})


def test_forty_lines_name_everything_with_its_reason(engine: Engine) -> None:
    """Few things broken in many ways and many things broken alike: all are named, with what a person needs."""
    group = f"{engine.name}.example.com"
    workloads = [deployment(f"d{number}") for number in range(6)]
    widgets = [custom("Widget", f"w{number:02}", group) for number in range(60)]
    manifests = [crd("widgets", "Widget", group), *workloads, *widgets]
    engine(*manifests)
    for number in range(60):
        # A controller may well put a whole stack trace into a condition.
        why = "no room" if number % 2 else "no luck\n  at a\n  at b"
        status(engine, "Widget", f"w{number:02}", f"{group}/v1", ready("False", reason="Failed", message=why))
    message = 'Back-off pulling image "x": not found'
    pods_say(engine, 6, {"waiting": {"reason": "ImagePullBackOff", "message": message}})
    pod = engine.client.list("v1", "Pod", engine.namespace, label_selector="app=d0")[0]["metadata"]["name"]
    reference = {"apiVersion": "v1", "kind": "Pod", "name": pod, "namespace": engine.namespace}
    for count in range(4):
        event = {"apiVersion": "v1", "kind": "Event", "metadata": {"name": f"e{count}", "namespace": engine.namespace}}
        event |= {"type": "Warning", "reason": "Failed", "message": f"attempt {count}\nof many"}
        engine.client.create({**event, "involvedObject": reference, "lastTimestamp": f"2026-01-01T00:00:0{count}Z"})
    with pytest.raises(WaitTimeout) as caught:
        engine(*manifests, wait=True, wait_timeout=1)
    lines = str(caught.value).splitlines()
    text = "\n".join(lines)
    assert len(lines) <= 40, text
    assert lines[0].startswith(f"{engine.name}: 0 of 66 ready when the time was over"), text
    for number in range(6):
        assert f"Deployment {engine.name}/d{number}: 0/1, c: ImagePullBackOff" in lines, text
    assert f"  Pod {pod}: c: ImagePullBackOff" in lines, text
    assert "    Failed: attempt 3 of many" in lines, text  # the last warning, in one line
    assert f"    c: {message}" in lines, text
    for number in range(60):
        assert f"Widget {engine.name}/w{number:02}" in text
    assert "no luck at a at b" in text
    assert "no room" in text


def test_a_container_that_ends_again_and_again(engine: Engine) -> None:
    engine(deployment())
    ended = {"terminated": {"exitCode": 3, "reason": "Error"}}
    pods_say(engine, 1, {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s"}}, lastState=ended)
    with pytest.raises(WaitTimeout) as caught:
        engine(deployment(), wait=True, wait_timeout=1)
    text = str(caught.value)
    assert f"Deployment {engine.name}/d: 0/1, c: CrashLoopBackOff" in text
    assert "c: back-off 10s" in text
    assert "c ended with code 3 (Error)" in text


def test_nothing_is_said_while_nothing_changes(engine: Engine) -> None:
    engine(deployment())
    engine.said.clear()
    with pytest.raises(WaitTimeout):
        engine(deployment(), wait=True, wait_timeout=3)
    states = [line for line in engine.said if " ready; " in line]
    assert len(states) == len({line.rpartition(" ")[0].rpartition(" ")[0] for line in states}), states
    engine.said.clear()
    assert not engine(deployment())["changed"]
    assert engine.said == []


def test_many_of_a_kind_are_asked_for_together(engine: Engine) -> None:
    """One that lost its label is found all the same, and few among many are asked for one by one."""
    group = f"{engine.name}.example.com"
    names = [f"w{number}" for number in range(30)]
    manifests = [crd("widgets", "Widget", group), *(custom("Widget", name, group, size=1) for name in names)]
    engine(*manifests)
    for name in names:
        status(engine, "Widget", name, f"{group}/v1", ready("False"))
    label = {"metadata": {"labels": {PART_OF: None}}}

    def heal() -> None:
        time.sleep(1.5)
        engine.client.patch(f"{group}/v1", "Widget", "w29", engine.namespace, label)
        for name in names:
            status(engine, "Widget", name, f"{group}/v1", ready("True"))
            if name == "w27":
                time.sleep(3)

    mark = engine.plane.mark()
    thread = threading.Thread(target=heal)
    thread.start()
    engine(*manifests, wait=True, wait_timeout=60)
    thread.join()
    events = [(event["verb"], event.get("objectRef", {})) for event in engine.plane.requests(mark)]
    asked = [(verb, object_.get("name")) for verb, object_ in events if object_.get("resource") == "widgets"]
    assert asked.count(("list", None)) >= 3  # once for the plan, and then instead of thirty questions
    assert {name for verb, name in asked if verb == "get"} <= {"w27", "w28", "w29"}, asked  # the last three
