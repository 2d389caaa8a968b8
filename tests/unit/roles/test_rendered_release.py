# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Release 2026.11, which no lab runs: what its real charts and files become, and where they differ from older ones."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from ansible_collections.bentobox.platform.plugins.module_utils.kube.render import check_unique, hooks
from ansible_collections.bentobox.platform.tests.unit.roles.rendering import (
    LAB_RELEASE,
    RENDERED_RELEASE,
    Role,
    containers,
    find,
)

Make = Callable[..., Role]
Objects = list[dict[str, Any]]
MIRROR = "mirror.example.com/all"
SITE = {"image_registry": MIRROR, "image_pull_secrets": ["one"]}
TASKS = {"istio": ("base", "control_plane", "gateway")}
VARIABLES: dict[str, dict[str, Any]] = {"knative": {"networking_layer": "gateway_api"}, "gateway_api": {}}
ROLES = [
    "cert_manager", "metrics_server", "ingress", "postgresql", "object_store", "registry", "gateway_api", "istio",
    "knative", "kserve", "envoy_gateway", "envoy_ai_gateway", "redis",
]  # fmt: skip


def objects_of(role: Make, name: str, **variables: Any) -> Objects:
    site = {} if name == "gateway_api" else SITE
    made = role(name, release=RENDERED_RELEASE, **{**site, **VARIABLES.get(name, {}), **variables})
    return [item for tasks in TASKS.get(name, ("present",)) for item in made.objects(tasks=tasks)]


@pytest.mark.parametrize("name", ROLES)
def test_role_installs_it_from_a_mirror(name: str, role: Make) -> None:
    objects = objects_of(role, name)
    items = hooks(objects).items
    check_unique(items)
    for what, container in containers(objects):
        # Istio itself fills in the image of its gateway.
        assert container["image"].startswith(f"{MIRROR}/") or container["image"] == "auto", what
        assert "latest" not in container["image"], what
        assert set(container["resources"]) == {"requests"}, what
    accounts = {item["metadata"]["name"]: item for item in objects if item["kind"] == "ServiceAccount"}
    for item in objects:
        if item["kind"] in ("Deployment", "StatefulSet", "DaemonSet", "Job"):
            pod = item["spec"]["template"]["spec"]
            account = accounts.get(pod.get("serviceAccountName"), {})
            assert pod.get("imagePullSecrets", account.get("imagePullSecrets")) == [{"name": "one"}], item["metadata"]


def test_registry_is_told_where_its_settings_are(role: Make) -> None:
    """Images of this line look for them in another folder than those before."""
    ((_what, container), *_node) = containers(objects_of(role, "registry"))
    assert container["command"][-1] == f"{container['volumeMounts'][1]['mountPath']}/config.yml"


def test_gateway_api_is_what_envoy_gateway_is_built_with(role: Make) -> None:
    definitions = [item for item in objects_of(role, "gateway_api") if item["kind"] == "CustomResourceDefinition"]
    versions = {item["metadata"]["annotations"]["gateway.networking.k8s.io/bundle-version"] for item in definitions}
    assert versions == {"v1.6.1"}


# -- Istio and Knative ---------------------------------------------------------------------------------------------
def test_istio_injects_from_the_mirror(role: Make) -> None:
    objects = objects_of(role, "istio")
    values = json.loads(find(objects, "ConfigMap", "istio-sidecar-injector")["data"]["values"])
    for part in ("proxy", "proxy_init"):
        assert values["global"][part]["image"] == f"{MIRROR}/registry.istio.io/release/proxyv2:1.30.4"
    mesh = yaml.safe_load(find(objects, "ConfigMap", "istio")["data"]["mesh"])
    assert mesh["accessLogEncoding"] == "JSON"


def test_istio_validators_do_not_fight_with_istiod(role: Make) -> None:
    validators = [item for item in objects_of(role, "istio") if item["kind"] == "ValidatingWebhookConfiguration"]
    assert len(validators) == 2
    assert [hook for item in validators for hook in item["webhooks"] if "failurePolicy" in hook] == []


def test_knative_s_files_are_patched_as_before(role: Make) -> None:
    objects = objects_of(role, "knative")
    for item in objects:
        if item["kind"].endswith("WebhookConfiguration"):
            assert [hook["name"] for hook in item["webhooks"] if "rules" in hook] == []
        if item.get("aggregationRule"):
            assert "rules" not in item, item["metadata"]["name"]
    for name in ("autoscaler", "deployment", "domain", "features", "network"):
        made = find(objects, "ConfigMap", f"config-{name}")
        assert "_example" in made["data"], name
        assert "knative.dev/example-checksum" in made["metadata"]["annotations"], name
    deployment = find(objects, "ConfigMap", "config-deployment")["data"]
    image = find(objects, "Image", "queue-proxy")["spec"]["image"]
    assert deployment["queue-sidecar-image"] == image
    assert "@sha256:" in image


def test_knative_writes_gateways_in_the_version_that_istio_does(role: Make) -> None:
    versions = {}
    for release in (LAB_RELEASE, RENDERED_RELEASE):
        made = role("knative", release=release, networking_layer="gateway_api").template("gateways.yaml.j2")
        versions[release] = {item["apiVersion"] for item in made}
    assert versions == {
        LAB_RELEASE: {"gateway.networking.k8s.io/v1beta1"},
        RENDERED_RELEASE: {"gateway.networking.k8s.io/v1"},
    }


# -- KServe --------------------------------------------------------------------------------------------------------
def test_kserve_s_charts_are_the_split_ones(role: Make) -> None:
    names = {
        release: [chart["name"] for chart in role("kserve", release=release).component()["charts"]]
        for release in (LAB_RELEASE, RENDERED_RELEASE)
    }
    assert names == {
        LAB_RELEASE: ["kserve-crd", "kserve"],
        RENDERED_RELEASE: ["kserve-crd", "kserve-resources", "kserve-runtime-configs"],
    }


def test_kserve_offers_only_the_runtimes_asked_for(role: Make) -> None:
    (runtime,) = [item for item in objects_of(role, "kserve") if item["kind"] == "ClusterServingRuntime"]
    (container,) = runtime["spec"]["containers"]
    assert container["image"] == f"{MIRROR}/docker.io/kserve/sklearnserver:v0.20.0"
    assert container["resources"] == {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}}


def test_kserve_knows_every_runtime_of_its_charts(role: Make) -> None:
    """Those without an image in the release would be installed unasked if the role did not know them."""
    known = role("kserve", release=RENDERED_RELEASE)
    objects = objects_of(role, "kserve", runtimes=known.variable("__kserve_available"))
    rendered = {item["metadata"]["name"] for item in objects if item["kind"] == "ClusterServingRuntime"}
    assert rendered == set(known.variable("__kserve_available"))


@pytest.mark.parametrize(("mode", "written"), [("Serverless", "Knative"), ("RawDeployment", "Standard")])
def test_kserve_s_modes_have_their_new_names(mode: str, written: str, role: Make) -> None:
    charts = role("kserve", release=RENDERED_RELEASE, deployment_mode=mode).component()["charts"]
    assert charts[1]["values"]["kserve"]["controller"]["deploymentMode"] == written


def test_kserve_settings_are_json_with_images_of_the_mirror(role: Make) -> None:
    data = find(objects_of(role, "kserve"), "ConfigMap", "inferenceservice-config")["data"]
    settings = {key: json.loads(value) for key, value in data.items() if key != "_example"}
    for key in ("agent", "batcher", "logger", "router", "storageInitializer"):
        assert settings[key]["image"].startswith(f"{MIRROR}/docker.io/kserve/"), key
    assert settings["deploy"]["defaultDeploymentMode"] == "Knative"
    assert settings["ingress"]["disableIngressCreation"] is True
    assert settings["inferenceService"]["resource"]["memoryLimit"] == "2Gi"


def test_kserve_certificate_is_found_in_any_namespace(role: Make) -> None:
    objects = objects_of(role, "kserve", namespace="elsewhere")
    injected = {
        annotation
        for item in objects
        if (annotation := (item["metadata"].get("annotations") or {}).get("cert-manager.io/inject-ca-from"))
    }
    assert injected == {"elsewhere/serving-cert"}
    hooks_of = [hook for item in objects if item["kind"].endswith("WebhookConfiguration") for hook in item["webhooks"]]
    assert {hook["clientConfig"]["service"]["namespace"] for hook in hooks_of} == {"elsewhere"}
    assert find(objects, "Certificate", "serving-cert")["metadata"]["namespace"] == "elsewhere"
