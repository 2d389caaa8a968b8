"""What both platforms serve in the lab: a sample for each way to serve a model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lab.artifacts.sample import TAG_PREFIX

TENANT = "tenant-a"
# The other platform's sample, as publish_bento.yml deploys it there. Its namespace is no tenant's.
BENTO = {"service": "iris-classifier", "namespace": "yatai", "port": 3000}
BENTO_PATH = f"/{TENANT}/{BENTO['service']}/predict"
FLOWER = [[5.1, 3.5, 1.4, 0.2]]
# What the bento reserves of a node that both platforms share: half a core less than the operator's defaults.
RESERVED = {"requests": {"cpu": "50m"}}
SMALL_BENTO = {
    "deployment_resources": RESERVED,
    "deployment_runners": [{"name": TAG_PREFIX, "resources": RESERVED}],
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
