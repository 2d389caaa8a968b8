# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API server writes otherwise than we do, and is the same: quantities, defaults inside of atomic values."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.fields import unchanged
from ansible_collections.bentobox.platform.plugins.module_utils.kube.quantity import is_quantity, value_of

DEPLOYMENT = ("apps", "Deployment")
POD = ("spec", "template", "spec")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("1000m", "1"),
        ("1000m", 1),
        ("0.1", "100m"),
        (0.1, "100m"),
        (".5", "500m"),
        ("5.", "5"),
        ("1Gi", "1073741824"),
        ("1024Mi", "1Gi"),
        ("1e3", "1k"),
        ("1E3", "1000"),
        ("1E", "1e18"),
        ("2Ei", str(2**61)),
        ("-1", "-1000m"),
        ("100u", "0.0001"),
    ],
)
def test_equal_quantities(first: Any, second: Any) -> None:
    assert value_of(first) == value_of(second) is not None


@pytest.mark.parametrize(
    "text", ["", "1 Gi", "Gi", "1gb", "0x10", "1Ki2", "+", ".", "1e", None, True, [], "0.1n", "8Ei"]
)
def test_what_is_no_quantity_or_would_be_rounded(text: Any) -> None:
    assert value_of(text) is None


def test_values_are_exact() -> None:
    assert value_of("0.3") == Fraction(3, 10)
    assert value_of("1G") != value_of("1Gi")


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (DEPLOYMENT, (*POD, "containers", "resources", "limits", "cpu")),
        (DEPLOYMENT, (*POD, "initContainers", "resources", "requests", "nvidia.com/gpu")),
        (DEPLOYMENT, (*POD, "resources", "requests", "cpu")),
        (DEPLOYMENT, (*POD, "volumes", "emptyDir", "sizeLimit")),
        (DEPLOYMENT, (*POD, "volumes", "ephemeral", "volumeClaimTemplate", "spec", "resources", "requests", "storage")),
        (("batch", "CronJob"), ("spec", "jobTemplate", *POD, "containers", "resources", "limits", "memory")),
        (("apps", "StatefulSet"), ("spec", "volumeClaimTemplates", "spec", "resources", "requests", "storage")),
        (("", "PersistentVolumeClaim"), ("spec", "resources", "requests", "storage")),
        (("", "PersistentVolume"), ("spec", "capacity", "storage")),
        (("", "ResourceQuota"), ("spec", "hard", "requests.cpu")),
        (("", "LimitRange"), ("spec", "limits", "defaultRequest", "cpu")),
        (("autoscaling", "HorizontalPodAutoscaler"), ("spec", "metrics", "pods", "target", "averageValue")),
    ],
)
def test_where_quantities_are(kind: tuple[str, str], path: tuple[str, ...]) -> None:
    assert is_quantity(kind, path)


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        (("example.com", "Deployment"), (*POD, "containers", "resources", "limits", "cpu")),
        (("", "ConfigMap"), ("data", "cpu")),
        (DEPLOYMENT, ("metadata", "annotations", "cpu")),
        (DEPLOYMENT, (*POD, "containers", "env", "value")),
        (DEPLOYMENT, ("metadata", "labels", "sizeLimit")),
        (("autoscaling", "HorizontalPodAutoscaler"), ("spec", "metrics", "pods", "metric", "name")),
    ],
)
def test_where_none_are(kind: tuple[str, str], path: tuple[str, ...]) -> None:
    assert not is_quantity(kind, path)


def applied(api_version: str, kind: str, fields: dict[str, Any], **there: Any) -> dict[str, Any]:
    entry = {"manager": "us", "operation": "Apply", "apiVersion": api_version, "fieldsV1": fields}
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x", "managedFields": [entry]}, **there}


def wanted(api_version: str, kind: str, **spec: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "x"}, **spec}


def test_a_custom_resource_has_strings_only() -> None:
    fields: dict[str, Any] = {"f:spec": {"f:hard": {"f:cpu": {}}}}
    for api_version, equal in (("v1", True), ("example.com/v1", False)):
        there = applied(api_version, "ResourceQuota", fields, spec={"hard": {"cpu": "1"}})
        assert unchanged(wanted(api_version, "ResourceQuota", spec={"hard": {"cpu": "1000m"}}), there, "us") is equal
        assert not unchanged(wanted(api_version, "ResourceQuota", spec={"hard": {"cpu": "1001m"}}), there, "us")


CLAIM = {
    "metadata": {"name": "data"},
    "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1024Mi"}}},
}


@pytest.mark.parametrize(
    ("change", "equal"),
    [
        ({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "status": {"phase": "Pending"}}, True),
        ({"status": {"phase": "Bound"}}, False),
        ({"spec": {**CLAIM["spec"], "volumeMode": "Filesystem", "resources": {"requests": {"storage": "1Gi"}}}}, True),
        ({"spec": {**CLAIM["spec"], "volumeMode": "Block"}}, False),
        ({"spec": {**CLAIM["spec"], "storageClassName": "fast"}}, False),
        ({"spec": {**CLAIM["spec"], "resources": {"requests": {"storage": "2Gi"}}}}, False),
        ({"spec": {"accessModes": ["ReadWriteOnce"]}}, False),
    ],
)
def test_defaults_inside_of_what_is_owned_as_a_whole(change: dict[str, Any], equal: bool) -> None:
    there = applied(
        "apps/v1",
        "StatefulSet",
        {"f:spec": {"f:volumeClaimTemplates": {}}},
        spec={"volumeClaimTemplates": [{**CLAIM, **change}]},
    )
    assert unchanged(wanted("apps/v1", "StatefulSet", spec={"volumeClaimTemplates": [CLAIM]}), there, "us") is equal
