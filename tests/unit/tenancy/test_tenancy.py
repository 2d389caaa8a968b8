# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tenant renders to, against golden files (GOLDEN=write writes them anew), and what is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.bentobox.platform.plugins.module_utils.tenancy.access import RULES
from ansible_collections.bentobox.platform.plugins.module_utils.tenancy.apply import owned
from ansible_collections.bentobox.platform.plugins.module_utils.tenancy.errors import TenancyError
from ansible_collections.bentobox.platform.plugins.module_utils.tenancy.manifests import render
from ansible_collections.bentobox.platform.plugins.module_utils.tenancy.options import (
    public_keys,
    tenant_argument_spec,
    tenant_of,
)
from ansible_collections.bentobox.platform.plugins.module_utils.tenancy.spec import Storage

GOLDEN = Path(__file__).parent / "golden"
JWKS = '{"keys":[{"alg":"ES256","crv":"P-256","kid":"k","kty":"EC","use":"sig","x":"x","y":"y"}]}'
STORE = Storage("seaweedfs.object-store.svc:8333", False, "us-east-1", "object-store", "object-store-yatai")
Obj = dict[str, Any]


def rendered(storage: Storage | None = None, **options: Any) -> list[Obj]:
    validation = ArgumentSpecValidator(tenant_argument_spec()).validate({"name": "tenant-a", **options})
    assert not validation.error_messages
    return render(tenant_of(validation.validated_parameters, JWKS, storage))


def named(objects: list[Obj], kind: str, name: str = "") -> Obj:
    found = [obj for obj in objects if obj["kind"] == kind and name in ("", obj["metadata"]["name"])]
    assert len(found) == 1, (kind, name, found)
    return found[0]


CASES: dict[str, dict[str, Any]] = {
    "defaults": {},
    "everything": {
        "storage": STORE,
        "labels": {"team": "ml"},
        "quota": {"requests.cpu": 8, "requests.nvidia.com/gpu": 2, "pods": 50},
        "limits": {"max": {"memory": "32Gi"}, "min": {"cpu": "1m"}},
        "members": {
            "view": {"users": ["zoe", "amy", "amy"]},
            "edit": {"groups": ["team-a"], "service_accounts": ["ci/deployer", "robot"]},
            "admin": {"users": ["root@example.com"]},
        },
        "mesh_mtls": "PERMISSIVE",
        "mesh_cni": True,
        "jwt": {"issuer": "https://login.example.com", "audiences": ["models", "tenant-a"]},
        "allowed_namespaces": ["notebooks"],
        "egress_cidrs": ["10.9.0.0/16"],
        "platform": {"gateways": ["envoy-gateway-system", "edge"], "routes": ["inference-gateway", "edge"]},
        "service_account": "loader",
    },
    "bare": {"mesh": False, "quota": {}, "limits": {"default": {}, "default_request": {}}, "platform": {"routes": []}},
}


@pytest.mark.parametrize("name", CASES)
def test_golden(name: str) -> None:
    objects = rendered(**CASES[name])
    golden = GOLDEN / f"{name}.yml"
    if os.environ.get("GOLDEN") == "write":
        plain = json.loads(json.dumps(objects))  # without YAML's anchors for what is there twice
        golden.write_text(yaml.safe_dump_all(plain, sort_keys=False, width=118), encoding="utf-8")
    assert list(yaml.safe_load_all(golden.read_text(encoding="utf-8"))) == objects


def test_every_object_has_a_place_of_its_own() -> None:
    objects = rendered(**CASES["everything"])
    places = [(obj["kind"], obj["metadata"]["name"]) for obj in objects]
    assert len(places) == len(set(places))
    assert {obj["metadata"].get("namespace") for obj in objects if obj["kind"] != "Namespace"} == {"tenant-a"}
    # The engine keeps its record under the tenant's name.
    assert ("Secret", "tenant-a") not in places


def test_only_the_tenant_s_tokens_and_knative_get_in() -> None:
    policies = [obj for obj in rendered() if obj["kind"] == "AuthorizationPolicy"]
    rules = [rule for policy in policies for rule in policy["spec"].get("rules", [])]
    for rule in rules:
        sources = [source["source"] for source in rule["from"]]
        if any("requestPrincipals" in source for source in sources):
            assert rule["when"] == [{"key": "request.auth.claims[tenant]", "values": ["tenant-a"]}]
        else:
            # The activator forwards users' requests: it must not open a model's paths.
            operations = [entry["operation"] for entry in rule["to"]]
            assert all(set(item["paths"]) <= {"/metrics", "/healthz", "/ready"} for item in operations)
            assert all(item["methods"] == ["GET"] for item in operations)
    assert len(rules) == 3


def test_no_level_can_change_what_keeps_tenants_apart() -> None:
    apart = {
        "networkpolicies", "resourcequotas", "limitranges", "roles", "rolebindings", "authorizationpolicies",
        "peerauthentications", "requestauthentications", "namespaces", "referencegrants", "serviceaccounts", "*",
    }  # fmt: skip
    for level, rules in RULES.items():
        for rule in rules:
            if set(rule["verbs"]) - {"get", "list", "watch"}:
                assert not set(rule["resources"]) & apart, level
        secrets = [rule for rule in rules if "secrets" in rule["resources"]]
        assert bool(secrets) == (level == "admin")


def test_a_namespace_that_was_there_is_not_called_ours() -> None:
    label = "app.kubernetes.io/managed-by"
    foreign = {"metadata": {"name": "tenant-a"}}
    ours = {"metadata": {"name": "tenant-a", "labels": {label: "bentobox.platform"}}}
    for live, expected in ((None, True), (ours, True), (foreign, False)):
        assert (label in named(owned(rendered(), live), "Namespace")["metadata"]["labels"]) == expected


@pytest.mark.parametrize(
    ("options", "level"),
    [
        ({}, "privileged"),
        ({"mesh_cni": True}, "baseline"),
        ({"mesh": False}, "baseline"),
        ({"pod_security": "restricted"}, "restricted"),
    ],
)
def test_pod_security(options: dict[str, Any], level: str) -> None:
    labels = named(rendered(**options), "Namespace")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == level
    assert labels.get("istio-injection") == (None if options.get("mesh") is False else "enabled")


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"name": "Tenant_A"}, "name is 'Tenant_A': a tenant is a namespace"),
        ({"name": ""}, "name is ''"),
        ({"name": "a" * 41}, "longer than 40 characters"),
        ({"name": "kube-system"}, "a namespace of Kubernetes itself"),
        ({"name": "default"}, "a namespace of Kubernetes itself"),
        ({"labels": {"bentobox.platform/tenant": "b"}}, "use the options 'name' and 'pod_security'"),
        ({"labels": {"pod-security.kubernetes.io/warn": "baseline"}}, "use the options"),
        ({"members": {"edit": {"service_accounts": ["a/b/c"]}}}, r"members.edit.service_accounts: 'a/b/c' is neither"),
        ({"members": {"view": {"service_accounts": ["/b"]}}}, "members.view.service_accounts: '/b'"),
        ({"egress_cidrs": ["10.0.0.1/8"]}, "egress_cidrs: '10.0.0.1/8' is no network"),
        ({"egress_cidrs": ["s3.example.com"]}, "egress_cidrs: 's3.example.com' is no network"),
        ({"limits": {"default": {"cpu": "1"}}}, "limits.default has no memory"),
        ({"jwt": {"issuer": " "}}, "jwt.issuer is empty"),
        ({"jwt": {"audiences": []}}, "jwt.audiences has no or an empty element"),
    ],
)
def test_refusals(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(TenancyError, match=problem):
        rendered(**options)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("no json", "x is no JWK Set"),
        (None, "x is no JWK Set"),
        ([1], "x is no JWK Set"),
        ({"keys": [1]}, "x is no JWK Set"),
        ({"keys": []}, "x holds no key"),
        ({"keys": [{"kty": "EC", "d": "canary"}]}, "x holds a private key"),
        ('{"keys": [{"kty": "oct", "k": "canary"}]}', "x holds a private key"),
    ],
)
def test_keys_that_are_refused(value: Any, problem: str) -> None:
    with pytest.raises(TenancyError, match=problem) as caught:
        public_keys(value, "x")
    assert "canary" not in str(caught.value)


def test_keys_are_written_in_one_way() -> None:
    assert public_keys(JWKS, "x") == public_keys(json.loads(JWKS), "x") == JWKS
