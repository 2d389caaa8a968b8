# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the roles' own templates make of their defaults, against golden files (GOLDEN=write writes them anew)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from ansible_collections.bentobox.platform.tests.unit.roles.rendering import ROLES, Role, containers, find, pods

GOLDEN = Path(__file__).parent / "golden"
OWN = ["ingress", "postgresql", "object_store", "registry", "redis"]
# Roles whose own templates have no pods.
PARTLY = ["cert_manager", "yatai_image_builder", "envoy_gateway", "gateway", "default_backend"]
Make = Callable[..., Role]
TEMPLATES = [
    (folder.name, template.name)
    for folder in sorted(ROLES.iterdir())
    if (folder / "tasks/present.yml").exists()
    for template in sorted((folder / "templates").glob("*.yaml.j2"))
]


@pytest.mark.parametrize(
    "name", [*OWN, "cert_manager", "yatai_image_builder", "envoy_gateway", "gateway", "default_backend"]
)
def test_golden(name: str, role: Make) -> None:
    manifests = role(name).component()["manifests"]
    text = yaml.safe_dump_all(manifests, sort_keys=False, width=118)
    golden = GOLDEN / f"{name}.yml"
    if os.environ.get("GOLDEN") == "write":
        golden.write_text(text, encoding="utf-8")
    assert list(yaml.safe_load_all(golden.read_text(encoding="utf-8"))) == manifests


@pytest.mark.parametrize(("name", "template"), TEMPLATES)
def test_every_template_renders_with_defaults(name: str, template: str, role: Make) -> None:
    for item in role(name).template(template):
        assert item["apiVersion"]
        assert item["kind"]
        assert item["metadata"]["name"]


@pytest.mark.parametrize("name", OWN)
def test_containers_follow_the_rules(name: str, role: Make) -> None:
    manifests = role(name).component()["manifests"]
    assert containers(manifests)
    for what, container in containers(manifests):
        resources = container["resources"]
        assert set(resources) == {"requests"}, f"{what}: requests only, a CPU limit throttles"
        security = container["securityContext"]
        assert security["allowPrivilegeEscalation"] is False, what
        assert security["capabilities"] == {"drop": ["ALL"]}, what
    for what, pod in pods(manifests):
        assert pod["securityContext"]["runAsNonRoot"] is True, what
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, what


@pytest.mark.parametrize("name", OWN)
def test_mirror_and_pull_secrets_reach_every_pod(name: str, role: Make) -> None:
    manifests = role(name, image_registry="mirror.example.com/all", image_pull_secrets=["one", "two"]).component()
    for what, container in containers(manifests["manifests"]):
        assert container["image"].startswith("mirror.example.com/all/docker.io/"), what
    for what, pod in pods(manifests["manifests"]):
        assert pod["imagePullSecrets"] == [{"name": "one"}, {"name": "two"}], what


def test_embedded_store_shows_nothing_but_s3(role: Make) -> None:
    """Master, volume server and filer of the store know no logins."""
    store, gateway = containers(role("object_store").component()["manifests"])
    assert "-ip.bind=127.0.0.1" in store[1]["command"]
    assert "ports" not in store[1]
    assert "-ip.bind=0.0.0.0" in gateway[1]["command"]
    assert "-master.telemetry=false" in store[1]["command"]
    assert "-allowDeleteBucketNotEmpty=false" in gateway[1]["command"]


def test_older_store_gets_no_switch_it_refuses(role: Make) -> None:
    for _what, container in containers(role("object_store", release="2025.07").component()["manifests"]):
        assert not [item for item in container["command"] if "telemetry" in item or "iceberg" in item]


def test_node_registry_listens_on_loopback_only(role: Make) -> None:
    manifests = role("registry").component()["manifests"]
    config = yaml.safe_load(find(manifests, "ConfigMap", "registry-node")["data"]["config.yml"])
    assert config["http"]["addr"] == "127.0.0.1:5000"
    assert config["proxy"]["remoteurl"] == "http://registry.registry.svc.cluster.local:5000"
    pod = find(manifests, "DaemonSet", "registry-node")["spec"]["template"]["spec"]
    # without this policy a pod in the node's network cannot resolve the name of a Service
    assert pod["hostNetwork"] is True
    assert pod["dnsPolicy"] == "ClusterFirstWithHostNet"
    assert find(manifests, "Secret", "registry-yatai")["stringData"]["server"] == "127.0.0.1:5000"


def test_external_registry_is_only_a_secret(role: Make) -> None:
    registry = role("registry", provider="external", server="r.example.com", username="u", password="p")
    assert [item["kind"] for item in registry.component()["manifests"]] == ["Secret"]


def test_external_database_is_only_a_secret(role: Make) -> None:
    database = role("postgresql", provider="rds", host="db.example.com", password="given", sslmode="verify-full")
    (secret,) = database.component()["manifests"]
    assert secret["stringData"] == {
        "host": "db.example.com",
        "port": "5432",
        "username": "yatai",
        "password": "given",
        "database": "yatai",
        "sslmode": "verify-full",
    }


def test_external_bucket_is_only_a_secret(role: Make) -> None:
    store = role("object_store", provider="s3", region="eu-west-1", access_key="a", secret_key="s")
    (secret,) = store.component()["manifests"]
    assert secret["stringData"]["endpoint"] == "s3.eu-west-1.amazonaws.com"
    assert secret["stringData"]["secure"] == "true"


def test_ingress_keeps_routes_without_pods(role: Make) -> None:
    """A route that is left out would hand its path to a wider route of the same host."""
    ((_what, container),) = containers(role("ingress").component()["manifests"])
    assert "--providers.kubernetesingress.allowemptyservices=true" in container["args"]
    assert "--global.sendanonymoususage=false" in container["args"]


@pytest.mark.parametrize("name", ["postgresql", "object_store", "redis"])
def test_passwords_are_references(name: str, role: Make) -> None:
    args = role(name).component()
    assert args["generate_secrets"][0]["name"] == f"{name.replace('_', '-')}-generated"
    for item in args["manifests"]:
        if item["kind"] == "Secret":
            for key, value in item["stringData"].items():
                if key in ("password", "access_key", "secret_key"):
                    assert value.startswith("${secret:"), key
