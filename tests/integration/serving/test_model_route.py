# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module model_route against a real API server with the real definitions of Gateway API, Envoy Gateway, AI Gateway and
KServe. Tests play their controllers, by writing what these would say."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bentobox.platform.tests.support.control_plane import ControlPlane
from ansible_collections.bentobox.platform.tests.support.modules import run_playbook

from .conftest import World, gateway_definitions, make_world, warned

Obj = dict[str, Any]
ROUTES, ENVOY, AI = "gateway.networking.k8s.io/v1", "gateway.envoyproxy.io/v1alpha1", "aigateway.envoyproxy.io/v1beta1"
GRANTS = "gateway.networking.k8s.io/v1beta1"
ISVC = "serving.kserve.io/v1beta1"
MERGE = "application/merge-patch+json"
STAMP = "2026-01-01T00:00:00Z"
PLURALS = {
    "HTTPRoute": "httproutes",
    "SecurityPolicy": "securitypolicies",
    "BackendTrafficPolicy": "backendtrafficpolicies",
    "Backend": "backends",
    "AIGatewayRoute": "aigatewayroutes",
    "AIServiceBackend": "aiservicebackends",
}
IRIS = [{"inference_service": "iris"}]


@pytest.fixture(scope="session")
def gateways(control_plane: ControlPlane, inference_artifacts: Any) -> ControlPlane:
    gateway_definitions(control_plane, inference_artifacts)
    return control_plane


@dataclass
class Site:
    """Gateways, Knative's local gateway and Envoy Gateway's configuration in a namespace of the test's own, and a
    tenant with a model beside it."""

    world: World
    tenant: str

    def run(self, *, check: bool = False, **arguments: Any) -> Obj:
        namespace = self.world.namespace
        given = {
            "tenant": self.tenant,
            "name": "iris",
            "namespace": namespace,
            "gateway_namespace": namespace,
            "envoy_gateway_namespace": namespace,
            "hostname": f"{namespace}.example.org",
            "local_gateway": {"namespace": namespace, "name": "knative-local"},
            **arguments,
        }
        return self.world.run("model_route", check=check, **given)

    def apply(self, obj: Obj, namespace: str = "", manager: str = "site") -> Obj:
        metadata = {**obj["metadata"], "namespace": namespace or self.world.namespace}
        return dict(self.world.client.apply({**obj, "metadata": metadata}, field_manager=manager, force=True))

    def service(self, name: str, port: int, namespace: str = "") -> None:
        spec = {"ports": [{"port": port}], "selector": {"app": name}}
        self.apply({"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}, namespace)

    def model(self, name: str, raw: bool = False) -> None:
        annotations = {"serving.kserve.io/deploymentMode": "RawDeployment"} if raw else {}
        spec = {"predictor": {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://m"}}}
        metadata = {"name": name, "annotations": annotations}
        self.apply({"apiVersion": ISVC, "kind": "InferenceService", "metadata": metadata, "spec": spec}, self.tenant)

    def configure(self, text: str) -> None:
        data = {"envoy-gateway.yaml": text}
        metadata = {"name": "envoy-gateway-config"}
        self.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})

    def get(self, api: str, kind: str, name: str, namespace: str = "") -> Obj | None:
        found: Obj | None = self.world.client.get_or_none(api, kind, name, namespace or self.world.namespace)
        return found

    def say(self, api: str, kind: str, name: str, status: Obj) -> None:
        path = f"/apis/{api}/namespaces/{self.world.namespace}/{PLURALS[kind]}/{name}/status"
        self.world.client.request("PATCH", path, body={"status": status}, content_type=MERGE)

    def answer(self, obj: Obj, status: str = "True", message: str = "") -> None:
        """What the controller of this object would write."""
        namespace, kind = self.world.namespace, obj["kind"]
        generation = obj["metadata"]["generation"]

        def told(of: str, value: str) -> Obj:
            text = {"reason": "Tested", "message": message, "lastTransitionTime": STAMP}
            return {"type": of, "status": value, "observedGeneration": generation, **text}

        if kind == "HTTPRoute":
            parent = {"name": obj["spec"]["parentRefs"][0]["name"]}
            conditions = [told("Accepted", status), told("ResolvedRefs", status)]
            state: Obj = {"parents": [{"parentRef": parent, "controllerName": "x.io/c", "conditions": conditions}]}
        elif kind in ("SecurityPolicy", "BackendTrafficPolicy"):
            ancestor = {"name": "predict", "namespace": namespace}
            entry = {"ancestorRef": ancestor, "controllerName": "x.io/c", "conditions": [told("Accepted", status)]}
            state = {"ancestors": [entry]}
        else:
            state = {"conditions": [told("Accepted" if status == "True" else "NotAccepted", "True")]}
        self.say(obj["apiVersion"], kind, obj["metadata"]["name"], state)

    @contextmanager
    def controllers(self, refused: str = "", message: str = "") -> Iterator[None]:
        """Answers everything that appears while the module waits. refused: the kind that is not taken."""
        over = threading.Event()

        def play() -> None:
            done: set[tuple[str, str, int]] = set()
            while not over.wait(0.2):
                for api, kind in ((ROUTES, "HTTPRoute"), *((ENVOY, k) for k in ("SecurityPolicy",
                                  "BackendTrafficPolicy", "Backend")), (AI, "AIGatewayRoute"),
                                  (AI, "AIServiceBackend")):  # fmt: skip
                    for obj in self.world.client.list(api, kind, self.world.namespace):
                        mark = (kind, obj["metadata"]["name"], obj["metadata"]["generation"])
                        if mark not in done:
                            done.add(mark)
                            self.answer(obj, "False" if kind == refused else "True", message)
                            if kind == "AIGatewayRoute":
                                self._generated(obj)

        thread = threading.Thread(target=play, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(30)

    def _generated(self, route: Obj) -> None:
        """The HTTPRoute that AI Gateway makes of its route."""
        spec = {"parentRefs": [{"name": "openai"}], "rules": [{"matches": [{"path": {"value": "/"}}]}]}
        metadata = {"name": route["metadata"]["name"]}
        self.apply({"apiVersion": ROUTES, "kind": "HTTPRoute", "metadata": metadata, "spec": spec}, manager="ai")


@pytest.fixture
def site(gateways: ControlPlane, request: pytest.FixtureRequest) -> Iterator[Site]:
    for world in make_world(gateways, None, request.node.name):
        tenant = f"t-{world.namespace}"
        gateways.make_namespace(tenant)
        patch = f'{{"metadata":{{"labels":{{"bentobox.platform/tenant":"{tenant}"}}}}}}'
        gateways.run_kubectl("patch", "namespace", tenant, "--type=merge", "-p", patch)
        made = Site(world, tenant)
        for name in ("predict", "openai"):
            listener = {"name": "http", "port": 80, "protocol": "HTTP"}
            spec = {"gatewayClassName": "envoy-gateway", "listeners": [listener]}
            made.apply({"apiVersion": ROUTES, "kind": "Gateway", "metadata": {"name": name}, "spec": spec})
        made.service("knative-local", 80)
        made.configure("rateLimit: {backend: {type: Redis, redis: {url: 'redis:6379'}}}")
        made.model("iris")
        yield made
        gateways.run_kubectl("delete", "namespace", tenant, "--wait=false")


def names(site: Site, api: str, kind: str, namespace: str = "") -> list[str]:
    found = site.world.client.list(api, kind, namespace or site.world.namespace)
    return sorted(obj["metadata"]["name"] for obj in found)


def test_twelve_steps(site: Site) -> None:
    """Make, change and remove; each predicted, done, predicted again and done again."""
    name = f"{site.tenant}-iris"
    first = {"backends": IRIS, "limits": {"requests": {"count": 5}}, "wait": False}
    # Leaves the limits behind, and the local gateway for a Service of the tenant.
    site.service("plain", 8080, site.tenant)
    second = {"backends": [{"service": "plain", "port": 8080}], "models": ["iris"], "wait": False}
    for number, arguments in enumerate([first, second, {"state": "absent"}]):
        mark = site.world.plane.mark()
        predicted = site.run(check=True, **arguments)
        assert (number, predicted["failed"], predicted["changed"]) == (number, False, True), predicted
        assert site.world.plane.writes(mark) == []
        done = site.run(**arguments)
        assert (number, done["failed"], done["changed"]) == (number, False, True), done
        assert done["objects"]["pruned"] == predicted["objects"]["pruned"]
        mark = site.world.plane.mark()
        for check in (True, False):
            again = site.run(check=check, **arguments)
            assert (number, check, again["failed"], again["changed"]) == (number, check, False, False), again
        assert site.world.plane.writes(mark) == []
        if number == 0:
            assert names(site, ENVOY, "BackendTrafficPolicy") == [name]
            assert done["urls"][1] == f"https://{site.world.namespace}.example.org/v1/models/iris:predict"
        if number == 1:
            assert names(site, ENVOY, "BackendTrafficPolicy") == []
            assert names(site, GRANTS, "ReferenceGrant", site.tenant) == [f"route-{name}"]
            assert names(site, ENVOY, "SecurityPolicy") == names(site, ROUTES, "HTTPRoute") == [name]
    assert names(site, ROUTES, "HTTPRoute") == names(site, ENVOY, "SecurityPolicy") == []
    assert names(site, GRANTS, "ReferenceGrant", site.tenant) == []


def test_predict_is_open_when_the_gateways_say_so(site: Site) -> None:
    with site.controllers():
        done = site.run(backends=IRIS, limits={"requests": {"count": 5, "unit": "second"}})
    assert (done["failed"], done["changed"]) == (False, True), done
    route = site.get(ROUTES, "HTTPRoute", done["object_name"])
    assert route
    [rule] = route["spec"]["rules"]
    assert rule["filters"][0]["urlRewrite"]["hostname"] == f"iris-predictor.{site.tenant}.svc.cluster.local"
    assert rule["backendRefs"][0]["name"] == "knative-local"


def test_several_versions_share_the_requests(site: Site) -> None:
    site.model("iris-2", raw=True)
    backends = [
        {"inference_service": "iris", "weight": 9},
        {"inference_service": "iris-2", "weight": 1, "model": "iris"},
    ]
    with site.controllers():
        done = site.run(backends=backends)
    assert done["failed"] is False, done
    assert names(site, ENVOY, "Backend") == [f"{site.tenant}-iris-0", f"{site.tenant}-iris-1"]
    assert names(site, ENVOY, "HTTPRouteFilter") == [f"{site.tenant}-iris-host"]
    with site.controllers():
        assert site.run(backends=IRIS)["changed"]
    assert names(site, ENVOY, "Backend") == names(site, ENVOY, "HTTPRouteFilter") == []


def test_headers_choose_a_version(site: Site) -> None:
    """What the API server's definitions take, and what is left behind when the second version goes."""
    site.model("iris-2")
    site.service("plain", 8080, site.tenant)
    variants = [
        {"inference_service": "iris-2", "headers": {"X-Variant": "b", "x-region": "eu"}},
        {"service": "plain", "port": 8080, "model": "iris", "headers": {"x-variant": "b"}},
    ]
    name = f"{site.tenant}-iris"
    with site.controllers():
        done = site.run(backends=[*IRIS, *variants], protocols=["v1"])
        assert (done["failed"], done["changed"]) == (False, True), done
        route = site.get(ROUTES, "HTTPRoute", name)
        assert route
        first, *_others, last = route["spec"]["rules"]
        assert [header["name"] for header in first["matches"][0]["headers"]] == ["x-region", "x-variant"]
        assert "headers" not in last["matches"][0]
        assert names(site, GRANTS, "ReferenceGrant", site.tenant) == [f"route-{name}"]
        assert not site.run(backends=[*IRIS, *variants], protocols=["v1"])["changed"]
        assert site.run(backends=IRIS, protocols=["v1"])["changed"]
    assert names(site, GRANTS, "ReferenceGrant", site.tenant) == []
    site.service("llm", 8080, site.tenant)
    llm = {"service": "llm", "port": 8080}
    with site.controllers():
        done = site.run(kind="openai", name="llm", backends=[llm, {**llm, "model": "m", "headers": {"x-variant": "b"}}])
    assert done["failed"] is False, done
    route = site.get(AI, "AIGatewayRoute", f"{site.tenant}-llm")
    assert route
    assert [len(rule["matches"][0]["headers"]) for rule in route["spec"]["rules"]] == [2, 1]


def test_openai(site: Site) -> None:
    site.service("llm", 8080, site.tenant)
    given = {"kind": "openai", "name": "llm", "backends": [{"service": "llm", "port": 8080, "model": "m"}]}
    limits = {"requests": {"count": 5}, "tokens": {"count": 1000, "unit": "hour"}}
    with site.controllers():
        done = site.run(**given, limits=limits)
    assert (done["failed"], done["changed"], done["ai_schema"]) == (False, True, "1.0"), done
    assert done["models"] == [f"{site.tenant}/llm"]
    route = site.get(AI, "AIGatewayRoute", done["object_name"])
    assert route
    assert route["spec"]["rules"][0]["backendRefs"][0]["modelNameOverride"] == "m"
    with site.controllers():
        assert not site.run(**given, limits=limits)["changed"]
    other = site.run(**{**given, "name": "copy"}, models=[f"{site.tenant}/llm"])
    assert other["failed"]
    assert f"model {site.tenant}/llm on Gateway openai is already taken by AIGatewayRoute" in other["msg"]
    assert site.run(name="llm", kind="openai", state="absent")["changed"]
    assert (
        names(site, AI, "AIGatewayRoute") == names(site, AI, "AIServiceBackend") == names(site, ENVOY, "Backend") == []
    )


@pytest.mark.parametrize(
    ("kind", "message", "texts"),
    [
        ("SecurityPolicy", "no JWKS", ("SecurityPolicy", "Accepted is False (Tested: no JWKS)")),
        ("BackendTrafficPolicy", "enable Ratelimit in the EnvoyGateway config", ("enable Ratelimit",)),
        ("HTTPRoute", "no grant", ("HTTPRoute", "a gateway refuses it", "no grant")),
    ],
)
def test_refused_by_a_gateway(site: Site, kind: str, message: str, texts: tuple[str, ...]) -> None:
    with site.controllers(refused=kind, message=message):
        result = site.run(backends=IRIS, limits={"requests": {"count": 5}})
    assert result["failed"]
    for text in ("is not open", *texts):
        assert text in result["msg"]


def test_nobody_answers(site: Site) -> None:
    result = site.run(backends=IRIS, wait_timeout=2)
    assert result["failed"]
    for text in (
        "is not open after 2 s",
        "it is in force nowhere, as if its target",
        "no controller has said anything yet",
    ):
        assert text in result["msg"]


def test_what_must_be_there(site: Site) -> None:
    """An error that names it; a warning in check mode, where a task before may make it."""
    for given, text in (
        ({"tenant": "nobody", "backends": IRIS}, "there is no tenant 'nobody'"),
        ({"backends": [{"inference_service": "roses"}]}, "in that namespace there are: iris"),
        ({"backends": [{"service": "nothing"}]}, f"there is no Service {site.tenant}/nothing"),
        ({"backends": IRIS, "gateway": "missing"}, f"there is no Gateway {site.world.namespace}/missing"),
        ({"backends": IRIS, "local_gateway": {"name": "x", "namespace": "y"}}, "there is no Service y/x"),
    ):
        mark = site.world.plane.mark()
        result = site.run(**given)
        assert result["failed"], given
        assert text in result["msg"]
        assert "Nothing was changed" in result["msg"]
        told = site.run(check=True, **given)
        assert (told["failed"], told["changed"]) == (False, True), told
        assert text in warned(told)
        assert site.world.plane.writes(mark) == []


def test_refused_in_check_mode_too(site: Site) -> None:
    site.service("plain", 8080, site.tenant)
    for given, text in (
        ({"backends": [{"service": "plain", "port": 1}]}, "has no port 1; it has 8080"),
        ({"backends": [{**IRIS[0], "weight": -1}]}, "weight -1"),
        ({"backends": IRIS, "limits": {"tokens": {"count": 1}}}, "limits.tokens needs kind 'openai'"),
        ({"backends": []}, "backends is required"),
        ({"backends": [{**IRIS[0], "headers": {"x-variant": "b"}}]}, "all of them have headers"),
        ({"backends": [*IRIS, {**IRIS[0], "headers": {"Authorization": "b"}}]}, "backends[1].headers: 'Authorization'"),
    ):
        for check in (True, False):
            result = site.run(check=check, **given)
            assert result["failed"], given
            assert text in result["msg"]


def test_a_backend_of_another_tenant(site: Site) -> None:
    other = f"o-{site.world.namespace}"
    site.world.plane.make_namespace(other)
    patch = '{"metadata":{"labels":{"bentobox.platform/tenant":"other"}}}'
    site.world.plane.run_kubectl("patch", "namespace", other, "--type=merge", "-p", patch)
    result = site.run(backends=[{"service": "plain", "namespace": other}])
    site.world.plane.run_kubectl("delete", "namespace", other, "--wait=false")
    assert result["failed"]
    assert f"Service {other}/plain belongs to tenant 'other'" in result["msg"]


def test_limits_without_a_store_of_counters(site: Site) -> None:
    site.configure("gateway: {controllerName: gateway.envoyproxy.io/gatewayclass-controller}")
    given = {"backends": IRIS, "limits": {"requests": {"count": 5}}, "wait": False}
    result = site.run(**given)
    assert result["failed"]
    assert "sets no rateLimit.backend" in result["msg"]
    assert "sets no rateLimit.backend" in warned(site.run(check=True, **given))
    assert site.run(backends=IRIS, wait=False)["failed"] is False


def test_path_that_another_route_has(site: Site) -> None:
    assert site.run(backends=IRIS, wait=False)["changed"]
    for check in (True, False):
        result = site.run(check=check, name="second", backends=IRIS, wait=False)
        assert result["failed"]
        assert f"is already taken by HTTPRoute {site.world.namespace}/{site.tenant}-iris" in result["msg"]
    assert site.run(name="second", backends=IRIS, path_prefix="/second", wait=False)["changed"]


def test_two_tenants_with_one_object_name(site: Site) -> None:
    assert site.run(name="a-b", backends=IRIS, wait=False)["changed"]
    clash = f"{site.tenant}-a"
    site.world.plane.make_namespace(clash)
    site.service("plain", 80, clash)
    result = site.run(tenant=clash, name="b", backends=[{"service": "plain"}], wait=False)
    site.world.plane.run_kubectl("delete", "namespace", clash, "--wait=false")
    assert result["failed"]
    assert f"both are called {site.tenant}-a-b" in result["msg"]


def test_old_fields_are_asked_for_by_hand(site: Site) -> None:
    """These definitions are those of 1.0: they must refuse what is not theirs."""
    site.service("llm", 8080, site.tenant)
    given = {"kind": "openai", "backends": [{"service": "llm", "port": 8080}], "ai_schema": "0.2", "wait": False}
    result = site.run(**given)
    assert result["failed"]
    assert "field not declared in schema" in result["msg"]


def test_playbook_shows_what_it_waits_for(site: Site, tmp_path: Path) -> None:
    namespace = site.world.namespace
    arguments = {
        "name": "iris", "tenant": site.tenant, "namespace": namespace, "gateway_namespace": namespace,
        "local_gateway": {"namespace": namespace, "name": "knative-local"}, "backends": IRIS, "wait_timeout": 4,
        "kubeconfig": str(site.world.plane.kubeconfig), "hostname": f"{namespace}.example.org",
    }  # fmt: skip
    done = run_playbook(tmp_path, [{"bentobox.platform.model_route": arguments}], options=())
    assert done.returncode == 2, done.stdout + done.stderr
    assert "0 of 2 accepted; SecurityPolicy" in done.stdout


def test_a_gateway_tells_what_keeps_its_proxies_from_running(site: Site) -> None:
    """Its pods run in a namespace of Envoy Gateway's, which is another one than its own."""
    namespace = site.world.namespace
    owner = {"owning-gateway-name": "edge", "owning-gateway-namespace": namespace}
    labels = {f"gateway.envoyproxy.io/{name}": value for name, value in owner.items()}
    spec = {"containers": [{"name": "envoy", "image": "example.org/envoy:1"}]}
    site.apply(
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "labels": labels}, "spec": spec}, site.tenant
    )
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "Insufficient cpu."}
    path = f"/api/v1/namespaces/{site.tenant}/pods/p/status"
    site.world.client.request("PATCH", path, body={"status": {"conditions": [condition]}}, content_type=MERGE)
    listener = {"name": "http", "port": 80, "protocol": "HTTP"}
    gateway = {
        "apiVersion": ROUTES,
        "kind": "Gateway",
        "metadata": {"name": "edge"},
        "spec": {"gatewayClassName": "envoy", "listeners": [listener]},
    }
    given = {"name": "edge-gateway", "namespace": namespace, "manifests": [gateway], "wait_timeout": 3}
    result = site.world.run("component", **given)
    assert result["failed"]
    assert f"Gateway {namespace}/edge: Accepted is Unknown" in result["msg"]
    assert "Pod p: Unschedulable: Insufficient cpu." in result["msg"]
