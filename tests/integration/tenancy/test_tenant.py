# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module tenant against a real API server."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import ApiError
from ansible_collections.bentobox.platform.plugins.module_utils.tenancy.errors import TenancyError
from ansible_collections.bentobox.platform.tests.support.modules import run_module

from .conftest import Subject

JWKS = {"keys": [{"kty": "EC", "crv": "P-256", "x": "x", "y": "y", "kid": "k", "use": "sig", "alg": "ES256"}]}
BARE: dict[str, Any] = {"mesh": False, "platform": {"routes": []}}


def namespace(tenant: Subject, name: str = "", **labels: str) -> None:
    name = name or tenant.name
    metadata = {"name": name, "labels": labels}
    tenant.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}, field_manager="them")


def pod(tenant: Subject, name: str, **container: Any) -> dict[str, Any]:
    spec = {"serviceAccountName": "models", "containers": [{"name": "c", "image": "busybox", **container}]}
    metadata = {"name": name, "namespace": tenant.name}
    return tenant.client.create({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})


def model(tenant: Subject, name: str) -> None:
    spec = {"predictor": {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://models/iris"}}}
    metadata = {"name": name, "namespace": tenant.name}
    kind = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService"}
    tenant.client.create({**kind, "metadata": metadata, "spec": spec})


@pytest.mark.usefixtures("definitions")
def test_the_twelve_steps(tenant: Subject) -> None:
    done = tenant.steps(jwt={"jwks": JWKS}, members={"edit": {"users": ["amy"]}})
    assert f"Namespace {tenant.name}" in done["objects"]["created"]
    assert f"AuthorizationPolicy {tenant.name}/allow-tenant" in done["objects"]["created"]
    assert not done["predicted"]
    live = tenant.client.get("v1", "Namespace", tenant.name)
    assert live["metadata"]["labels"]["bentobox.platform/tenant"] == tenant.name
    assert live["metadata"]["labels"]["istio-injection"] == "enabled"

    changed = tenant.steps(jwt={"jwks": JWKS}, quota={"pods": 5}, allowed_namespaces=["notebooks"])
    # The record, too: there are no more Roles among the tenant's kinds.
    assert sorted(changed["objects"]["updated"]) == [
        f"ResourceQuota {tenant.name}/tenant",
        f"Secret {tenant.name}/{tenant.name}",
    ]
    assert changed["objects"]["created"] == [f"NetworkPolicy {tenant.name}/allow-namespaces"]
    assert sorted(changed["objects"]["pruned"]) == [
        f"Role {tenant.name}/tenant-edit",
        f"RoleBinding {tenant.name}/tenant-edit",
    ]

    without = tenant.steps(mesh=False, quota={"pods": 5}, allowed_namespaces=["notebooks"])
    assert f"PeerAuthentication {tenant.name}/default" in without["objects"]["pruned"]
    assert "istio-injection" not in tenant.client.get("v1", "Namespace", tenant.name)["metadata"]["labels"]

    model(tenant, "iris")
    for check in (True, False):
        with pytest.raises(TenancyError, match=r"still has models: iris\. Remove these InferenceServices first"):
            tenant(check=check, state="absent")
    tenant.client.delete("serving.kserve.io/v1beta1", "InferenceService", "iris", tenant.name)
    gone = tenant.steps(state="absent")
    assert gone["kept"] == [f"Namespace {tenant.name}"]
    assert tenant.get("networking.k8s.io/v1", "NetworkPolicy", "default-deny") is None

    tenant(jwt={"jwks": JWKS})
    model(tenant, "iris")
    gone = tenant.steps(state="absent", purge=True)
    assert gone["models"] == ["iris"]
    assert gone["objects"]["pruned"][0] == f"InferenceService {tenant.name}/iris"
    assert tenant.client.get_or_none("v1", "Namespace", tenant.name) is None


@pytest.mark.usefixtures("no_definitions")
def test_kinds_that_are_missing(tenant: Subject) -> None:
    with pytest.raises(TenancyError, match=r"no kind .* in security\.istio\.io/v1; .* 'mesh: false'"):
        tenant(jwt={"jwks": JWKS}, platform={"routes": []})
    with pytest.raises(TenancyError, match=r"no kind ReferenceGrant .* 'platform\.routes: \[\]'"):
        tenant(mesh=False)
    # Nothing was done before it was known.
    assert tenant.client.get_or_none("v1", "Namespace", tenant.name) is None
    tenant.steps(**BARE)


def test_containers_that_say_nothing_are_let_in(tenant: Subject) -> None:
    tenant(**BARE, quota={"limits.cpu": 2, "limits.memory": "2Gi", "pods": 5})
    resources = pod(tenant, "sidecar")["spec"]["containers"][0]["resources"]
    assert resources == {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "20m", "memory": "64Mi"}}
    with pytest.raises(ApiError, match="exceeded quota"):
        pod(tenant, "greedy", resources={"limits": {"cpu": "1500m", "memory": "64Mi"}})
    with pytest.raises(ApiError, match="violates PodSecurity"):
        pod(tenant, "mighty", securityContext={"privileged": True})


def test_what_members_may_do(tenant: Subject) -> None:
    robot = "system:serviceaccount:ci:robot"
    members = {
        "view": {"users": ["vic"]},
        "edit": {"users": ["eve"], "service_accounts": ["ci/robot"]},
        "admin": {"users": ["ada"]},
    }
    tenant(**BARE, members=members)
    models = "serving.kserve.io/inferenceservices"
    assert [tenant.may(who, "list", models) for who in ("vic", "eve", "ada", robot, "bob")] == [True] * 4 + [False]
    assert [tenant.may(who, "create", models) for who in ("vic", "eve", "ada", robot, "bob")] == [
        False, True, True, True, False,
    ]  # fmt: skip
    assert [tenant.may(who, "get", "secrets") for who in ("vic", "eve", "ada")] == [False, False, True]
    for forbidden in ("networking.k8s.io/networkpolicies", "resourcequotas", "security.istio.io/authorizationpolicies"):
        assert not tenant.may("ada", "delete", forbidden)
    tenant(**BARE)
    assert not tenant.may("ada", "list", models)


def test_the_store_s_credentials_are_copied_and_never_shown(tenant: Subject) -> None:
    store = f"{tenant.name}-store"
    with pytest.raises(TenancyError, match=f"there is no Secret {store}/connection with the object store's cred"):
        tenant(**BARE, storage={"namespace": store, "secret": "connection"})
    tenant(**BARE, check=True, storage={"namespace": store, "secret": "connection"})
    assert "there is no Secret" in tenant.warned[0]
    namespace(tenant, store)
    data = {"endpoint": "http://s3.example.com:8333", "access_key": "canary-access", "secret_key": "canary-secret"}
    metadata = {"name": "connection", "namespace": store}
    tenant.client.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data})
    done = tenant.steps(**BARE, storage={"namespace": store, "secret": "connection", "region": "eu"})
    assert "canary" not in str(done)
    secret = tenant.get("v1", "Secret", "model-store")
    account = tenant.get("v1", "ServiceAccount", "models")
    assert secret
    assert account
    assert base64.b64decode(secret["data"]["AWS_SECRET_ACCESS_KEY"]).decode() == "canary-secret"
    annotations = secret["metadata"]["annotations"]
    assert annotations["serving.kserve.io/s3-endpoint"] == "s3.example.com:8333"
    assert (annotations["serving.kserve.io/s3-usehttps"], annotations["serving.kserve.io/s3-region"]) == ("0", "eu")
    assert account["secrets"] == [{"name": "model-store"}]
    # New credentials arrive with the next run.
    tenant.client.patch("v1", "Secret", "connection", store, {"stringData": {"secret_key": "canary-rotated"}})
    again = tenant.steps(**BARE, storage={"namespace": store, "secret": "connection", "region": "eu"})
    assert again["objects"]["updated"] == [f"Secret {tenant.name}/model-store"]


@pytest.mark.usefixtures("definitions")
def test_keys_come_from_where_they_are_published(tenant: Subject) -> None:
    keys = {"namespace": f"{tenant.name}-keys"}
    with pytest.raises(TenancyError, match="with the public keys; publish them with jwt_key"):
        tenant(jwt=keys)
    assert tenant(check=True, jwt=keys)["changed"]
    assert "there is no ConfigMap" in tenant.warned[0]
    namespace(tenant, keys["namespace"])
    metadata = {"name": "jwks", "namespace": keys["namespace"]}
    data = {"jwks": json.dumps(JWKS)}
    tenant.client.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data})
    tenant.steps(jwt=keys)
    rotated = {"keys": [{**JWKS["keys"][0], "kid": "new"}, *JWKS["keys"]]}
    tenant.client.patch("v1", "ConfigMap", "jwks", keys["namespace"], {"data": {"jwks": json.dumps(rotated)}})
    done = tenant.steps(jwt=keys)
    assert done["objects"]["updated"] == [f"RequestAuthentication {tenant.name}/tenant"]


def test_namespaces_of_others(tenant: Subject) -> None:
    namespace(tenant, tenant.name, team="theirs")
    # Not a tenant: nothing in it is ours to remove.
    gone = tenant.steps(state="absent", purge=True)
    assert (gone["changed"], gone["objects"]["pruned"]) == (False, [])
    # It may become one, keeps what others say of it, and outlives a purge.
    tenant.steps(**BARE)
    assert tenant.client.get("v1", "Namespace", tenant.name)["metadata"]["labels"]["team"] == "theirs"
    gone = tenant.steps(state="absent", purge=True)
    assert gone["kept"] == [f"Namespace {tenant.name}"]


def test_a_component_s_namespace_is_refused(tenant: Subject) -> None:
    arguments = {**tenant.plane.params(), "name": "store", "namespace": tenant.name}
    assert not run_module("component", arguments)["failed"]
    refused = run_module("tenant", {**tenant.plane.params(), "name": tenant.name, **BARE})
    assert refused["failed"]
    assert "in that namespace lives the component store; give the tenant another name" in refused["msg"]
    refused = run_module("tenant", {**tenant.plane.params(), "name": "kube-system", **BARE})
    assert "a namespace of Kubernetes itself" in refused["msg"]
