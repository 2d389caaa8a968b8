"""What the inference platform is told of the lab, and how to ask what it serves there."""

from __future__ import annotations

import base64
import json
import shlex
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.node.kubectl import Kubectl
from lab.sample_models import BENTO, BENTO_PATH, FLOWER, TENANT, torchvision
from lab.settings import Settings

DOMAIN = "inference.local"
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
