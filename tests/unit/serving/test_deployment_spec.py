# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options to BentoDeployment v2alpha1."""

from __future__ import annotations

import re

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.serving.deployment_spec import manifest
from ansible_collections.bentobox.platform.plugins.module_utils.serving.errors import OptionError


def make(**params):
    return manifest({"name": "lin", "namespace": "yatai", "bento": "lin--v1", **params})


def test_least():
    made, warnings = make()
    assert made == {
        "apiVersion": "serving.yatai.ai/v2alpha1",
        "kind": "BentoDeployment",
        "metadata": {"name": "lin", "namespace": "yatai"},
        "spec": {"bento": "lin--v1", "ingress": {"enabled": False}},
    }
    assert warnings == []


def test_all_fields():
    """Every field of v2alpha1, with its Ansible name on the left."""
    component = {
        "resources": {
            "requests": {"cpu": "100m", "memory": "1Gi", "gpu": None, "custom": None},
            "limits": {"cpu": "1", "memory": "2Gi", "gpu": "1", "custom": {"example.com/x": 2}},
        },
        "autoscaling": {"min_replicas": 1, "max_replicas": 3, "metrics": [{"type": "Resource"}], "behavior": None},
        "envs": {"B": "two", "A": 1},
        "annotations": {"yatai.ai/enable-debug-mode": "true"},
        "labels": {"team": "a"},
        "deployment_strategy": "Recreate",
        "extra_pod_metadata": {"annotations": {"a": "b"}, "labels": {"c": "d"}},
        "extra_pod_spec": {
            "scheduler_name": "s",
            "node_selector": {"n": "1"},
            "affinity": {"nodeAffinity": {}},
            "tolerations": [{"key": "k"}],
            "topology_spread_constraints": [{"maxSkew": 1}],
            "containers": [{"name": "c"}],
            "service_account_name": "sa",
        },
    }
    expected = {
        "resources": {
            "requests": {"cpu": "100m", "memory": "1Gi"},
            "limits": {"cpu": "1", "memory": "2Gi", "gpu": "1", "custom": {"example.com/x": "2"}},
        },
        "autoscaling": {"minReplicas": 1, "maxReplicas": 3, "metrics": [{"type": "Resource"}]},
        "envs": [{"name": "A", "value": "1"}, {"name": "B", "value": "two"}],
        "annotations": {"yatai.ai/enable-debug-mode": "true", "yatai.ai/deployment-strategy": "Recreate"},
        "labels": {"team": "a"},
        "extraPodMetadata": {"annotations": {"a": "b"}, "labels": {"c": "d"}},
        "extraPodSpec": {
            "schedulerName": "s",
            "nodeSelector": {"n": "1"},
            "affinity": {"nodeAffinity": {}},
            "tolerations": [{"key": "k"}],
            "topologySpreadConstraints": [{"maxSkew": 1}],
            "containers": [{"name": "c"}],
            "serviceAccountName": "sa",
        },
    }
    made, warnings = make(
        **component,
        runners=[{"name": "lin", **component}],
        ingress={"enabled": True, "annotations": {"x": 1}, "labels": {"y": "z"}, "tls": {"secret_name": "cert"}},
        monitor_exporter={
            "enabled": True,
            "output": "s3",
            "options": {"bucket": "b"},
            "structure_options": {"K": "v"},
            "mounts": [{"path": "/m", "read_only": True, "source": {"secret": {"secretName": "s"}}}],
        },
    )
    assert warnings == []
    assert made["spec"] == {
        "bento": "lin--v1",
        **expected,
        "runners": [{"name": "lin", **expected}],
        "ingress": {"enabled": True, "annotations": {"x": "1"}, "labels": {"y": "z"}, "tls": {"secretName": "cert"}},
        "monitorExporter": {
            "enabled": True,
            "output": "s3",
            "options": {"bucket": "b"},
            "structureOptions": [{"name": "K", "value": "v"}],
            "mounts": [{"path": "/m", "readOnly": True, "secret": {"secretName": "s"}}],
        },
    }


@pytest.mark.parametrize(
    ("bento", "name"), [("lin--v1", "lin--v1"), ("lin:v1", "lin--v1"), ("a_b:1.0", "a-b--1-0"), ("mine", "mine")]
)
def test_bento_by_name_or_tag(bento, name):
    assert make(bento=bento)[0]["spec"]["bento"] == name


def test_maximum_defaults_to_the_minimum():
    assert make(autoscaling={"min_replicas": 2})[0]["spec"]["autoscaling"] == {"minReplicas": 2, "maxReplicas": 2}


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"autoscaling": {"min_replicas": 1, "behavior": {"scaleDown": {}}}}, "autoscaling.behavior has no effect"),
        (
            {"runners": [{"name": "r", "autoscaling": {"min_replicas": 1, "behavior": {"x": {}}}}]},
            r"runners\[r\].autoscaling.behavior",
        ),
        ({"resources": {"requests": {"gpu": "1"}}}, "requests.gpu has no effect"),
    ],
)
def test_warned(params, words):
    warnings = make(**params)[1]
    assert len(warnings) == 1
    assert re.search(words, warnings[0])


@pytest.mark.parametrize(
    ("params", "words"),
    [
        (
            {"envs": {"A": {"valueFrom": {"secretKeyRef": {"name": "s"}}}}},
            "envs.A: only plain values work.*drops valueFrom",
        ),
        ({"envs": {"A": True}}, "envs.A is a boolean: quote it"),
        ({"envs": {"A": ["x"]}}, "envs.A must be a plain value, not a list"),
        ({"envs": {"A": None}}, "envs.A must be a plain value"),
        ({"runners": [{"name": "r", "envs": {"A": {}}}]}, r"runners\[r\].envs.A"),
        ({"runners": [{"name": "r"}, {"name": "r"}]}, "r is there more than once"),
        ({"autoscaling": {"min_replicas": 3, "max_replicas": 2}}, "not below the minimum"),
        ({"autoscaling": {"min_replicas": 0, "max_replicas": 2}}, "must be 1 or more"),
        ({"bento": "lin:latest"}, "exact version"),
        ({"monitor_exporter": {"mounts": [{"path": "/x", "source": {}}]}}, "exactly one volume source"),
        ({"monitor_exporter": {"structure_options": {"A": {"valueFrom": {}}}}}, "structure_options.A"),
    ],
)
def test_refused(params, words):
    with pytest.raises(OptionError, match=words):
        make(**params)
