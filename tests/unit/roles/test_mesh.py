# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gateway API, Istio, Knative and KServe: the traps of their real charts and files, proved on what is applied."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from ansible_collections.bentobox.platform.plugins.module_utils.kube.render import check_unique, hooks
from ansible_collections.bentobox.platform.tests.unit.roles.rendering import Role, containers, find

Make = Callable[..., Role]
Objects = list[dict[str, Any]]
ISTIO = ("base", "control_plane", "gateway")
MIRROR = "mirror.example.com/all"


def istio(role: Make, **variables: Any) -> Objects:
    made = role("istio", **variables)
    return [item for tasks in ISTIO for item in made.objects(tasks=tasks)]


def knative(role: Make, **variables: Any) -> Objects:
    return role("knative", **{"networking_layer": "gateway_api", **variables}).objects()


def everything(name: str, role: Make, **variables: Any) -> Objects:
    if name == "istio":
        return istio(role, **variables)
    return knative(role, **variables) if name == "knative" else role(name, **variables).objects()


def config(objects: Objects, name: str) -> dict[str, str]:
    return find(objects, "ConfigMap", f"config-{name}")["data"]


@pytest.mark.parametrize("name", ["gateway_api", "istio", "knative", "kserve"])
def test_every_object_is_declared_once_and_no_hook_is_left(name: str, role: Make) -> None:
    items = hooks(everything(name, role)).items
    check_unique(items)
    assert [item.obj for item in items if item.phase != 1] == []


@pytest.mark.parametrize("name", ["istio", "knative", "kserve"])
def test_mirror_and_pull_secrets_reach_every_pod(name: str, role: Make) -> None:
    objects = everything(name, role, image_registry=MIRROR, image_pull_secrets=["one"])
    assert containers(objects)
    for what, container in containers(objects):
        # Istio itself fills in the image of its gateway, see the test of what it injects.
        assert container["image"].startswith(f"{MIRROR}/") or container["image"] == "auto", what
        assert set(container["resources"]) == {"requests"}, what
    for item in objects:
        if item["kind"] == "Deployment":
            pod = item["spec"]["template"]["spec"]
            accounts = {one["metadata"]["name"]: one for one in objects if one["kind"] == "ServiceAccount"}
            account = accounts[pod["serviceAccountName"]]
            assert pod.get("imagePullSecrets", account.get("imagePullSecrets")) == [{"name": "one"}], item["metadata"]


def test_gateway_api_is_the_experimental_channel(role: Make) -> None:
    definitions = [item for item in role("gateway_api").objects() if item["kind"] == "CustomResourceDefinition"]
    channels = {item["metadata"]["annotations"]["gateway.networking.k8s.io/channel"] for item in definitions}
    assert channels == {"experimental"}
    names = {item["metadata"]["name"].partition(".")[0] for item in definitions}
    assert set(role("gateway_api").variable("__gateway_api_needed")) <= names


def test_istio_injects_from_the_mirror(role: Make) -> None:
    objects = istio(role, image_registry=MIRROR, image_pull_secrets=["one"])
    values = json.loads(find(objects, "ConfigMap", "istio-sidecar-injector")["data"]["values"])
    for part in ("proxy", "proxy_init"):
        assert values["global"][part]["image"] == f"{MIRROR}/docker.io/istio/proxyv2:1.26.2"
    assert values["global"]["imagePullSecrets"] == ["one"]
    assert values["global"]["proxy"]["resources"]["limits"] == {"cpu": "1", "memory": "256Mi"}


def test_istio_validators_do_not_fight_with_istiod(role: Make) -> None:
    """It sets failurePolicy itself as soon as it serves them."""
    validators = [item for item in istio(role) if item["kind"] == "ValidatingWebhookConfiguration"]
    assert len(validators) == 2
    assert [hook for item in validators for hook in item["webhooks"] if "failurePolicy" in hook] == []


def mesh(objects: Objects, name: str = "istio") -> dict[str, Any]:
    return yaml.safe_load(find(objects, "ConfigMap", name)["data"]["mesh"])


def pilot(objects: Objects, name: str = "istiod") -> dict[str, str]:
    (container,) = find(objects, "Deployment", name)["spec"]["template"]["spec"]["containers"]
    return {item["name"]: item.get("value", "") for item in container["env"]}


def test_istio_on_a_vanilla_envoy_asks_for_no_filter_of_its_own(role: Make) -> None:
    objects = istio(role, proxy_extensions=False, tracing_address="jaeger.example.com:4317")
    assert pilot(objects).items() >= {
        "PILOT_ENABLE_ALPN_FILTER": "false", "PILOT_ENABLE_METADATA_EXCHANGE": "false",
        "ENABLE_NATIVE_SIDECARS": "true",
    }.items()  # fmt: skip
    assert mesh(objects)["defaultProviders"] == {"metrics": [], "tracing": []}
    assert [item["kind"] for item in objects if item["kind"] == "EnvoyFilter"] == []
    (provider,) = mesh(objects)["extensionProviders"]
    assert provider["opentelemetry"] == {"service": "jaeger.example.com", "port": 4317}
    (tracing,) = find(objects, "Telemetry", "mesh-default")["spec"]["tracing"]
    assert tracing["providers"] == [{"name": provider["name"]}]


def test_istio_has_its_filters_and_no_telemetry_by_default(role: Make) -> None:
    objects = istio(role)
    assert "PILOT_ENABLE_ALPN_FILTER" not in pilot(objects)
    assert mesh(objects)["defaultProviders"]["metrics"] == ["prometheus"]
    assert [item for item in objects if item["kind"] == "Telemetry"] == []


def test_istio_mesh_is_strict_but_for_exceptions(role: Make) -> None:
    exceptions = [{"name": "hook", "namespace": "n", "labels": {"app": "hook"}, "ports": [8443]}]
    objects = istio(role, mtls_exceptions=exceptions)
    assert find(objects, "PeerAuthentication", "default")["spec"] == {"mtls": {"mode": "STRICT"}}
    assert find(objects, "PeerAuthentication", "default")["metadata"]["namespace"] == "istio-system"
    assert find(objects, "PeerAuthentication", "hook")["spec"] == {
        "selector": {"matchLabels": {"app": "hook"}},
        "mtls": {"mode": "STRICT"},
        "portLevelMtls": {"8443": {"mode": "PERMISSIVE"}},
    }


def test_istio_gateway_service(role: Make) -> None:
    objects = istio(role, gateway_service_type="ClusterIP", gateway_external_ips=["192.0.2.1"])
    service = find(objects, "Service", "istio-ingressgateway")
    assert (service["spec"]["type"], service["spec"]["externalIPs"]) == ("ClusterIP", ["192.0.2.1"])
    assert service["metadata"]["namespace"] == "istio-system"


def test_istio_revisions_stand_side_by_side(role: Make) -> None:
    old, new = role("istio"), role("istio", revision="next", old_revisions=["last"])
    names = [made.component("control_plane")["name"] for made in (old, new)]
    assert names == ["istiod", "istiod-next"]

    def identities(objects: Objects) -> set[tuple[str, str]]:
        return {(item["kind"], item["metadata"]["name"]) for item in objects}

    both = identities(old.objects(tasks="control_plane")) & identities(new.objects(tasks="control_plane"))
    assert both == set(), "two components cannot have the same object"
    pods = find(new.objects(tasks="gateway"), "Deployment", "istio-ingressgateway")["spec"]["template"]
    assert pods["metadata"]["labels"]["istio.io/rev"] == "next"
    tag = find(new.objects(tasks="control_plane"), "MutatingWebhookConfiguration", "istio-revision-tag-default")
    assert tag["metadata"]["labels"]["istio.io/rev"] == "next"


def test_knative_aggregated_roles_are_left_to_kubernetes(role: Make) -> None:
    roles = [item for item in knative(role) if item.get("aggregationRule")]
    assert len(roles) == 3
    assert [item["metadata"]["name"] for item in roles if "rules" in item] == []


def test_knative_webhooks_rules_are_left_to_the_webhook(role: Make) -> None:
    hooks_of = [item["webhooks"] for item in knative(role) if item["kind"].endswith("WebhookConfiguration")]
    assert len(hooks_of) == 4
    assert [hook["name"] for made in hooks_of for hook in made if "rules" in hook] == []


def test_knative_settings_keep_the_example_that_its_checksum_is_of(role: Make) -> None:
    objects = knative(role)
    for name in ("autoscaler", "deployment", "domain", "features", "network"):
        made = find(objects, "ConfigMap", f"config-{name}")
        assert "_example" in made["data"], name
        assert "knative.dev/example-checksum" in made["metadata"]["annotations"], name
    for item in objects:
        if item["kind"] == "ConfigMap":
            assert {type(value) for value in item.get("data", {}).values()} == {str}, item["metadata"]["name"]


def test_knative_settings(role: Make) -> None:
    objects = knative(
        role, stable_window=20, scale_to_zero=False, domain="example.com", image_registry=MIRROR,
        queue_resources={"requests": {"cpu": "1m"}, "limits": {"memory": "64Mi"}},
        config={"autoscaler": {"max-scale-limit": 5}, "gc": {"max-non-active-revisions": 3}},
    )  # fmt: skip
    autoscaler, deployment = config(objects, "autoscaler"), config(objects, "deployment")
    assert (autoscaler["stable-window"], autoscaler["enable-scale-to-zero"]) == ("20s", "false")
    assert autoscaler["max-scale-limit"] == "5"
    assert config(objects, "gc")["max-non-active-revisions"] == "3"
    assert {key: value for key, value in config(objects, "domain").items() if key != "_example"} == {"example.com": ""}
    assert (deployment["queue-sidecar-cpu-request"], deployment["queue-sidecar-memory-limit"]) == ("1m", "64Mi")
    image = find(objects, "Image", "queue-proxy")["spec"]["image"]
    assert deployment["queue-sidecar-image"] == image
    assert image.startswith(f"{MIRROR}/gcr.io/")


def test_knative_only_what_requests_pass_is_in_the_mesh(role: Make) -> None:
    def injected(**variables: Any) -> set[str]:
        return {
            item["metadata"]["name"]
            for item in knative(role, **variables)
            if item["kind"] == "Deployment"
            and item["spec"]["template"]["metadata"]["labels"]["sidecar.istio.io/inject"] == "true"
        }

    assert injected() == {"activator", "autoscaler"}
    assert injected(sidecars=False) == set()


def test_knative_gateways_are_found_by_its_controller(role: Make) -> None:
    objects = knative(role)
    for key, name in (("external-gateways", "knative-external"), ("local-gateways", "knative-local")):
        (entry,) = yaml.safe_load(config(objects, "gateway")[key])
        gateway = find(objects, "Gateway", name)
        assert entry["gateway"] == f"{gateway['metadata']['namespace']}/{name}"
        assert entry["service"] == f"knative-serving/{name}-istio"
        assert gateway["spec"]["gatewayClassName"] == entry["class"] == "istio"
        # Istio writes in this version, which makes the API server forget our fields of any other.
        assert gateway["apiVersion"] == "gateway.networking.k8s.io/v1beta1"
        # Otherwise Istio copies this object's labels, and with them whose it is, to what it makes.
        assert gateway["spec"]["infrastructure"]["labels"]
        assert gateway["metadata"]["annotations"]["networking.istio.io/service-type"] == "ClusterIP"


def test_knative_certificate_without_a_controller_is_left_out(role: Make) -> None:
    assert [item for item in knative(role) if item["kind"] == "Certificate"] == []


def test_kserve_offers_only_the_runtimes_asked_for(role: Make) -> None:
    objects = role("kserve", image_registry=MIRROR).objects()
    (runtime,) = [item for item in objects if item["kind"] == "ClusterServingRuntime"]
    (container,) = runtime["spec"]["containers"]
    assert container["image"] == f"{MIRROR}/docker.io/kserve/sklearnserver:v0.15.0"
    assert container["resources"] == {"requests": {"cpu": "100m", "memory": "512Mi"}, "limits": {"memory": "2Gi"}}


def test_kserve_knows_every_runtime_of_its_chart(role: Make) -> None:
    made = role("kserve", runtimes=role("kserve").variable("__kserve_available"))
    objects = made.objects()
    rendered = {item["metadata"]["name"] for item in objects if item["kind"] == "ClusterServingRuntime"}
    assert rendered == set(made.variable("__kserve_available"))
    assert made.variable("__kserve_unavailable") == []


def test_kserve_runtime_without_an_image_is_named(role: Make) -> None:
    unavailable = role("kserve", runtimes=["kserve-sklearnserver", "kserve-pmmlserver"]).variable(
        "__kserve_unavailable"
    )
    assert unavailable == ["kserve-pmmlserver"]


RUNTIME = {
    "apiVersion": "serving.kserve.io/v1alpha1",
    "kind": "ClusterServingRuntime",
    "metadata": {"name": "own"},
    "spec": {"containers": [{"name": "kserve-container", "image": "r.example.com/own:1"}]},
}


def test_kserve_offers_runtimes_of_ones_own_as_they_are(role: Make) -> None:
    objects = role("kserve", image_registry=MIRROR, extra_runtimes=[RUNTIME]).objects()
    assert find(objects, "ClusterServingRuntime", "own")["spec"] == RUNTIME["spec"]
    assert find(objects, "ClusterServingRuntime", "kserve-sklearnserver")


def test_kserve_runtime_under_a_name_of_the_chart_is_refused(role: Make) -> None:
    runtimes = [{**RUNTIME, "metadata": {"name": name}} for name in ("kserve-torchserve", "own")]
    assert role("kserve", extra_runtimes=runtimes).variable("__kserve_misnamed") == ["kserve-torchserve"]
    assert role("kserve").variable("__kserve_misnamed") == []


def test_kserve_settings_are_json_with_images_of_the_mirror(role: Make) -> None:
    """The chart's own setting of the router lacks a comma."""
    made = role("kserve", image_registry=MIRROR, networking_layer="gateway_api", storage_endpoint="s3.example.com:8333")
    data = find(made.objects(), "ConfigMap", "inferenceservice-config")["data"]
    settings = {key: json.loads(value) for key, value in data.items() if key != "_example"}
    for key in ("agent", "batcher", "logger", "router", "storageInitializer"):
        assert settings[key]["image"].startswith(f"{MIRROR}/docker.io/kserve/"), key
    assert settings["deploy"]["defaultDeploymentMode"] == "Serverless"
    assert settings["ingress"]["disableIstioVirtualHost"] is True
    assert settings["ingress"]["localGatewayService"] == "knative-local-istio.knative-serving.svc.cluster.local"
    assert settings["ingress"]["disableIngressCreation"] is True
    assert settings["credentials"]["s3"]["s3Endpoint"] == "s3.example.com:8333"
    assert settings["inferenceService"]["resource"] == {
        "cpuRequest": "100m", "memoryRequest": "512Mi", "cpuLimit": "", "memoryLimit": "2Gi",
    }  # fmt: skip


def test_kserve_certificate_is_found_in_any_namespace(role: Make) -> None:
    objects = role("kserve", namespace="elsewhere").objects()
    injected = {
        annotation
        for item in objects
        if (annotation := (item["metadata"].get("annotations") or {}).get("cert-manager.io/inject-ca-from"))
    }
    assert injected == {"elsewhere/serving-cert"}
    assert find(objects, "Certificate", "serving-cert")["metadata"]["namespace"] == "elsewhere"


def test_kserve_restarts_when_its_settings_change(role: Make) -> None:
    (checksum,) = role("kserve").component()["config_checksum"]
    assert checksum["of"] == [{"kind": "ConfigMap", "name": "inferenceservice-config"}]
