# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Redis, Envoy Gateway, the AI Gateway and the gateways: what is applied in the end, and what must not be."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from ansible_collections.bentobox.platform.plugins.module_utils.kube.render import MAIN, PRE, hooks
from ansible_collections.bentobox.platform.tests.unit.roles.rendering import Role, containers, find, pods

Make = Callable[..., Role]
CHARTS = ["envoy_gateway", "envoy_ai_gateway"]
RELEASES = ["2025.07", "lab-2025.07"]


def named(objects: list[dict[str, Any]], kind: str) -> list[str]:
    return sorted(item["metadata"]["name"] for item in objects if item["kind"] == kind)


@pytest.mark.parametrize("name", CHARTS)
def test_rendering_twice_is_the_same(name: str, role: Make) -> None:
    made = role(name)
    assert made.objects(fresh=True) == made.objects(fresh=True)


@pytest.mark.parametrize("name", CHARTS)
def test_mirror_and_pull_secrets_reach_every_pod(name: str, role: Make) -> None:
    objects = role(name, image_registry="mirror.example.com:5000/all", image_pull_secrets=["one"]).objects()
    assert containers(objects)
    for what, container in containers(objects):
        assert container["image"].startswith("mirror.example.com:5000/all/docker.io/envoyproxy/"), what
        assert set(container["resources"]) == {"requests"}, what
    for what, pod in pods(objects):
        assert pod["imagePullSecrets"] == [{"name": "one"}], what


def test_values_are_merged_last(role: Make) -> None:
    values = {"config": {"envoyGateway": {"logging": {"level": {"default": "debug"}}}}}
    config = settings(role("envoy_gateway", values=values))
    assert config["logging"]["level"]["default"] == "debug"
    assert config["extensionApis"]["enableBackend"] is True


# -- Envoy Gateway -----------------------------------------------------------------------------------------------
def settings(made: Role) -> dict[str, Any]:
    """What Envoy Gateway is told, without what the chart adds."""
    (chart,) = made.component()["charts"]
    return chart["values"]["config"]["envoyGateway"]


def own(made: Role) -> list[dict[str, Any]]:
    return made.component()["manifests"]


def test_chart_takes_the_settings_over(role: Make) -> None:
    made = role("envoy_gateway")
    rendered = yaml.safe_load(find(made.objects(), "ConfigMap", "envoy-gateway-config")["data"]["envoy-gateway.yaml"])
    given = settings(made)
    for part in ("gateway", "rateLimit", "extensionApis", "extensionManager"):
        assert rendered[part] == given[part]
    container = rendered["provider"]["kubernetes"]["rateLimitDeployment"]["container"]
    assert container["env"] == given["provider"]["kubernetes"]["rateLimitDeployment"]["container"]["env"]


def test_the_gateway_api_has_another_owner(role: Make) -> None:
    objects = role("envoy_gateway").objects()
    definitions = named(objects, "CustomResourceDefinition")
    assert len(definitions) == 8
    assert [item for item in definitions if not item.endswith(".gateway.envoyproxy.io")] == []
    assert [item["kind"] for item in objects if item["kind"].startswith("ValidatingAdmissionPolicy")] == []


def test_certificates_are_made_before_the_controller(role: Make) -> None:
    """A hook of the chart: a plain Job here, which stays, or every run would run it again."""
    items = {
        (item.obj["kind"], item.obj["metadata"]["name"]): item for item in hooks(role("envoy_gateway").objects()).items
    }
    job = items["Job", "envoy-gateway-gateway-helm-certgen"]
    assert job.phase == PRE
    assert "ttlSecondsAfterFinished" not in job.obj["spec"]
    assert items["Deployment", "envoy-gateway"].phase == MAIN
    account = items["ServiceAccount", job.obj["spec"]["template"]["spec"]["serviceAccountName"]]
    assert account.order < job.order
    assert items["CustomResourceDefinition", "backends.gateway.envoyproxy.io"].phase == MAIN


@pytest.mark.parametrize("tasks", ["present", "absent"])
def test_record_is_no_secret_of_envoy_gateway(tasks: str, role: Make) -> None:
    """Its Job leaves alone what is there already, and its controller would not start without its certificate."""
    taken = {"envoy", "envoy-gateway", "envoy-rate-limit", "envoy-oidc-hmac"}
    assert role("envoy_gateway").component(tasks)["name"] not in taken


def test_every_image_is_the_catalogue_s(role: Make) -> None:
    objects = role("envoy_gateway", image_registry="mirror.example.com:5000/all", image_pull_secrets=["one"]).objects()
    config = yaml.safe_load(find(objects, "ConfigMap", "envoy-gateway-config")["data"]["envoy-gateway.yaml"])
    kubernetes, mirror = config["provider"]["kubernetes"], "mirror.example.com:5000/all/docker.io/envoyproxy/"
    assert kubernetes["shutdownManager"]["image"].startswith(f"{mirror}gateway:")
    assert kubernetes["rateLimitDeployment"]["container"]["image"].startswith(f"{mirror}ratelimit:")
    envoy = find(objects, "EnvoyProxy", "envoy-gateway")["spec"]["provider"]["kubernetes"]["envoyDeployment"]
    assert envoy["container"]["image"].startswith(f"{mirror}envoy:")
    for pod in (kubernetes["rateLimitDeployment"]["pod"], envoy["pod"]):
        assert pod["imagePullSecrets"] == [{"name": "one"}]


def test_class_names_its_proxy(role: Make) -> None:
    spec = find(own(role("envoy_gateway", **{"class": "other"})), "GatewayClass", "other")["spec"]
    assert spec["controllerName"] == settings(role("envoy_gateway"))["gateway"]["controllerName"]
    assert (spec["parametersRef"]["name"], spec["parametersRef"]["namespace"]) == ("other", "envoy-gateway-system")


def test_redis_is_reached_with_a_password_over_verified_tls(role: Make) -> None:
    made = role("envoy_gateway")
    config = settings(made)
    # Envoy Gateway's own `tls` would mount a volume that it declares for client certificates only.
    assert config["rateLimit"]["backend"] == {"type": "Redis", "redis": {"url": "redis.redis.svc.cluster.local:6379"}}
    deployment = config["provider"]["kubernetes"]["rateLimitDeployment"]
    environment = {item["name"]: item for item in deployment["container"]["env"]}
    assert environment["REDIS_AUTH"]["valueFrom"]["secretKeyRef"] == {"name": "envoy-gateway-redis", "key": "auth"}
    assert environment["REDIS_TLS"]["value"] == "true"
    (mount,) = deployment["container"]["volumeMounts"]
    (volume,) = deployment["pod"]["volumes"]
    assert environment["REDIS_TLS_CACERT"]["value"] == f"{mount['mountPath']}/ca.crt"
    assert volume["name"] == mount["name"]
    assert volume["secret"]["secretName"] == "envoy-gateway-redis"
    secret = find(own(made), "Secret", "envoy-gateway-redis")["stringData"]
    assert secret == {
        "auth": "${secret:redis/redis-generated/password}", "ca.crt": "${secret:redis/redis-tls/ca.crt}",
    }  # fmt: skip
    assert "${secret" not in json.dumps(config)


@pytest.mark.parametrize(
    ("variables", "environment", "secret"),
    [
        ({"redis_tls": False}, ["REDIS_AUTH"], ["auth"]),
        ({"redis_authority_secret": ""}, ["REDIS_AUTH", "REDIS_TLS"], ["auth"]),
        ({"redis_password_secret": ""}, ["REDIS_TLS", "REDIS_TLS_CACERT"], ["ca.crt"]),
        ({"redis_password_secret": "", "redis_tls": False}, [], None),
    ],
)
def test_other_redis(variables: dict[str, Any], environment: list[str], secret: list[str] | None, role: Make) -> None:
    made = role("envoy_gateway", **variables)
    deployment = settings(made)["provider"]["kubernetes"]["rateLimitDeployment"]
    assert [item["name"] for item in deployment["container"]["env"]] == environment
    assert bool(deployment["pod"]["volumes"]) == ("REDIS_TLS_CACERT" in environment)
    if secret is None:
        assert "envoy-gateway-redis" not in named(own(made), "Secret")
    else:
        assert sorted(find(own(made), "Secret", "envoy-gateway-redis")["stringData"]) == secret


def test_user_of_redis(role: Make) -> None:
    secret = find(own(role("envoy_gateway", redis_username="limits")), "Secret", "envoy-gateway-redis")
    assert secret["stringData"]["auth"] == "limits:${secret:redis/redis-generated/password}"


def test_without_rate_limits_nothing_asks_for_redis(role: Make) -> None:
    made = role("envoy_gateway", rate_limit=False)
    assert "rateLimit" not in settings(made)
    assert "envoy-gateway-redis" not in named(own(made), "Secret")
    assert made.component()["wait_for"] == []


@pytest.mark.parametrize("release", RELEASES)
def test_hooks_are_those_of_the_ai_gateway_s_version(release: str, role: Make) -> None:
    (chart,) = role("envoy_gateway", release=release).component()["charts"]
    manager = chart["values"]["config"]["envoyGateway"]["extensionManager"]
    service = {"hostname": "ai-gateway-controller.envoy-ai-gateway-system.svc.cluster.local", "port": 1063}
    assert manager["service"] == {"fqdn": service}
    translator = manager["hooks"]["xdsTranslator"]
    if release == "2025.07":
        assert translator == {"post": ["VirtualHost", "Translation"]}
    else:
        assert translator["post"] == ["Translation", "Cluster", "Route"]
        assert set(translator["translation"]) == {"listener", "route", "cluster", "secret"}


def test_without_the_ai_gateway_nobody_is_asked(role: Make) -> None:
    assert "extensionManager" not in settings(role("envoy_gateway", ai_gateway=False))


# -- AI Gateway --------------------------------------------------------------------------------------------------
def test_no_key_of_the_chart_is_applied(role: Make) -> None:
    """The chart has a key that everybody can read, or makes one at each rendering."""
    objects = role("envoy_ai_gateway").objects()
    assert named(objects, "Secret") == []
    assert "PRIVATE KEY" not in yaml.safe_dump_all(objects)
    certificate = find(objects, "Certificate", "self-signed-cert-for-mutating-webhook")["spec"]
    (volume,) = find(objects, "Deployment", "ai-gateway-controller")["spec"]["template"]["spec"]["volumes"]
    assert volume["secret"]["secretName"] == certificate["secretName"]
    (webhook,) = [item for item in objects if item["kind"] == "MutatingWebhookConfiguration"]
    injected = webhook["metadata"]["annotations"]["cert-manager.io/inject-ca-from"]
    assert injected == "envoy-ai-gateway-system/self-signed-cert-for-mutating-webhook"


def test_session_seed_is_generated(role: Make) -> None:
    """Whoever reads the chart knows its seed."""
    made = role("envoy_ai_gateway")
    ((_what, container),) = containers(made.objects())
    assert "--mcpSessionEncryptionSeed=$(MCP_SESSION_SEED)" in container["args"]
    (seed,) = [item for item in container["env"] if item["name"] == "MCP_SESSION_SEED"]
    reference = seed["valueFrom"]["secretKeyRef"]
    (generated,) = made.component()["generate_secrets"]
    assert reference["name"] == generated["name"]
    assert reference["key"] in generated["keys"]
    assert "default-insecure-seed" not in yaml.safe_dump_all(made.objects())


def test_sidecar_is_the_catalogue_s(role: Make) -> None:
    ((_what, container),) = containers(role("envoy_ai_gateway", image_registry="mirror.example.com").objects())
    assert "--extProcImage=mirror.example.com/docker.io/envoyproxy/ai-gateway-extproc:v1.0.0" in container["args"]


@pytest.mark.parametrize("release", RELEASES)
def test_values_for_both_lines_of_charts(release: str, role: Make) -> None:
    made = role("envoy_ai_gateway", release=release, envoy_gateway_namespace="other")
    _definitions, chart = made.component()["charts"]
    values = chart["values"]
    assert values["controller"]["envoyGatewayNamespace"] == values["envoyGateway"]["namespace"] == "other"
    assert values["extProc"]["repository"] == values["extProc"]["image"]["repository"]
    assert values["extProc"]["tag"] == values["extProc"]["image"]["tag"] == f"v{made.component()['version']}"
    assert values["controller"]["mutatingWebhook"]["certManager"]["enable"] is True


# -- redis -------------------------------------------------------------------------------------------------------
def configuration(made: Role) -> list[str]:
    return find(made.component()["manifests"], "Secret", "redis-config")["stringData"]["redis.conf"].splitlines()


def test_redis_takes_nothing_without_tls_or_password(role: Make) -> None:
    lines = configuration(role("redis"))
    assert {"port 0", "tls-port 6379", "requirepass ${secret:redis/redis-generated/password}"} <= set(lines)
    assert "maxmemory-policy allkeys-lru" in lines
    certificate = find(role("redis").component()["manifests"], "Certificate", "redis-tls")["spec"]
    assert "redis.redis.svc.cluster.local" in certificate["dnsNames"]


def test_password_of_redis_is_in_no_command(role: Make) -> None:
    for what, container in containers(role("redis").component()["manifests"]):
        command = json.dumps([container["args"], container.get("readinessProbe"), container.get("livenessProbe")])
        assert "secret" not in command, what
        assert "REDISCLI_AUTH" in json.dumps(container["env"]), what


def test_redis_without_tls_needs_no_certificate(role: Make) -> None:
    manifests = role("redis", tls=False).component()["manifests"]
    assert named(manifests, "Certificate") == []
    assert [what for what, _container in containers(manifests)] == ["StatefulSet/redis: redis"]
    assert "port 6379" in configuration(role("redis", tls=False))
    assert "/tls" not in json.dumps(manifests)


def test_counters_without_a_volume(role: Make) -> None:
    made = role("redis", persistent=False)
    spec = find(made.component()["manifests"], "StatefulSet", "redis")["spec"]
    assert "volumeClaimTemplates" not in spec
    assert {"name": "data", "emptyDir": {}} in spec["template"]["spec"]["volumes"]
    assert "appendonly no" in configuration(made)


def test_existing_redis_is_asked_as_it_is(role: Make) -> None:
    variables = {"state": "existing", "host": "db.example.com", "port": 6380, "existing_secret": "mine"}
    ((_what, container),) = containers(role("redis", **variables).template("verify.yaml.j2"))
    script = container["args"][-1]
    assert "redis-cli -p 6380 --tls --cacert /tls/ca.crt -h db.example.com" in script
    assert container["env"][0]["valueFrom"]["secretKeyRef"]["name"] == "mine"


# -- the gateways ------------------------------------------------------------------------------------------------
def made_gateways(role: Make, **variables: Any) -> list[dict[str, Any]]:
    return role("gateway", **variables).component()["manifests"]


def gateways(manifests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        item for item in manifests if item["apiVersion"] == "gateway.networking.k8s.io/v1" and item["kind"] == "Gateway"
    ]


def test_gateways_are_not_in_envoy_gateway_s_namespace(role: Make) -> None:
    """The AI Gateway would count such a Gateway twice and not work for it."""
    for item in gateways(made_gateways(role)):
        assert item["metadata"]["namespace"] == "inference-gateway"


def test_services_have_fixed_names(role: Make) -> None:
    manifests = made_gateways(role)
    for name in ("predict", "openai"):
        service = find(manifests, "EnvoyProxy", name)["spec"]["provider"]["kubernetes"]["envoyService"]
        assert service == {"type": "ClusterIP", "name": f"{name}-gateway"}


def test_addresses_and_annotations_of_services(role: Make) -> None:
    variables = {"predict_external_ips": ["192.0.2.1"], "service_annotations": {"a": "b"}}
    manifests = made_gateways(role, **variables)
    services = [find(manifests, "EnvoyProxy", name)["spec"]["provider"]["kubernetes"]["envoyService"]
                for name in ("predict", "openai")]  # fmt: skip
    assert services[0]["patch"] == {"type": "StrategicMerge", "value": {"spec": {"externalIPs": ["192.0.2.1"]}}}
    assert "patch" not in services[1]
    assert [item["annotations"] for item in services] == [{"a": "b"}] * 2


def test_models_are_not_served_without_tls(role: Make) -> None:
    """Routes of models name no listener, so the one without TLS must not take routes of their namespace."""
    manifests = made_gateways(role)
    for item in gateways(manifests):
        https, http = item["spec"]["listeners"]
        assert https["allowedRoutes"] == {"namespaces": {"from": "Same"}}
        assert http["allowedRoutes"]["namespaces"]["selector"]["matchLabels"] == {
            "kubernetes.io/metadata.name": "envoy-gateway-system"
        }
        route = find(manifests, "HTTPRoute", f"{item['metadata']['name']}-gateway-redirect")
        assert route["metadata"]["namespace"] == "envoy-gateway-system"
        (wanted,) = route["spec"]["parentRefs"]
        assert (wanted["namespace"], wanted["sectionName"]) == ("inference-gateway", "http")
        # Otherwise the Gateway's policy would ask for a token first.
        policy = find(manifests, "SecurityPolicy", route["metadata"]["name"])["spec"]
        assert policy["targetRefs"][0]["name"] == route["metadata"]["name"]
        assert policy["authorization"] == {"defaultAction": "Allow"}


def test_plain_http_when_asked_for(role: Make) -> None:
    manifests = made_gateways(role, http="plain")
    assert named(manifests, "HTTPRoute") == []
    for item in gateways(manifests):
        assert [listener["allowedRoutes"] for listener in item["spec"]["listeners"]] == [
            {"namespaces": {"from": "Same"}}
        ] * 2
    (edge,) = [
        item for item in manifests if item["apiVersion"].startswith("networking.istio.io") and item["kind"] == "Gateway"
    ]
    assert "tls" not in edge["spec"]["servers"][1]


def test_default_is_denied_and_headers_are_stripped(role: Make) -> None:
    manifests = made_gateways(role)
    policy = find(manifests, "SecurityPolicy", "default-deny")["spec"]
    clients = find(manifests, "ClientTrafficPolicy", "clients")["spec"]
    assert policy["authorization"] == {"defaultAction": "Deny"}
    assert [item["name"] for item in policy["targetRefs"]] == ["predict", "openai"]
    assert clients["targetRefs"] == policy["targetRefs"]
    (provider,) = policy["jwt"]["providers"]
    # What a token sets, a client may not.
    claims = {item["header"] for item in provider["claimToHeaders"]}
    assert claims <= set(clients["headers"]["earlyRequestHeaders"]["remove"])
    assert "audiences" not in provider


def test_edge_of_istio_verifies_what_is_behind(role: Make) -> None:
    manifests = made_gateways(role, domain="example.com")
    for name, host in (("predict", "api.example.com"), ("openai", "openai.example.com")):
        rule = find(manifests, "DestinationRule", f"{name}-gateway")
        assert rule["metadata"]["namespace"] == "istio-system"
        tls = rule["spec"]["trafficPolicy"]["tls"]
        assert (tls["mode"], tls["sni"], tls["subjectAltNames"]) == ("SIMPLE", host, [host])
        assert host in find(manifests, "Certificate", f"{name}-gateway-tls")["spec"]["dnsNames"]
        assert find(manifests, "VirtualService", name)["spec"]["hosts"] == [host]
    rest = find(manifests, "VirtualService", "rest")["spec"]
    assert rest["hosts"] == ["*"]
    assert rest["http"][0]["route"][0]["destination"]["host"].startswith("predict-gateway.")


def test_predictions_are_not_sent_twice(role: Make) -> None:
    """Istio's own default repeats a request that was answered with 503."""
    for item in made_gateways(role):
        if item["kind"] == "VirtualService":
            assert {line["retries"]["retryOn"] for line in item["spec"]["http"]} == {"connect-failure,refused-stream"}


def test_edge_of_envoy_knows_nothing_of_istio(role: Make) -> None:
    manifests = made_gateways(role, edge="envoy")
    assert [item for item in manifests if "istio" in json.dumps(item)] == []
    assert "clientIPDetection" not in find(manifests, "ClientTrafficPolicy", "clients")["spec"]


# -- the default backend -----------------------------------------------------------------------------------------
def test_answer_is_json(role: Make) -> None:
    manifests = role("default_backend", message='say "no"').component()["manifests"]
    answer = find(manifests, "HTTPRouteFilter", "default-backend")["spec"]["directResponse"]
    assert answer["statusCode"] == 404
    assert answer["contentType"] == "application/json"
    assert json.loads(answer["body"]["inline"]) == {"error": {"code": 404, "message": 'say "no"'}}


def test_unknown_paths_need_no_token(role: Make) -> None:
    manifests = role("default_backend").component()["manifests"]
    for name in named(manifests, "HTTPRoute"):
        policy = find(manifests, "SecurityPolicy", name)["spec"]
        assert policy["authorization"] == {"defaultAction": "Allow"}
        assert "jwt" not in policy
        assert policy["targetRefs"][0]["name"] == name
        assert "matches" not in find(manifests, "HTTPRoute", name)["spec"]["rules"][0]


def test_hosts_of_the_default_backend(role: Make) -> None:
    """Models' routes name their host, and then no route without a host name answers for it any more."""
    manifests = role("default_backend", domain="example.com").component()["manifests"]
    hosts = {
        name: find(manifests, "HTTPRoute", name)["spec"].get("hostnames") for name in named(manifests, "HTTPRoute")
    }
    assert hosts == {
        "default-backend-predict": ["api.example.com"],
        "default-backend-rest": None,
        # With the host name it would be chosen before the AI Gateway's routes.
        "default-backend-openai": None,
    }


def test_first_route_of_the_old_ai_gateway_checks_tokens(role: Make) -> None:
    manifests = role("default_backend", release="2025.07").component()["manifests"]
    assert "jwt" not in find(manifests, "SecurityPolicy", "default-backend-predict")["spec"]
    (provider,) = find(manifests, "SecurityPolicy", "default-backend-openai")["spec"]["jwt"]["providers"]
    (guard,) = find(role("gateway").component()["manifests"], "SecurityPolicy", "default-deny")["spec"]["jwt"][
        "providers"
    ]
    assert provider == guard
    (match,) = find(manifests, "HTTPRoute", "default-backend-openai")["spec"]["rules"][0]["matches"]
    # Below a route that matches one header exactly, above one that matches none.
    assert [item["type"] for item in match["headers"]] == ["RegularExpression"]
