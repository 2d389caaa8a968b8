# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What we know about manifests without asking a cluster: identity, order, what must not be deleted."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any, NamedTuple

Obj = dict[str, Any]

CRD, NAMESPACE, CONFIG, NETWORK, WORKLOAD, ADMISSION, CUSTOM = range(7)
WAVE_NAMES = {
    CRD: "custom resource definitions",
    NAMESPACE: "namespaces",
    CONFIG: "access and configuration",
    NETWORK: "services",
    WORKLOAD: "workloads",
    ADMISSION: "webhooks and API services",
    CUSTOM: "custom resources",
}
# (group, kind) -> wave. Whatever is not here and not of a group of Kubernetes itself is a custom resource.
_WAVES = {
    ("apiextensions.k8s.io", "CustomResourceDefinition"): CRD,
    ("", "Namespace"): NAMESPACE,
    ("", "Service"): NETWORK,
    ("", "Endpoints"): NETWORK,
    ("discovery.k8s.io", "EndpointSlice"): NETWORK,
    ("", "Pod"): WORKLOAD,
    ("", "ReplicationController"): WORKLOAD,
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): ADMISSION,
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): ADMISSION,
    ("apiregistration.k8s.io", "APIService"): ADMISSION,
    ("networking.k8s.io", "Ingress"): ADMISSION,  # some ingress controllers validate them with a webhook of their own
}
_WORKLOAD_GROUPS = {"apps", "batch", "autoscaling"}
_BUILT_IN_GROUPS = {
    "", "admissionregistration.k8s.io", "authorization.k8s.io", "certificates.k8s.io", "coordination.k8s.io",
    "discovery.k8s.io", "events.k8s.io", "flowcontrol.apiserver.k8s.io", "networking.k8s.io", "node.k8s.io", "policy",
    "rbac.authorization.k8s.io", "resource.k8s.io", "scheduling.k8s.io", "storage.k8s.io",
}  # fmt: skip

# Deleting one of these deletes somebody's data; only done when purge is asked for.
KEPT = {("apiextensions.k8s.io", "CustomResourceDefinition"), ("", "Namespace"), ("", "PersistentVolumeClaim")}
KEEP = "bentobox.platform/keep"  # annotation "true": as if it were one of these kinds
# Kinds whose spec cannot be changed and that may be made anew.
REPLACED = {("batch", "Job"), ("", "Pod")}


class Key(NamedTuple):
    """Identity of an object across its versions."""

    group: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"

    @property
    def group_kind(self) -> str:
        """As ApplySets write it: Deployment.apps, ConfigMap."""
        return f"{self.kind}.{self.group}" if self.group else self.kind


def group_of(obj: Obj) -> str:
    return str(obj.get("apiVersion") or "").rpartition("/")[0]


def key_of(obj: Obj) -> Key:
    metadata = obj.get("metadata") or {}
    return Key(group_of(obj), obj.get("kind", ""), metadata.get("namespace") or "", metadata.get("name", ""))


def kept(obj: Obj) -> bool:
    """Whether it stays when it leaves a component, until it is purged."""
    annotations = (obj.get("metadata") or {}).get("annotations") or {}
    return (group_of(obj), obj.get("kind", "")) in KEPT or annotations.get(KEEP) == "true"


def wave_of(obj: Obj) -> int:
    group, kind = group_of(obj), obj.get("kind", "")
    if (group, kind) in _WAVES:
        return _WAVES[(group, kind)]
    if group in _WORKLOAD_GROUPS:
        return WORKLOAD
    return CONFIG if group in _BUILT_IN_GROUPS else CUSTOM


def matches(obj: Obj, kind: str, name: str | None, namespace: str | None) -> bool:
    """Whether kind, name (fnmatch pattern) and namespace mean this object. Case counts."""
    key = key_of(obj)
    return (
        key.kind == kind
        and (name is None or fnmatchcase(key.name, name))
        and (namespace is None or fnmatchcase(key.namespace, namespace))
    )


def clean(value: Any) -> Any:
    """Without nulls in mappings: charts write them for 'not set', and server-side apply would own them."""
    if isinstance(value, dict):
        return {key: clean(entry) for key, entry in value.items() if entry is not None}
    if isinstance(value, list):
        return [clean(entry) for entry in value]
    return value
