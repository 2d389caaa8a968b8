# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""uninstall_inference.yml takes models away first and leaves what is the users'; with purge it leaves nothing."""

from __future__ import annotations

import json

import pytest
from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Playbooks, Run
from ansible_collections.bentobox.platform.tests.e2e.helpers.raised import Lab

PLAYBOOK = "uninstall_inference"
OURS = {
    "cert-manager",
    "envoy-ai-gateway-system",
    "envoy-gateway-system",
    "gateway-api",
    "inference-gateway",
    "istio-system",
    "jwt-issuer",
    "knative-serving",
    "kserve",
    "object-store",
    "redis",
}
TENANTS = {"tenant-a", "tenant-b", "tenant-c"}
SERVICES = "/apis/serving.kserve.io/v1beta1/inferenceservices"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
GROUPS = ("istio.io", "knative.dev", "kserve.io", "envoyproxy.io", "gateway.networking.k8s.io", "cert-manager.io")
HOOKS = "/apis/admissionregistration.k8s.io/v1/{}webhookconfigurations"


@pytest.fixture(scope="module")
def models(installed: Run, lab: Lab) -> dict[str, object]:
    """The tenants and models of the sample, as make passes them."""
    return dict(json.loads(lab.command("models")))


def definitions(cluster: Cluster) -> set[str]:
    return {name for item in cluster.items(CRDS) if (name := item["metadata"]["name"]).endswith(GROUPS)}


def test_models_that_nobody_named_are_not_stranded(models: dict[str, object], playbooks: Playbooks) -> None:
    """Without KServe they could not even be deleted."""
    run = playbooks.run(PLAYBOOK, "--tags", "kserve", title="uninstall kserve alone", timeout=200)
    said = run.refused()
    assert "There are InferenceServices" in said
    assert "tenant-a/language" in said


def test_uninstall_keeps_what_is_the_users(models: dict[str, object], playbooks: Playbooks, cluster: Cluster) -> None:
    before = definitions(cluster)
    claims = {item["metadata"]["uid"] for item in cluster.items("/api/v1/persistentvolumeclaims")}
    key = cluster.secret("jwt-issuer", "jwt-signing-key")
    run = playbooks.run(PLAYBOOK, extra=models, timeout=600).ok()
    print(f"uninstall: {run.seconds:.1f} s")
    assert not cluster.items(SERVICES)
    assert definitions(cluster) == before
    assert {item["metadata"]["uid"] for item in cluster.items("/api/v1/persistentvolumeclaims")} == claims
    assert cluster.secret("jwt-issuer", "jwt-signing-key") == key
    assert cluster.namespaces() >= OURS | TENANTS
    again = playbooks.run(PLAYBOOK, extra=models, title="uninstall, again", timeout=300).ok()
    assert again.recap["changed"] == 0, again.changed


def test_purge_leaves_nothing(models: dict[str, object], playbooks: Playbooks, cluster: Cluster) -> None:
    extra = {**models, "bentobox_purge": True}
    playbooks.run(PLAYBOOK, title="uninstall with purge", extra=extra, timeout=600).ok()
    assert not cluster.namespaces() & (OURS | TENANTS)
    assert not definitions(cluster)
    assert not cluster.items("/api/v1/persistentvolumeclaims")
    for kind in ("validating", "mutating"):
        names = [item["metadata"]["name"] for item in cluster.items(HOOKS.format(kind))]
        assert not [name for name in names if "bentobox-lab" not in name], names
