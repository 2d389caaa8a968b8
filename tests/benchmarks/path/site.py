# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A server that answers at once, as a pod of nobody's and as a model of tenant A, and ever longer ways to it."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.support.modules import run_module

from lab import inference

Obj = dict[str, Any]

SPACE, NAME, TENANT = "bench-path", "bench", inference.TENANT
GATEWAYS = "inference-gateway"
HOST = f"api.{inference.DOMAIN}"
OPEN, CLOSED, LIMITED, MODEL = "/bench/open", "/bench/closed", "/bench/limited", "/bench/model"
LIMIT = {"requests": {"count": 100_000_000, "unit": "hour"}}  # counted, never reached
IMAGE = "docker.io/library/python:3.11-slim"
# No framework and no thread between the socket and the answer: what is measured is the way there. A container's first
# process is asked to end in vain, unless it listens.
SERVER = """\
import asyncio, os, signal
signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
ANSWER = b'HTTP/1.1 200 OK\\r\\nContent-Type: text/plain\\r\\nContent-Length: 2\\r\\n\\r\\nok'
class Server(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport, self.rest = transport, b''
    def data_received(self, data):
        *requests, self.rest = (self.rest + data).split(b'\\r\\n\\r\\n')
        self.transport.write(ANSWER * len(requests))
async def main():
    server = await asyncio.get_running_loop().create_server(Server, '', 8080)
    await server.serve_forever()
asyncio.run(main())
"""


class Failed(Exception):
    """A module did not do its work."""


def container() -> Obj:
    return {
        "name": "kserve-container",
        "image": IMAGE,
        "command": ["python3", "-c", SERVER],
        "ports": [{"containerPort": 8080, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"cpu": "2", "memory": "128Mi"}},
    }


def manifests() -> list[Obj]:
    labels = {"app": NAME}
    metadata = {"name": NAME, "namespace": SPACE}
    pod = {"metadata": {**metadata, "labels": labels}, "spec": {"containers": [container()]}}
    service = {"selector": labels, "ports": [{"port": 80, "targetPort": 8080}]}
    return [
        {"apiVersion": "v1", "kind": "Pod", **pod},
        {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": service},
    ]


def open_route() -> list[Obj]:
    """The gateway alone. model_route cannot make such a route, and should not be able to."""
    group = "gateway.networking.k8s.io"
    metadata = {"name": f"{NAME}-open", "namespace": GATEWAYS}
    rule = {
        "matches": [{"path": {"type": "PathPrefix", "value": OPEN}}],
        "backendRefs": [{"name": NAME, "namespace": SPACE, "port": 80}],
    }
    spec = {"parentRefs": [{"name": "predict"}], "hostnames": [HOST], "rules": [rule]}
    policy = {
        "targetRefs": [{"group": group, "kind": "HTTPRoute", "name": metadata["name"]}],
        "authorization": {"defaultAction": "Allow"},
    }
    grant = {
        "from": [{"group": group, "kind": "HTTPRoute", "namespace": GATEWAYS}],
        "to": [{"group": "", "kind": "Service", "name": NAME}],
    }
    return [
        {
            "apiVersion": f"{group}/v1beta1",
            "kind": "ReferenceGrant",
            "metadata": {"name": metadata["name"], "namespace": SPACE},
            "spec": grant,
        },
        {"apiVersion": f"{group}/v1", "kind": "HTTPRoute", "metadata": metadata, "spec": spec},
        {
            "apiVersion": "gateway.envoyproxy.io/v1alpha1",
            "kind": "SecurityPolicy",
            "metadata": metadata,
            "spec": policy,
        },
    ]


class Site:
    """There for the time of the benchmark."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster

    def __enter__(self) -> Site:
        try:
            self._make()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._remove()

    def _make(self) -> None:
        self._run("component", name=NAME, namespace=SPACE, manifests=manifests())
        self._run("component", name=f"{NAME}-open", namespace=GATEWAYS, manifests=open_route())
        plain = [{"service": NAME, "namespace": SPACE}]
        self._run("model_route", **_route("closed"), path_prefix=CLOSED, backends=plain)
        self._run("model_route", **_route("limited"), path_prefix=LIMITED, backends=plain, limits=LIMIT)
        spec = {"predictor": {"containers": [container()]}}
        replicas = {"min_replicas": 1, "max_replicas": 1}
        model = {"name": NAME, "namespace": TENANT}
        self._run("inference_service", **model, service_account="models", spec=spec, **replicas)
        backends = [{"inference_service": NAME}]
        self._run("model_route", **_route("model"), path_prefix=MODEL, backends=backends, limits=LIMIT)

    def _remove(self) -> None:
        for name in ("model", "limited", "closed"):
            self._run("model_route", **_route(name), state="absent")
        self._run("inference_service", name=NAME, namespace=TENANT, state="absent")
        self._run("component", name=f"{NAME}-open", namespace=GATEWAYS, state="absent")
        self._run("component", name=NAME, namespace=SPACE, state="absent", purge=True)

    def _run(self, module: str, **arguments: Any) -> Obj:
        done = run_module(module, {"kubeconfig": str(self.cluster.kubeconfig), **arguments}, timeout=600)
        if done["failed"]:
            raise Failed(f"{module} {arguments.get('name', '')}: {done['msg']}")
        return done

    def token(self) -> str:
        return str(self._run("jwt_token", subject="bench", tenant=TENANT, ttl=7200)["token"])

    def address(self, namespace: str, service: str) -> str:
        return str(self.cluster.get(f"/api/v1/namespaces/{namespace}/services/{service}")["spec"]["clusterIP"])

    def pod_address(self) -> str:
        return str(self.cluster.get(f"/api/v1/namespaces/{SPACE}/pods/{NAME}")["status"]["podIP"])


def _route(name: str) -> Obj:
    return {"name": f"{NAME}-{name}", "tenant": TENANT}
