# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real API server with the real yatai-image-builder and a real registry. There is no kubelet: tests play it, by
writing the status of pods, so that every end of a build can be had in seconds."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.tests.support.control_plane import ControlPlane
from ansible_collections.bentobox.platform.tests.support.modules import run_module
from ansible_collections.bentobox.platform.tests.support.oci_registry import OciRegistry
from ansible_collections.bentobox.platform.tests.support.process import end, free_port, wait_ready
from ansible_collections.bentobox.platform.tests.support.waiting import eventually

REPOSITORY = "yatai-bentos"
BUILDERS = "yatai.ai/is-bento-image-builder=true"
Obj = dict[str, Any]


@pytest.fixture(scope="session")
def artifacts() -> Any:
    """The lab's programs and charts; built when they are not in the cache."""
    from lab.artifacts import ensure  # noqa: PLC0415  # the checkout is on sys.path once tests have started

    return ensure(["programs", "debs", "charts"])


@pytest.fixture(scope="session")
def inference_artifacts(artifacts: Any) -> Any:
    """The charts of the inference stack, for its definitions, with the same programs."""
    from lab.artifacts import ensure  # noqa: PLC0415

    return dataclasses.replace(ensure(["charts"], stack="inference"), programs=artifacts.programs)


@pytest.fixture(scope="session")
def oci_registry(artifacts: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[OciRegistry]:
    registry = OciRegistry(artifacts.bin("docker-registry"), tmp_path_factory.mktemp("oci-registry"))
    registry.start()
    yield registry
    registry.stop()


def install_chart(plane: ControlPlane, artifacts: Any, chart: str, *options: str) -> None:
    """Custom resource definitions, as their own chart makes them."""
    [path] = [*artifacts.charts_dir.glob(f"{chart}-[0-9]*.tgz"), *artifacts.charts_dir.glob(f"{chart}-v[0-9]*.tgz")]
    command = [artifacts.bin("helm"), "template", chart, path, *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(done.stdout)
        file.flush()
        _install(plane, Path(file.name))


def install_file(plane: ControlPlane, artifacts: Any, name: str) -> None:
    """Custom resource definitions that come as a release file, beside the charts."""
    [path] = (artifacts.charts_dir.parent / "files").glob(f"{name}-[0-9]*.yaml")
    _install(plane, path)


def kserve_definitions(plane: ControlPlane, artifacts: Any) -> None:
    """KServe's and Knative's kinds, and one runtime."""
    install_chart(plane, artifacts, "kserve-crd")
    install_file(plane, artifacts, "knative-serving-crds")
    spec = {
        "supportedModelFormats": [{"name": "sklearn", "version": "1", "autoSelect": True}],
        "protocolVersions": ["v1", "v2"],
        "containers": [{"name": "kserve-container", "image": "example.org/sklearnserver:v0.15.0"}],
    }
    runtime = {"kind": "ClusterServingRuntime", "metadata": {"name": "kserve-sklearnserver"}, "spec": spec}
    client = Client.from_params(plane.params())
    client.apply({"apiVersion": "serving.kserve.io/v1alpha1", **runtime}, field_manager="kserve")


def gateway_definitions(plane: ControlPlane, artifacts: Any) -> None:
    """Kinds of Gateway API, Envoy Gateway, AI Gateway, and KServe's, which routes refer to."""
    install_file(plane, artifacts, "gateway-api")
    install_chart(plane, artifacts, "gateway-crds-helm", "--set", "crds.envoyGateway.enabled=true")
    install_chart(plane, artifacts, "ai-gateway-crds-helm")
    install_chart(plane, artifacts, "kserve-crd")


def _install(plane: ControlPlane, path: Path) -> None:
    # KServe's definitions are the largest there are: a busy machine takes minutes, and longer than a request may take.
    apply = ("apply", "--server-side", "-f", str(path))
    eventually(lambda: plane.run_kubectl(*apply, timeout=300), f"{path.name} is applied", 300)
    established = ("wait", "--for=condition=Established", "crd", "--all")
    eventually(lambda: plane.run_kubectl(*established, check=False).returncode == 0, "the kinds are Established")


@pytest.fixture(scope="session")
def builder_process(
    control_plane: ControlPlane, artifacts: Any, oci_registry: OciRegistry, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[subprocess.Popen[bytes]]:
    """yatai-image-builder, which knows no Yatai."""
    install_chart(control_plane, artifacts, "yatai-image-builder-crds")
    for namespace in ("yatai-system", "yatai-image-builder"):
        control_plane.run_kubectl("create", "namespace", namespace)
    folder = tmp_path_factory.mktemp("image-builder")
    health = free_port()
    environment = {
        "PATH": os.environ["PATH"],
        # A user of its own: tests look in the audit log for what admin, as which modules run, has written.
        "KUBECONFIG": str(control_plane.user_kubeconfig("yatai-image-builder", ("system:masters",))),
        "YATAI_SYSTEM_NAMESPACE": "yatai-system",
        "YATAI_IMAGE_BUILDER_NAMESPACE": "yatai-image-builder",
        "DISABLE_YATAI_COMPONENT_REGISTRATION": "true",
        "DOCKER_REGISTRY_SERVER": oci_registry.address,
        "DOCKER_REGISTRY_SECURE": "false",
        "DOCKER_REGISTRY_BENTO_REPOSITORY_NAME": REPOSITORY,
        "BENTO_IMAGE_BUILD_ENGINE": "kaniko",
        "INTERNAL_IMAGES_BENTO_DOWNLOADER": "example.org/bento-downloader:1",
        "INTERNAL_IMAGES_KANIKO": "example.org/kaniko:1",
    }
    log = folder / "builder.log"
    with log.open("ab") as file:
        process = subprocess.Popen(
            [
                artifacts.bin("yatai-image-builder"),
                f"--metrics-bind-address=127.0.0.1:{free_port()}",
                f"--health-probe-bind-address=127.0.0.1:{health}",
            ],
            cwd=folder, env=environment, stdout=file, stderr=file,
        )  # fmt: skip
    wait_ready(process, lambda: "Starting workers" in log.read_text(errors="replace"), "yatai-image-builder", log)
    yield process
    end(process, signal.SIGTERM)


@pytest.fixture(scope="session")
def builder(control_plane: ControlPlane, builder_process: subprocess.Popen[bytes]) -> ControlPlane:
    """The control plane, with a builder that runs."""
    return control_plane


def warned(result: Obj) -> str:
    """All warnings of a result as one text, in the shape of any version of Ansible."""
    return json.dumps(result.get("warnings") or [])


@dataclass
class World:
    """One namespace of its own on the shared control plane, and the parts a test plays."""

    plane: ControlPlane
    client: Client
    namespace: str
    registry: Any  # an OciRegistry; None where no image is built

    def run(self, module: str, /, *, check: bool = False, **arguments: Any) -> Obj:
        given = {"kubeconfig": str(self.plane.kubeconfig), "namespace": self.namespace}
        return run_module(module, given | arguments, check=check, timeout=180)

    def start(self, module: str, /, **arguments: Any) -> Future[Obj]:
        """The module in the background, while the test plays the kubelet."""
        pool = ThreadPoolExecutor(1)
        future = pool.submit(self.run, module, **arguments)
        pool.shutdown(wait=False)
        return future

    def wait(self, check: Callable[[], Any], timeout: float = 60) -> Any:
        return eventually(check, timeout=timeout)

    def builders(self) -> list[Obj]:
        return [
            pod
            for pod in self.client.list("v1", "Pod", self.namespace, label_selector=BUILDERS)
            if not pod["metadata"].get("deletionTimestamp") and (pod.get("status") or {}).get("phase") == "Pending"
        ]

    def new_builder(self, *before: Obj) -> Obj:
        known = {pod["metadata"]["uid"] for pod in before}
        found = self.wait(lambda: [pod for pod in self.builders() if pod["metadata"]["uid"] not in known])
        return dict(found[0])

    def set_pod(self, pod: Obj, phase: str, **status: Any) -> None:
        """What a kubelet would report."""
        path = f"/api/v1/namespaces/{self.namespace}/pods/{pod['metadata']['name']}/status"
        self.client.request(
            "PATCH", path, body={"status": {"phase": phase, **status}}, content_type="application/merge-patch+json"
        )

    def fail_pod(self, pod: Obj, container: str, code: int, *, init: bool = False) -> None:
        state = {"terminated": {"exitCode": code, "reason": "Error"}}
        status = {"name": container, "image": "x", "imageID": "x", "ready": False, "restartCount": 0, "state": state}
        self.set_pod(pod, "Failed", **{"initContainerStatuses" if init else "containerStatuses": [status]})

    def image(self, version: str) -> str:
        return f"{self.registry.address}/{REPOSITORY}:yatai.{self.namespace}.{version}"

    def finish_build(self, pod: Obj, version: str) -> str:
        """The builder pushes its image and ends well; returns the digest."""
        self.set_pod(pod, "Running")
        digest = self.registry.push(REPOSITORY, f"yatai.{self.namespace}.{version}")
        self.set_pod(pod, "Succeeded")
        return digest


@pytest.fixture
def world(builder: ControlPlane, oci_registry: OciRegistry, request: pytest.FixtureRequest) -> Iterator[World]:
    yield from make_world(builder, oci_registry, request.node.name)


_COUNT = [0]
_LOCK = threading.Lock()


def make_world(plane: ControlPlane, registry: OciRegistry | None, test: str) -> Iterator[World]:
    with _LOCK:
        _COUNT[0] += 1
        namespace = f"serving-{_COUNT[0]}-{os.getpid()}"
    plane.make_namespace(namespace)
    yield World(plane, Client.from_params(plane.params()), namespace, registry)
    plane.run_kubectl("delete", "namespace", namespace, "--wait=false")
