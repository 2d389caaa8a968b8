# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole lab: names, volumes, images and the old autoscaling version, as pods meet them."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import yaml
from ansible_collections.bentobox.platform.tests.support.waiting import eventually

from lab.slots import Network, recorded

from .conftest import Machine, machine

BUSYBOX = "docker.io/library/busybox:1.36"
# Each look is a kubectl of its own.
until = partial(eventually, timeout=120, interval=1)


@pytest.fixture(scope="module")
def whole() -> Iterator[Machine]:
    one = machine("t-whole")
    one.down()
    one.up()
    yield one
    one.down()


@pytest.fixture(scope="module")
def node_ip(whole: Machine) -> str:
    slot = recorded(whole.settings)
    assert slot is not None
    return Network(slot).node_ip


def pod(name: str, script: str, image: str = BUSYBOX, **spec: Any) -> dict[str, Any]:
    container: dict[str, Any] = {"name": "main", "image": image, "command": ["sh", "-c", script]}
    container.update(spec.pop("container", {}))
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "labels": {"app": name}},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 1, **spec},
    }


def apply(whole: Machine, *objects: dict[str, Any]) -> None:
    whole.kubectl("apply", "-f", "-", stdin=yaml.safe_dump_all(objects))


def phase(whole: Machine, name: str) -> str:
    return str(whole.get("pod", name)["status"].get("phase"))


def output(whole: Machine, name: str) -> str:
    until(lambda: phase(whole, name) in ("Succeeded", "Failed"), f"the end of pod {name}")
    return whole.kubectl("logs", name)


def test_pods_reach_what_has_a_name_in_the_lab_and_nothing_else(whole: Machine) -> None:
    script = """
      wget -qO- http://mirror.lab.svc.cluster.local:5000/v2/ > /dev/null && echo mirror
      wget -qO- http://pypi.lab.svc.cluster.local/simple/ | grep -q bentoml && echo index
      nslookup example.com > /dev/null 2>&1 || echo no-such-name
      wget -T 5 -qO- http://192.0.2.1/ > /dev/null 2>&1 || echo no-way-out
    """
    apply(whole, pod("names", script, restartPolicy="Never"))
    assert output(whole, "names").split() == ["mirror", "index", "no-such-name", "no-way-out"]


def test_the_mirror_cannot_be_written_to(whole: Machine, node_ip: str) -> None:
    request = urllib.request.Request(f"http://{node_ip}:5000/v2/library/busybox/blobs/uploads/", method="POST")
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=10)
    assert caught.value.code in (403, 405)


def test_an_external_ip_leads_from_the_machine_to_a_pod_that_is_not_root(whole: Machine, node_ip: str) -> None:
    serve = "mkdir -p /tmp/www && echo hello > /tmp/www/index.html && exec httpd -f -p 80 -h /tmp/www"
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}], "externalIPs": [node_ip]},
    }
    apply(whole, pod("web", serve, securityContext={"runAsUser": 1000}), service)

    def answers() -> bool:
        try:
            return bool(urllib.request.urlopen(f"http://{node_ip}/", timeout=2).read() == b"hello\n")
        except OSError:
            return False

    until(answers, "an answer through the external address")
    assert whole.kubectl("exec", "web", "--", "id", "-u").strip() == "1000"


def test_a_registry_on_the_node_is_asked_itself(whole: Machine, node_ip: str) -> None:
    """As roles have it: a registry in pull-through mode on the node's loopback. An image that only it can give."""
    config = {
        "version": 0.1,
        "storage": {"inmemory": {}},
        "http": {"addr": "127.0.0.1:5000"},
        "proxy": {"remoteurl": f"http://{node_ip}:5000"},
    }
    apply(
        whole,
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "near"},
            "data": {"config.yml": json.dumps(config)},
        },
        pod(
            "near",
            "",
            image="docker.io/library/registry:2.8.2",
            container={
                "command": ["/bin/registry", "serve", "/config/config.yml"],
                "volumeMounts": [{"name": "config", "mountPath": "/config"}],
            },
            hostNetwork=True,
            volumes=[{"name": "config", "configMap": {"name": "near"}}],
        ),
    )
    until(lambda: phase(whole, "near") == "Running", "the registry on the node")
    apply(whole, pod("far", "echo pulled", image="127.0.0.1:5000/library/busybox:1.36", restartPolicy="Never"))
    assert output(whole, "far").strip() == "pulled"
    whole.kubectl("delete", "pod", "near")


def test_the_old_autoscaling_version_is_a_view_of_the_new_one(whole: Machine) -> None:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "none"}
    metric = {
        "type": "Resource",
        "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 66}},
    }
    apply(
        whole,
        {
            "apiVersion": "autoscaling/v2beta2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "old"},
            "spec": {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 3, "metrics": [metric]},
        },
    )
    new = json.loads(
        whole.kubectl("get", "--raw", "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/old")
    )
    assert new["spec"]["metrics"] == [metric]


def test_a_volume_and_the_cluster_survive_down_and_up_and_a_reboot(whole: Machine) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "data"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "16Mi"}}},
    }
    keeper = pod(
        "keeper",
        "test -e /data/first && echo found || date > /data/first; sync; sleep 100000",
        container={"volumeMounts": [{"name": "data", "mountPath": "/data"}]},
        volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}],
    )
    apply(whole, claim, keeper)
    until(lambda: phase(whole, "keeper") == "Running", "a pod with a volume")
    written = whole.kubectl("exec", "keeper", "--", "cat", "/data/first")
    for stop in (lambda: whole.down(KEEP_DATA="1"), whole.reboot):
        stop()
        whole.up()
        until(lambda: "found" in whole.kubectl("logs", "keeper"), "the pod's next start")
        assert whole.kubectl("exec", "keeper", "--", "cat", "/data/first") == written
    whole.down()
    assert whole.remains() == []
