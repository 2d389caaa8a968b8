"""What the inference platform is told of the lab, what it serves there, and how to ask it."""

from __future__ import annotations

import base64
import json
import shlex
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.node.kubectl import Kubectl
from lab.settings import Settings

DOMAIN = "inference.local"
TENANT = "tenant-a"
# The other platform's sample, as publish_bento.yml deploys it there. Its namespace is no tenant's.
BENTO = {"service": "iris-classifier", "namespace": "yatai", "port": 3000}
BENTO_PATH = f"/{TENANT}/{BENTO['service']}/predict"
FLOWER = [[5.1, 3.5, 1.4, 0.2]]
# The edge that clients reach: Istio's ingress gateway, whose certificate comes from the platform's authority.
EDGE = ("istio-system", "istio-ingressgateway")
AUTHORITY = ("inference-gateway", "predict-gateway-tls")


def variables() -> dict[str, Any]:
    """Extra variables for the roles: what is different where Envoy is upstream's and nothing is reachable."""
    return {
        "istio_proxy_extensions": False,
        "istio_gateway_service_type": "ClusterIP",
        "knative_networking_layer": "gateway_api",
        # Knative asks a registry itself for the digest of a tag, and does not know of the node's mirror.
        "knative_registries_skipping_tag_resolving": ["index.docker.io", "docker.io", "gcr.io", "quay.io"],
        "gateway_domain": DOMAIN,
        "kserve_extra_runtimes": [torchvision()],
    }


def torchvision() -> dict[str, Any]:
    """The runtime for PyTorch's image classifiers, lab/models/resnet/server.py."""
    container = {
        "name": "kserve-container",
        "image": "docker.io/bentobox/torchvision:1.0.0",
        # KServe fills it in; Ansible is told that it is no template of its own.
        "args": ["--model_name={% raw %}{{.Name}}{% endraw %}", "--model_dir=/mnt/models", "--http_port=8080"],
        "env": [{"name": "TORCH_NUM_THREADS", "value": "1"}],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "privileged": False,
            "runAsNonRoot": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    return {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ClusterServingRuntime",
        "metadata": {"name": "torchvision"},
        "spec": {
            "annotations": {"prometheus.kserve.io/port": "8080", "prometheus.kserve.io/path": "/metrics"},
            "supportedModelFormats": [{"name": "pytorch", "version": "1", "autoSelect": True, "priority": 1}],
            "protocolVersions": ["v1", "v2"],
            "containers": [container],
        },
    }


def models(iris: Path, resnet: Path, *, bento: bool) -> dict[str, Any]:
    """The tenants and models of the sample: A has two, B is reserved, C has one of another framework.

    iris, resnet: folders of model files. bento: whether Yatai serves its sample, to which A gets a route, too.
    """
    language_model = {
        "name": "kserve-container",
        "image": "docker.io/bentobox/trigram:1.0.0",
        "ports": [{"containerPort": 8080, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"cpu": "1", "memory": "128Mi"}},
    }
    return {
        "bentobox_tenants": [{"name": TENANT}, {"name": "tenant-b"}, {"name": "tenant-c"}],
        "bentobox_models": [
            {
                "name": "sklearn-iris",
                "tenant": TENANT,
                "source": str(iris),
                "service": {
                    "model_format": "sklearn",
                    "min_replicas": 0,
                    "max_replicas": 3,
                    "scale_metric": "concurrency",
                    "scale_target": 10,
                    "resources": {
                        "requests": {"cpu": "50m", "memory": "256Mi"},
                        "limits": {"cpu": "1", "memory": "1Gi"},
                    },
                },
                "route": {"limits": {"requests": {"count": 1000, "unit": "minute"}}},
            },
            {
                "name": "language",
                "tenant": TENANT,
                "kind": "openai",
                "service": {"spec": {"predictor": {"containers": [language_model]}}, "min_replicas": 1},
                "route": {"limits": {"tokens": {"count": 100000, "unit": "hour"}}},
            },
            {
                "name": "pytorch-resnet",
                "tenant": "tenant-c",
                "source": str(resnet),
                "service": {
                    "model_format": "pytorch",
                    "min_replicas": 0,
                    "max_replicas": 1,
                    "resources": {
                        "requests": {"cpu": "50m", "memory": "512Mi"},
                        "limits": {"cpu": "1", "memory": "1Gi"},
                    },
                },
                "route": {"limits": {"requests": {"count": 600, "unit": "minute"}}},
            },
            *([bento_model()] if bento else []),
        ],
    }


def bento_model() -> dict[str, Any]:
    """What Yatai serves, behind the same gateway: with the same tokens, and limits of its own."""
    return {
        "name": BENTO["service"],
        "tenant": TENANT,
        "backends": [BENTO],
        "route": {"limits": {"requests": {"count": 1000, "unit": "minute"}}},
        "probe": {"path": BENTO_PATH, "body": FLOWER, "contains": "setosa"},
    }


def curl(settings: Settings, kubectl: Kubectl) -> list[str]:
    """Lines that ask what is served of the sample, to be pasted."""
    try:
        edge = kubectl.get("-n", EDGE[0], "service", EDGE[1])
        secret = kubectl.get("-n", AUTHORITY[0], "secret", AUTHORITY[1])
        routes = kubectl.get("-n", AUTHORITY[0], "httproutes.gateway.networking.k8s.io")
    except LabError as error:
        raise LabError(f"{error}: is the inference platform installed?") from error
    authority = settings.state / "inference-ca.crt"
    authority.write_bytes(base64.b64decode(secret["data"]["ca.crt"]))
    address = edge["spec"]["clusterIP"]
    asked = [("/v1/models/sklearn-iris:predict", {"instances": FLOWER})]
    if f"{TENANT}-{BENTO['service']}" in {route["metadata"]["name"] for route in routes["items"]}:
        asked.append((BENTO_PATH, FLOWER))
    return [line(authority, address, settings.token_file, path, body) for path, body in asked]


def line(authority: Path, address: str, token_file: Path, path: str, body: Any) -> str:
    """For bash. The token is only in the file that playbook token.yml has written, and in no list of processes."""
    host = f"api.{DOMAIN}"
    words = [
        "curl",
        f"--cacert {shlex.quote(str(authority))}",
        f"--resolve {host}:443:{address}",
        f"-H @<(printf 'Authorization: Bearer %s' \"$(cat {shlex.quote(str(token_file))})\")",
        "-H 'Content-Type: application/json'",
        f"-d {shlex.quote(json.dumps(body))}",
        f"https://{host}{path}",
    ]
    return " ".join(words)
