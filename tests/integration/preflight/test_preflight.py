# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module preflight against a real API server (which has no nodes)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.tests.support.control_plane import ControlPlane
from ansible_collections.bentobox.platform.tests.support.modules import run_module
from ansible_collections.bentobox.platform.tests.support.process import free_port

YATAI = {"name": "yatai", "version": "1.1.13", "kubernetes": {"min": "1.20", "max": "1.99"}}


def client(plane: ControlPlane) -> Client:
    return Client.from_params(plane.params())


def apply(plane: ControlPlane, *objects: dict[str, Any]) -> None:
    for item in objects:
        client(plane).apply(item)


def look(plane: ControlPlane, check: bool = False, **options: Any) -> dict[str, Any]:
    helm = {"helm_binary": os.environ.get("BENTOBOX_HELM", "helm")}
    return run_module("preflight", {**plane.params(), **helm, **options}, check=check)


def findings(result: dict[str, Any], check: str) -> list[dict[str, Any]]:
    return [finding for finding in result["findings"] if finding["check"] == check]


def metadata(name: str, namespace: str = "", **more: Any) -> dict[str, Any]:
    return {"name": name, **({"namespace": namespace} if namespace else {}), **more}


def test_it_only_reads(control_plane: ControlPlane) -> None:
    mark = control_plane.mark()
    look(control_plane, components=[YATAI], ingress_class="x", namespaces={"yatai": "yatai-system"})
    written = [event for event in control_plane.writes(mark) if "selfsubjectaccessreviews" not in str(event)]
    assert written == []


def test_server_facts(control_plane: ControlPlane) -> None:
    result = look(
        control_plane, components=[{**YATAI, "kubernetes": {"min": "1.20", "max": "1.21", "apis": ["no/v1"]}}]
    )
    assert result["kubernetes"].startswith("v1.")
    (version,) = findings(result, "kubernetes_version")
    assert result["kubernetes"] in version["what"]
    assert "no/v1" in findings(result, "kubernetes_apis")[0]["what"]
    # this server has no nodes
    assert findings(result, "nodes")[0]["level"] == "error"
    assert result["failed"]
    assert result["msg"].splitlines() == result["report"]


def test_classes(control_plane: ControlPlane) -> None:
    apply(
        control_plane,
        {
            "apiVersion": "networking.k8s.io/v1",
            "kind": "IngressClass",
            "metadata": metadata("known"),
            "spec": {"controller": "example.com/known"},
        },
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": metadata("slow"),
            "provisioner": "example.com/slow",
        },
    )
    result = look(
        control_plane,
        ingress_class="unknown",
        ingress_managed=False,
        storage_classes={"postgresql": "", "registry": "fast", "object_store": "slow"},
    )
    (ingress,) = findings(result, "ingress_class")
    assert "'unknown'" in ingress["what"]
    assert "known" in ingress["allowed"]
    assert [finding["variable"].split()[0].rstrip(",") for finding in findings(result, "storage_class")] == [
        "postgresql_storage_class",
        "registry_storage_class",
    ]
    fine = look(control_plane, ingress_class="known", ingress_managed=False, storage_classes={"object_store": "slow"})
    assert findings(fine, "ingress_class") == findings(fine, "storage_class") == []


def test_whose_the_namespace_is(control_plane: ControlPlane) -> None:
    canary = "canary-of-a-helm-release"
    apply(
        control_plane,
        {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata("taken")},
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "type": "helm.sh/release.v1",
            "metadata": metadata(
                "sh.helm.release.v1.yatai.v1", "taken", labels={"owner": "helm", "name": "yatai", "status": "deployed"}
            ),
            "stringData": {"release": canary},
        },
        {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": metadata("leaving", finalizers=["example.com/holds-it"]),
        },
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": metadata(
                "cert-manager",
                "taken",
                labels={"applyset.kubernetes.io/id": "applyset-x-v1"},
                annotations={"applyset.kubernetes.io/tooling": "kubectl/v1.33"},
            ),
        },
    )
    client(control_plane).delete("v1", "Namespace", "leaving")
    places = {"yatai": "taken", "cert_manager": "taken", "registry": "leaving", "ingress": "not-there"}
    result = look(control_plane, namespaces=places)
    said = [finding["what"] for finding in findings(result, "namespaces")]
    assert len(said) == 3, said
    assert any("Helm release yatai" in text for text in said)
    assert any("kubectl/v1.33" in text for text in said)
    assert any("'leaving' is being deleted" in text for text in said)
    assert canary not in str(result)
    taken_over = look(control_plane, namespaces={"yatai": "taken"}, take_ownership=["yatai"])
    assert findings(taken_over, "namespaces") == []
    client(control_plane).patch("v1", "Namespace", "leaving", None, {"metadata": {"finalizers": None}})


def test_rights_that_are_missing(control_plane: ControlPlane) -> None:
    nobody = {"kubeconfig": str(control_plane.user_kubeconfig("nobody-special", []))}
    result = run_module(
        "preflight", {**nobody, "namespaces": {"yatai": "default"}, "storage_classes": {"registry": ""}}
    )
    (rights,) = findings(result, "permissions")
    assert "create" in rights["what"]
    assert "customresourcedefinitions.apiextensions.k8s.io" in rights["what"]
    # what may not be read is said to be unknown, and does not keep the rest from being said
    for check in ("nodes", "namespaces", "storage_class"):
        (finding,) = findings(result, check)
        assert finding["level"] == "warning"
        assert "could not be checked" in finding["what"]
        assert "forbidden" in finding["why"].lower()
    assert findings(look(control_plane), "permissions") == []


def test_no_server(control_plane: ControlPlane, tmp_path: Path) -> None:
    nowhere = {"host": f"https://127.0.0.1:{free_port()}", "api_key": "canary-token", "api_timeout": 1}
    broken = [{**YATAI, "charts": {"yatai": {"ref": str(tmp_path / "nothing.tgz")}}}]
    result = run_module("preflight", {**nowhere, "components": broken, "helm_binary": str(tmp_path / "helm")})
    assert [finding["check"] for finding in result["findings"]] == ["cluster", "helm", "charts"]
    assert "canary-token" not in str(result)


def test_ignored_checks_do_not_stop(control_plane: ControlPlane) -> None:
    result = look(control_plane, ignore=["nodes", "helm"], components=[YATAI])
    assert not result["failed"], result
    assert result["ok"]
    assert {finding["level"] for finding in result["findings"]} <= {"warning"}


def test_endpoints_without_a_node_are_said_to_be_unknown(control_plane: ControlPlane) -> None:
    options = {"endpoints": [{"name": "db", "address": "db.invalid:5432"}], "probe_image": "example.com/python:3"}
    for check in (True, False):
        (finding,) = findings(look(control_plane, check=check, **options), "endpoints")
        assert finding["level"] == "warning"
        assert "could not be checked" in finding["what"]
    assert client(control_plane).list("v1", "Pod", "default") == []


@pytest.mark.parametrize("address", ["", "db:port"])
def test_bad_address(control_plane: ControlPlane, address: str) -> None:
    result = look(control_plane, endpoints=[{"name": "db", "address": address}])
    assert result["failed"]
    assert "of db" in result["msg"]
