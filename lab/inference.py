"""What the inference platform is told of the lab, what it serves there, and how to ask it."""

from __future__ import annotations

import base64
import shlex
from pathlib import Path
from typing import Any

from lab.artifacts import iris, resnet
from lab.errors import LabError
from lab.node.kubectl import Kubectl
from lab.settings import Settings

DOMAIN = "inference.local"
TENANT = "tenant-a"
QUOTA = {"requests.cpu": "4", "requests.memory": "8Gi", "limits.memory": "16Gi", "pods": "20"}
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


def models() -> dict[str, Any]:
    """The sample, with its model files made."""
    return sample(iris(), resnet())


def sample(iris_files: Path, resnet_files: Path) -> dict[str, Any]:
    """The tenants and models of the sample: A has two, B is reserved, C has one of another framework."""
    language_model = {
        "name": "kserve-container",
        "image": "docker.io/bentobox/trigram:1.0.0",
        "ports": [{"containerPort": 8080, "protocol": "TCP"}],
        "resources": {"requests": {"cpu": "20m", "memory": "32Mi"}, "limits": {"cpu": "1", "memory": "128Mi"}},
    }
    return {
        # Each pod has the limits of model, queue-proxy and sidecar: three CPUs, of which the lab's node has two.
        "bentobox_tenants": [
            {"name": TENANT, "quota": {**QUOTA, "limits.cpu": "24"}},
            {"name": "tenant-b"},
            {"name": "tenant-c", "quota": {**QUOTA, "limits.cpu": "12"}},
        ],
        "bentobox_models": [
            {
                "name": "sklearn-iris",
                "tenant": TENANT,
                "source": str(iris_files),
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
                "source": str(resnet_files),
                "service": {
                    "model_format": "pytorch",
                    "min_replicas": 0,
                    "max_replicas": 1,
                    "resources": {
                        "requests": {"cpu": "50m", "memory": "384Mi"},
                        "limits": {"cpu": "1", "memory": "1Gi"},
                    },
                },
                "route": {"limits": {"requests": {"count": 600, "unit": "minute"}}},
            },
        ],
    }


def curl(settings: Settings, kubectl: Kubectl) -> str:
    """A line that asks the sample, to be pasted. The token stays in the file that playbook token.yml has written."""
    try:
        edge = kubectl.get("-n", EDGE[0], "service", EDGE[1])
        secret = kubectl.get("-n", AUTHORITY[0], "secret", AUTHORITY[1])
    except LabError as error:
        raise LabError(f"{error}: is the inference platform installed?") from error
    authority = settings.state / "inference-ca.crt"
    authority.write_bytes(base64.b64decode(secret["data"]["ca.crt"]))
    host = f"api.{DOMAIN}"
    words = [
        "curl",
        f"--cacert {shlex.quote(str(authority))}",
        f"--resolve {host}:443:{edge['spec']['clusterIP']}",
        f'-H "Authorization: Bearer $(cat {shlex.quote(str(settings.token_file))})"',
        "-H 'Content-Type: application/json'",
        """-d '{"instances": [[5.1, 3.5, 1.4, 0.2]]}'""",
        f"https://{host}/v1/models/sklearn-iris:predict",
    ]
    return " ".join(words)
