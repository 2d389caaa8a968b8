# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Both modules on a lab with the whole stack: real kubelet, builder, registry, operator and ingress controller.

The bentos are as small as a bento can be (a Dockerfile of their own and a server of Python's standard library), so that
a build takes seconds; a bento made by BentoML itself is the end-to-end test's part.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.tests.support.bentos import make_bento
from ansible_collections.bentobox.platform.tests.support.modules import run_module

pytestmark = pytest.mark.lab

Obj = dict[str, Any]
NAMESPACE = "yatai"
REGISTRY = "kubernetes://registry/registry:5000"
SMALL = {"requests": {"cpu": "20m", "memory": "64Mi"}, "limits": {"cpu": "500m", "memory": "256Mi"}}
DOCKERFILE = """FROM docker.io/library/python:3.11-slim
WORKDIR /home/bentoml/bento
COPY . ./
{more}
"""
SERVER = """
import json, os, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

if os.environ.get("CRASH"):
    sys.exit(f"cannot load the model: {os.environ['CRASH']}")

class Handler(BaseHTTPRequestHandler):
    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.answer(os.environ.get("GREETING", "hello") if self.path == "/greeting" else "ok")

    def do_POST(self):
        numbers = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.answer([2 * number for number in numbers])

ThreadingHTTPServer(("", int(os.environ["PORT"])), Handler).serve_forever()
"""


class Lab:
    def __init__(self, kubeconfig: str, home: Path) -> None:
        self.kubeconfig, self.home = kubeconfig, home
        self.client = Client.from_params({"kubeconfig": kubeconfig})

    def run(self, module: str, /, *, limit: float = 400, **arguments: Any) -> Obj:
        return run_module(module, {"kubeconfig": self.kubeconfig, **arguments}, timeout=limit)

    def push(self, name: str, version: str, more: str = "", force: bool = False) -> str:
        """A bento whose Dockerfile ends with these lines."""
        home = self.home / secrets.token_hex(4)
        folder = make_bento(home, name, version)
        (folder / "env" / "docker" / "Dockerfile").write_text(DOCKERFILE.format(more=more))
        (folder / "env" / "docker" / "entrypoint.sh").write_text("#!/bin/sh\nexec python3 src/server.py\n")
        (folder / "src" / "server.py").write_text(SERVER)
        pushed = self.run("bento_push", path=str(folder), bentoml_home=str(home), force=force)
        assert not pushed["failed"], pushed
        return f"{name}:{version}"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    kubeconfig = os.environ.get("BENTOBOX_LAB_KUBECONFIG")
    if not kubeconfig:
        pytest.fail("BENTOBOX_LAB_KUBECONFIG must name the kubeconfig of a lab with the Yatai stack", pytrace=False)
    return Lab(kubeconfig, tmp_path_factory.mktemp("bentos"))


@pytest.fixture
def bento(lab: Lab) -> Iterator[str]:
    """A name of its own; what is made under it is removed."""
    name = f"serving{secrets.token_hex(3)}"
    yield name
    for request in lab.client.list("resources.yatai.ai/v1alpha1", "BentoRequest", NAMESPACE):
        if request["spec"]["bentoTag"].startswith(f"{name}:"):
            lab.client.delete("resources.yatai.ai/v1alpha1", "BentoRequest", request["metadata"]["name"], NAMESPACE)


@pytest.fixture(scope="module")
def built(lab: Lab) -> Iterator[Obj]:
    """One bento with its image, for all deployments."""
    tag = lab.push(f"served{secrets.token_hex(3)}", "v1")
    result = lab.run("image_build", bento=tag, registry=REGISTRY, timeout=300)
    assert not result["failed"], result
    yield result
    lab.run("image_build", bento=tag, state="absent")


@pytest.fixture
def name(lab: Lab) -> Iterator[str]:
    """Of a BentoDeployment that is removed at the end."""
    name = f"lab{secrets.token_hex(3)}"
    yield name
    lab.client.delete("serving.yatai.ai/v2alpha1", "BentoDeployment", name, NAMESPACE)


# -- building ------------------------------------------------------------------------------------------------------
def test_build_is_real_and_found_again(lab: Lab, built: Obj) -> None:
    assert (built["changed"], built["built"]) == (True, True)
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", built["digest"])
    again = lab.run("image_build", bento=built["tag"], registry=REGISTRY)
    assert (again["changed"], again["digest"]) == (False, built["digest"])
    assert again["seconds"] < 10


def test_bad_requirements_and_the_corrected_bento(lab: Lab, bento: str) -> None:
    tag = lab.push(bento, "v1", "RUN pip install no-such-package-anywhere==9.9.9")
    failed = lab.run("image_build", bento=tag, registry=REGISTRY, timeout=300)
    assert failed["failed"]
    assert "container builder of Pod" in failed["msg"]
    assert "No matching distribution found for no-such-package-anywhere==9.9.9" in failed["msg"]
    assert len(failed["msg"].splitlines()) <= 42
    assert "\x1b" not in failed["msg"]
    lab.push(bento, "v1", "RUN echo better", force=True)
    built = lab.run("image_build", bento=tag, registry=REGISTRY, timeout=300)
    assert not built["failed"], built
    assert (built["changed"], built["built"]) == (True, True)


def test_timeout_ends_the_build(lab: Lab, bento: str) -> None:
    tag = lab.push(bento, "v1", "RUN echo now we wait && sleep 900")
    failed = lab.run("image_build", bento=tag, timeout=30)
    assert failed["failed"]
    assert "no image after 30 s" in failed["msg"]
    assert "Last lines of container" in failed["msg"]
    left = [
        pod["metadata"]["name"]
        for pod in lab.client.list("v1", "Pod", NAMESPACE, label_selector=f"yatai.ai/bento-repository={bento}")
    ]
    assert left == []


def test_unknown_bento(lab: Lab, bento: str) -> None:
    failed = lab.run("image_build", bento=f"{bento}:v1")
    assert f"Yatai has no bento {bento}:v1: push it first" in failed["msg"]
    assert lab.client.get_or_none("resources.yatai.ai/v1alpha1", "BentoRequest", f"{bento}--v1", NAMESPACE) is None
    # The builder itself tries for ever, and its condition flaps.
    failed = lab.run("image_build", bento=f"{bento}:v1", check_bento=False, timeout=120)
    assert "yatai-image-builder says:" in failed["msg"]
    assert "push the bento first" in failed["msg"]
    assert "no image after" not in failed["msg"]


def test_download_that_fails(lab: Lab, bento: str) -> None:
    failed = lab.run(
        "image_build", bento=f"{bento}:v1", timeout=200, bentoml_version="1.1.11",
        download_url="http://yatai.yatai-system.svc.cluster.local/api/v1/nothing?X-Amz-Signature=topsecret",
    )  # fmt: skip
    assert failed["failed"]
    assert "container bento-downloader of Pod" in failed["msg"]
    assert "download_url" in failed["msg"]
    assert "topsecret" not in failed["msg"]
    assert "building again (3 of 3)" in str(failed["warnings"])


def test_registry_that_refuses_the_push(lab: Lab, bento: str) -> None:
    tag = lab.push(bento, "v1")
    secret = {
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": bento, "namespace": NAMESPACE},
        "stringData": {".dockerconfigjson": '{"auths": {"mirror.lab.svc.cluster.local:5000": {"auth": "YTpi"}}}'},
    }  # fmt: skip
    # The lab's mirror takes no pushes.
    image = f"mirror.lab.svc.cluster.local:5000/{bento}:v1"
    lab.client.apply(secret)
    failed = lab.run("image_build", bento=tag, image=image, docker_config_secret=bento, insecure=True, timeout=200)
    lab.client.delete("v1", "Secret", bento, NAMESPACE)
    assert failed["failed"]
    assert "container builder of Pod" in failed["msg"]
    assert "error checking push permissions" in failed["msg"] or "error pushing image" in failed["msg"]


# -- serving -------------------------------------------------------------------------------------------------------
def test_serves_scales_and_ends(lab: Lab, built: Obj, name: str) -> None:
    service = lab.client.get("v1", "Service", "traefik", "traefik")
    arguments: Obj = {
        "name": name, "bento": built["tag"], "resources": SMALL, "envs": {"GREETING": "good morning"},
        "ingress": {"enabled": True}, "ingress_address": service["spec"]["clusterIP"], "wait_timeout": 240,
        "probe": {"path": "/double", "method": "POST", "body": [1, 2.5], "expect": {"json": [2, 5.0]}},
    }  # fmt: skip
    first = lab.run("bento_deployment", **arguments)
    assert not first["failed"], first
    assert first["changed"] is True
    assert (first["image"], first["replicas"]) == (built["image"], {"api": 1, "runners": {}})
    assert first["urls"]["ingress"] == f"http://{first['host']}"
    assert (first["probe"]["status"], first["probe"]["json"]) == (200, [2, 5.0])
    again = lab.run("bento_deployment", **arguments)
    assert (again["changed"], again["failed"]) == (False, False)
    # A change is waited for: the answer is that of the new pods.
    greeting = {"path": "/greeting", "expect": {"json": "good evening"}}
    changed = lab.run("bento_deployment", **{**arguments, "envs": {"GREETING": "good evening"}, "probe": greeting})
    assert not changed["failed"], changed
    scaled = lab.run(
        "bento_deployment",
        **{**arguments, "envs": {}, "probe": None, "autoscaling": {"min_replicas": 2, "max_replicas": 3}},
    )
    assert not scaled["failed"], scaled
    assert scaled["replicas"]["api"] == 2
    wrong = lab.run("bento_deployment", **{**arguments, "probe": {"path": "/greeting", "expect": {"json": "ciao"}}})
    assert 'the body is not "ciao"' in wrong["msg"]
    gone = lab.run("bento_deployment", name=name, state="absent")
    assert gone["changed"] is True
    for api_version, kind in (("apps/v1", "Deployment"), ("v1", "Pod"), ("v1", "Service")):
        selector = f"yatai.ai/bento-deployment={name}"
        assert lab.client.list(api_version, kind, NAMESPACE, label_selector=selector) == []
    assert lab.run("bento_deployment", name=name, state="absent")["changed"] is False


def test_crash_loop_tells_the_last_words(lab: Lab, built: Obj, name: str) -> None:
    failed = lab.run(
        "bento_deployment", name=name, bento=built["bento"], resources=SMALL, envs={"CRASH": "weights are gone"},
        wait_timeout=240,
    )  # fmt: skip
    assert failed["failed"]
    assert "container main of Pod" in failed["msg"]
    assert "cannot load the model: weights are gone" in failed["msg"]
    assert "not ready after" not in failed["msg"]
    # Corrected, it comes up.
    good = lab.run("bento_deployment", name=name, bento=built["bento"], resources=SMALL, wait_timeout=240)
    assert not good["failed"], good


def test_image_that_cannot_be_pulled(lab: Lab, name: str, bento: str) -> None:
    image = f"127.0.0.1:5000/{bento}:nowhere"
    made = {
        "apiVersion": "resources.yatai.ai/v1alpha1", "kind": "Bento",
        "metadata": {"name": bento, "namespace": NAMESPACE}, "spec": {"tag": f"{bento}:v1", "image": image},
    }  # fmt: skip
    lab.client.apply(made)
    failed = lab.run("bento_deployment", name=name, bento=bento, resources=SMALL, wait_timeout=240)
    lab.client.delete("resources.yatai.ai/v1alpha1", "Bento", bento, NAMESPACE)
    assert failed["failed"]
    assert f"cannot get its image {image}" in failed["msg"]
    assert "not ready after" not in failed["msg"]


def test_no_node_is_large_enough(lab: Lab, built: Obj, name: str) -> None:
    huge = {"requests": {"cpu": "900", "memory": "64Mi"}, "limits": {"cpu": "900", "memory": "256Mi"}}
    failed = lab.run(
        "bento_deployment", name=name, bento=built["bento"], resources=huge, wait_timeout=240, unschedulable_timeout=10
    )
    assert failed["failed"]
    assert "cannot be scheduled" in failed["msg"]
    assert "Insufficient cpu" in failed["msg"]
