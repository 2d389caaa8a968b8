# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Finds out. One thing that cannot be found out does not keep the others from it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from ansible_collections.bentobox.platform.plugins.module_utils.kube.applyset import ID, TOOLING
from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import ApiError, KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.pool import in_parallel
from ansible_collections.bentobox.platform.plugins.module_utils.preflight.model import Facts, NamespaceFacts, Wanted

T = TypeVar("T")

_DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
# Only names and labels: the records of Helm hold whole releases with their secrets.
_METADATA_ONLY = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}
_VERBS = ("list", "create", "patch", "delete")
# What the roles make, by group.
_RESOURCES = {
    "": ("namespaces", "secrets", "configmaps", "services", "serviceaccounts", "persistentvolumeclaims", "pods"),
    "apps": ("deployments", "statefulsets", "daemonsets"),
    "batch": ("jobs",),
    "rbac.authorization.k8s.io": ("roles", "rolebindings", "clusterroles", "clusterrolebindings"),
    "networking.k8s.io": ("ingresses", "ingressclasses"),
    "apiextensions.k8s.io": ("customresourcedefinitions",),
    "apiregistration.k8s.io": ("apiservices",),
    "admissionregistration.k8s.io": ("validatingwebhookconfigurations", "mutatingwebhookconfigurations"),
    "cert-manager.io": ("issuers", "clusterissuers", "certificates"),
    "resources.yatai.ai": ("bentorequests", "bentoes"),
    "serving.yatai.ai": ("bentodeployments",),
}
_SPECIAL = (("get", "", "pods/log"), ("create", "", "services/proxy"))


def local_facts(wanted: Wanted) -> Facts:
    """What this machine has."""
    files = [path for component in wanted.components for path in component.chart_files]
    facts = Facts(missing_files=tuple(path for path in files if not os.path.isfile(path)))
    command = [wanted.helm_binary, "version", "--template", "{{.Version}}"]
    try:
        ended = subprocess.run(  # pylint: disable=ansible-bad-function
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
    except OSError as error:
        return replace(facts, unknown={"helm": str(error)})
    if ended.returncode:
        return replace(facts, unknown={"helm": ended.stderr.strip() or f"it ended with {ended.returncode}"})
    return replace(facts, helm=ended.stdout.strip())


def cluster_facts(client: Client, wanted: Wanted, facts: Facts) -> Facts:
    """What the cluster has. Reads only; the questions about rights are questions, though they are sent by POST."""
    try:
        kubernetes = str(client.version().get("gitVersion", ""))
    except KubeError as error:
        return replace(facts, unreachable=str(error))
    unknown = dict(facts.unknown)

    def ask(check: str, question: Callable[[], T]) -> T | None:
        try:
            return question()
        except KubeError as error:
            unknown[check] = str(error)
            return None

    return replace(
        facts,
        kubernetes=kubernetes,
        api_versions=ask("kubernetes_apis", lambda: _api_versions(client)),
        ingress_classes=ask("ingress_class", lambda: _ingress_classes(client)),
        storage_classes=ask("storage_class", lambda: _storage_classes(client)),
        nodes=ask("nodes", lambda: _nodes(client)),
        namespaces=ask("namespaces", lambda: _namespaces(client, wanted)),
        missing_rights=ask("permissions", lambda: _missing_rights(client)),
        unknown=unknown,
    )


def _api_versions(client: Client) -> frozenset[str]:
    groups = client.request("GET", "/apis", what="the list of APIs").get("groups", [])
    return frozenset(version["groupVersion"] for group in groups for version in group.get("versions", []))


def _ingress_classes(client: Client) -> dict[str, str]:
    items = client.list("networking.k8s.io/v1", "IngressClass")
    return {item["metadata"]["name"]: str((item.get("spec") or {}).get("controller", "")) for item in items}


def _storage_classes(client: Client) -> dict[str, bool]:
    items = client.list("storage.k8s.io/v1", "StorageClass")
    return {
        item["metadata"]["name"]: (item["metadata"].get("annotations") or {}).get(_DEFAULT_CLASS) == "true"
        for item in items
    }


def _nodes(client: Client) -> tuple[str, ...]:
    found = []
    for node in client.list("v1", "Node"):
        conditions = {c["type"]: c["status"] for c in (node.get("status") or {}).get("conditions", [])}
        if conditions.get("Ready") == "True" and not (node.get("spec") or {}).get("unschedulable"):
            found.append(str((node.get("status") or {}).get("nodeInfo", {}).get("architecture", "unknown")))
    return tuple(found)


def _namespaces(client: Client, wanted: Wanted) -> dict[str, NamespaceFacts | None]:
    names = sorted({place.namespace for place in wanted.places})
    return dict(zip(names, in_parallel(lambda name: _namespace(client, name), names), strict=True))


def _namespace(client: Client, name: str) -> NamespaceFacts | None:
    namespace = client.get_or_none("v1", "Namespace", name)
    if namespace is None:
        return None
    metadata = namespace["metadata"]
    releases = _metadata(client, name, "secrets", fieldSelector="type=helm.sh/release.v1")
    parents = [
        parent for kind in ("secrets", "configmaps") for parent in _metadata(client, name, kind, labelSelector=ID)
    ]
    return NamespaceFacts(
        phase="Terminating" if metadata.get("deletionTimestamp") else "Active",
        labels=metadata.get("labels") or {},
        annotations=metadata.get("annotations") or {},
        helm_releases=tuple(sorted({_label(release, "name") for release in releases} - {""})),
        applysets={
            parent["metadata"]["name"]: (parent["metadata"].get("annotations") or {}).get(TOOLING, "")
            for parent in parents
        },
    )


def _metadata(client: Client, namespace: str, kind: str, **query: str) -> list[dict[str, Any]]:
    path = f"/api/v1/namespaces/{namespace}/{kind}"
    answer = client.request("GET", path, query=query, headers=_METADATA_ONLY, what=f"{kind} in {namespace}")
    return list(answer.get("items") or [])


def _label(item: dict[str, Any], name: str) -> str:
    return str((item["metadata"].get("labels") or {}).get(name, ""))


def _missing_rights(client: Client) -> tuple[str, ...]:
    # Whoever may do everything is asked once, not a hundred times.
    if _may(client, ("*", "*", "*")):
        return ()
    questions = [(verb, group, kind) for group, kinds in _RESOURCES.items() for kind in kinds for verb in _VERBS]
    questions += list(_SPECIAL)
    answers = in_parallel(lambda question: _may(client, question), questions)
    missing: dict[str, list[str]] = {}
    for (verb, group, kind), allowed in zip(questions, answers, strict=True):
        if not allowed:
            missing.setdefault(f"{kind}.{group}" if group else kind, []).append(verb)
    return tuple(f"{'/'.join(verbs)} {resource}" for resource, verbs in missing.items())


def _may(client: Client, question: tuple[str, str, str]) -> bool:
    verb, group, kind = question
    resource, _slash, subresource = kind.partition("/")
    attributes = {"verb": verb, "group": group, "resource": resource, "subresource": subresource}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {key: value for key, value in attributes.items() if value}},
    }
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    answer = client.request("POST", path, body=review, what=f"our right to {verb} {kind}")
    if not isinstance(answer, dict) or "status" not in answer:
        raise ApiError(0, "Invalid", "the answer has no status", verb="create", what="SelfSubjectAccessReview")
    return bool(answer["status"].get("allowed"))
