# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each trap of the real charts that a role works around, proved on what is applied in the end."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.patches import apply_patches
from ansible_collections.bentobox.platform.plugins.module_utils.kube.render import hooks
from ansible_collections.bentobox.platform.tests.unit.roles.rendering import Role, containers, find

Make = Callable[..., Role]
CHARTS = ["cert_manager", "metrics_server", "yatai", "yatai_image_builder", "yatai_deployment"]
OPERATORS = {"yatai_image_builder": "yatai-image-builder", "yatai_deployment": "yatai-deployment"}


@pytest.mark.parametrize("name", CHARTS)
def test_rendering_twice_is_the_same(name: str, role: Make) -> None:
    """The charts draw session keys, tokens and annotations at random whenever they are rendered."""
    made = role(name)
    assert made.objects(fresh=True) == made.objects(fresh=True)


@pytest.mark.parametrize("name", CHARTS)
def test_no_chart_hook_is_left(name: str, role: Make) -> None:
    assert [item.obj for item in hooks(role(name).objects()).items if item.phase != 1] == []


@pytest.mark.parametrize("name", CHARTS)
def test_no_autoscaler_of_a_removed_version(name: str, role: Make) -> None:
    assert [item["apiVersion"] for item in role(name).objects() if item["kind"] == "HorizontalPodAutoscaler"] == []


@pytest.mark.parametrize("name", CHARTS)
def test_mirror_and_pull_secrets_reach_every_pod(name: str, role: Make) -> None:
    objects = role(name, image_registry="mirror.example.com/all", image_pull_secrets=["one"]).objects()
    assert containers(objects)
    for what, container in containers(objects):
        assert container["image"].startswith("mirror.example.com/all/"), what
        assert set(container["resources"]) == {"requests"}, what
    for item in objects:
        if item["kind"] == "Deployment":
            pod = item["spec"]["template"]["spec"]
            # Some charts give them to the account that the pods run as.
            account = find(objects, "ServiceAccount", pod["serviceAccountName"])
            assert pod.get("imagePullSecrets", account.get("imagePullSecrets")) == [{"name": "one"}], item["metadata"]


@pytest.mark.parametrize("name", OPERATORS)
def test_internal_images_come_from_the_mirror(name: str, role: Make) -> None:
    made = role(name, image_registry="mirror.example.com/all")
    data = find(made.objects(), "Secret", f"{OPERATORS[name]}-env")["stringData"]
    images = {key: value for key, value in data.items() if key.startswith("INTERNAL_IMAGES_")}
    assert len(images) >= 4
    assert [key for key, value in images.items() if not value.startswith("mirror.example.com/all/")] == []


def test_yatai_secrets_are_references(role: Make) -> None:
    data = find(role("yatai").objects(), "Secret", "yatai-env")["stringData"]
    for key in ("SESSION_SECRET_KEY", "YATAI_INITIALIZATION_TOKEN"):
        assert data[key].startswith("${secret:yatai-system/yatai-generated/"), key
    assert data["PG_PASSWORD"] == "${secret:postgresql/postgresql-yatai/password}"
    assert data["S3_SECRET_KEY"] == "${secret:object-store/object-store-yatai/secret_key}"


def test_yatai_existing_access_key_is_found(role: Make) -> None:
    """The chart's own default misspells the value, so that the key is rendered empty."""
    values = {"s3": {"accessKeyExistingSecretName": "mine", "secretKeyExistingSecretName": "mine"}}
    ((_what, container),) = containers(role("yatai", values=values).objects())
    keys = {item["name"]: item["valueFrom"]["secretKeyRef"].get("key") for item in container["env"]
            if "secretKeyRef" in item.get("valueFrom", {})}  # fmt: skip
    assert keys == {"S3_ACCESS_KEY": "access_key", "S3_SECRET_KEY": "secret_key"}


def test_yatai_sends_no_usage_data(role: Make) -> None:
    ((_what, container),) = containers(role("yatai").objects())
    assert {"name": "YATAI_DONOT_TRACK", "value": "true"} in container["env"]


def test_yatai_is_probed_at_its_api(role: Make) -> None:
    """The path / is the user interface, which breaks where its files are missing."""
    ((_what, container),) = containers(role("yatai").objects())
    assert {container[probe]["httpGet"]["path"] for probe in ("livenessProbe", "readinessProbe")} == {"/api/v1/version"}


def test_yatai_self_registration_is_closed_at_the_ingress(role: Make) -> None:
    objects = role("yatai", ingress_enabled=True, ingress_host="yatai.example.com", ingress_class="any").objects()
    closed, opened = find(objects, "Ingress", "yatai-closed"), find(objects, "Ingress", "yatai")
    (rule,) = closed["spec"]["rules"]
    (path,) = rule["http"]["paths"]
    assert rule["host"] == opened["spec"]["rules"][0]["host"] == "yatai.example.com"
    assert (path["path"], path["pathType"]) == ("/api/v1/auth/register", "Prefix")
    assert closed["spec"]["ingressClassName"] == opened["spec"]["ingressClassName"] == "any"
    service = find(objects, "Service", path["backend"]["service"]["name"])
    ((_what, container),) = containers(objects)
    # It has pods, or some controllers would leave the route out, but none that listens on that port.
    labels = find(objects, "Deployment", "yatai")["spec"]["template"]["metadata"]["labels"]
    assert service["spec"]["selector"].items() <= labels.items()
    assert service["spec"]["ports"][0]["targetPort"] not in [item["containerPort"] for item in container["ports"]]


@pytest.mark.parametrize("name", OPERATORS)
def test_operator_token_is_a_reference(name: str, role: Make) -> None:
    component = OPERATORS[name]
    data = find(role(name).objects(), "Secret", f"{component}-env")["stringData"]
    assert data["YATAI_API_TOKEN"] == f"${{secret:{component}/{component}-generated/api_token}}"


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("yatai", {"Secret/yatai-env", "Secret/yatai"}),
        ("yatai_image_builder", {"Secret/yatai-image-builder-env", "Secret/yatai-common-env"}),
        (
            "yatai_deployment",
            {"ConfigMap/network", "Secret/yatai-deployment-env", "Secret/yatai-deployment-shared-env",
             "Secret/yatai-common-env"},
        ),
    ],
)  # fmt: skip
def test_restarts_when_cached_configuration_changes(name: str, wanted: set[str], role: Make) -> None:
    (checksum,) = role(name).component()["config_checksum"]
    assert checksum["kind"] == "Deployment"
    assert {f"{item['kind']}/{item['name']}" for item in checksum["of"]} == wanted


def test_builder_configuration_is_made(role: Make) -> None:
    """Neither the chart nor the documentation of the builder has this ConfigMap."""
    made = role("yatai_image_builder", builder_args=["--insecure-pull", "--label=a b"])
    data = find(made.objects(), "ConfigMap", "yatai-image-builder-config")["data"]
    assert json.loads(data["builder_args"]) == ["--insecure-pull", "--label=a b"]
    assert set(data) == {"builder_args", "default_image_builder_container_resources"}


def test_builder_caches_beside_its_images(role: Make) -> None:
    values = role("yatai_image_builder").component()["charts"][1]["values"]
    assert values["kaniko"]["cacheRepo"] == "registry.registry.svc.cluster.local:5000/yatai-bentos-cache"


def test_builder_random_annotation_is_taken_away(role: Make) -> None:
    """Charts from 1.2 on have it; the patch is applied to what such a chart renders."""
    patches = [item for item in role("yatai_image_builder").component()["patch"] if item["kind"] == "Deployment"]
    rendered = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "yatai-image-builder", "namespace": "n", "annotations": {"rollme": "dK3fs"}},
    }
    (patched,) = apply_patches([rendered], patches, "n")
    assert patched["metadata"] == {"name": "yatai-image-builder", "namespace": "n"}
    deployment = find(role("yatai_image_builder").objects(), "Deployment", "yatai-image-builder")
    assert "annotations" not in deployment["metadata"], "an empty one would be a change at every second run"


def test_deployment_has_a_domain_and_no_job(role: Make) -> None:
    objects = role("yatai_deployment").objects()
    assert [item["metadata"]["name"] for item in objects if item["kind"] == "Job"] == []
    assert find(objects, "ConfigMap", "network")["data"]["domain-suffix"] == "apps.example.com"


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"domain_suffix": ""}, "yatai_deployment_domain_suffix is empty"),
        ({"all_namespaces": True}, "List the namespaces in yatai_deployment_bento_namespaces"),
        ({"values": {"bentoDeploymentAllNamespaces": True}}, "All namespaces at once do not work"),
        ({"bento_namespaces": []}, "List at least one namespace"),
        ({"ingress_tls_mode": "static"}, "yatai_deployment_ingress_static_tls_secret must name"),
    ],
)
def test_deployment_refuses(variables: dict[str, Any], reason: str, role: Make) -> None:
    (said,) = role("yatai_deployment", **variables).variable("__yatai_deployment_refusals")
    assert reason in said


def test_deployment_defaults_are_not_refused(role: Make) -> None:
    assert role("yatai_deployment").variable("__yatai_deployment_refusals") == []


def test_deployment_namespaces_are_made_first(role: Make) -> None:
    """The chart puts roles into them and fails when they are not there."""
    args = role("yatai_deployment", bento_namespaces=["a", "b"]).component()
    assert args["namespaces"] == ["yatai-system", "a", "b"]


def test_removal_never_names_the_namespace_of_yatai(role: Make) -> None:
    """A purge of an operator would take the registry's Secrets along."""
    assert role("yatai_deployment").component("absent")["namespaces"] == ["yatai"]
    assert "namespaces" not in role("yatai_image_builder").component("absent")


CRD = "bentodeployments.serving.yatai.ai"


def test_conversion_webhook_is_the_chart_s(role: Make) -> None:
    crd = find(role("yatai_deployment").objects(), "CustomResourceDefinition", CRD)
    assert crd["spec"]["conversion"]["strategy"] == "Webhook"
    assert [item["served"] for item in crd["spec"]["versions"]] == [True] * 4


def test_conversion_webhook_can_be_switched_off(role: Make) -> None:
    """Only then the API server's watch caches stop calling it every second."""
    crd = find(role("yatai_deployment", conversion_webhook=False).objects(), "CustomResourceDefinition", CRD)
    assert crd["spec"]["conversion"] == {"strategy": "None"}
    assert {item["name"]: item["served"] for item in crd["spec"]["versions"]} == {
        "v1alpha1": False, "v1alpha2": False, "v1alpha3": False, "v2alpha1": True,
    }  # fmt: skip
    assert "cert-manager.io/inject-ca-from" not in (crd["metadata"].get("annotations") or {})


@pytest.mark.parametrize("name", ["yatai", *OPERATORS])
def test_minor_versions_are_compared(name: str, role: Make) -> None:
    assert role(name).variable(f"__{name}_minors") == ["1.1"]


def test_cert_manager_has_its_own_authority(role: Make) -> None:
    objects = role("cert_manager").objects()
    root = find(objects, "Certificate", "bentobox-ca")
    assert root["spec"]["isCA"] is True
    assert root["spec"]["privateKey"]["rotationPolicy"] == "Never"
    assert find(objects, "ClusterIssuer", "bentobox-ca")["spec"] == {"ca": {"secretName": "bentobox-ca"}}
    assert len([item for item in objects if item["kind"] == "CustomResourceDefinition"]) == 6
    assert [item["metadata"]["name"] for item in objects if item["metadata"].get("namespace") == "kube-system"] == []
