# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""uninstall.yml leaves data, CRDs and namespaces; with purge it leaves nothing."""

from __future__ import annotations

import pytest
from ansible_collections.bentobox.platform.tests.e2e.helpers.bento import (
    ingress_host,
    predict,
    predict_by_ingress,
    right,
)
from ansible_collections.bentobox.platform.tests.e2e.helpers.canary import Canary
from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster, eventually
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Playbooks, Run

OURS = (
    "cert-manager",
    "traefik",
    "postgresql",
    "object-store",
    "registry",
    "yatai-system",
    "yatai-image-builder",
    "yatai-deployment",
    "yatai",
)
GROUPS = ("cert-manager.io", "yatai.ai")
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
RBAC = "/apis/rbac.authorization.k8s.io/v1"
CLUSTER_WIDE = (
    f"{RBAC}/clusterroles",
    f"{RBAC}/clusterrolebindings",
    "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations",
    "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations",
    "/apis/apiregistration.k8s.io/v1/apiservices",
    "/apis/networking.k8s.io/v1/ingressclasses",
    "/api/v1/persistentvolumes",
)


def claims(cluster: Cluster) -> dict[str, str]:
    items = cluster.items("/api/v1/persistentvolumeclaims")
    return {f"{i['metadata']['namespace']}/{i['metadata']['name']}": i["metadata"]["uid"] for i in items}


def crds(cluster: Cluster) -> set[str]:
    names = {item["metadata"]["name"] for item in cluster.items(CRDS)}
    return {name for name in names if name.endswith(GROUPS)}


def workloads(cluster: Cluster, namespaces: tuple[str, ...]) -> list[str]:
    kinds = ("deployments", "statefulsets", "daemonsets")
    items = [i["metadata"] for kind in kinds for i in cluster.items(f"/apis/apps/v1/{kind}")]
    return [f"{m['namespace']}/{m['name']}" for m in items if m["namespace"] in namespaces]


def names(cluster: Cluster, path: str) -> set[str]:
    return {item["metadata"]["name"] for item in cluster.items(path)}


@pytest.fixture(scope="module")
def data(published: Run, cluster: Cluster) -> dict[str, str]:
    assert claims(cluster)
    return claims(cluster)


def test_uninstall_keeps_what_is_the_users(data: dict[str, str], playbooks: Playbooks, cluster: Cluster) -> None:
    known, password = crds(cluster), cluster.secret("postgresql", "postgresql-generated")["password"]
    playbooks.run("uninstall", timeout=300).ok()
    assert not workloads(cluster, tuple(name for name in OURS if name != "yatai"))
    assert claims(cluster) == data
    assert crds(cluster) == known
    assert cluster.namespaces() >= set(OURS)
    assert cluster.secret("postgresql", "postgresql-generated")["password"] == password
    stored = cluster.get("/apis/serving.yatai.ai/v2alpha1/namespaces/yatai/bentodeployments/iris")
    assert stored["metadata"]["name"] == "iris"
    assert "deletionTimestamp" not in stored["metadata"]
    again = playbooks.run("uninstall", title="uninstall, again", timeout=120).ok()
    assert again.recap["changed"] == 0, again.changed


def test_reinstalling_finds_the_old_data(
    data: dict[str, str], playbooks: Playbooks, cluster: Cluster, canary: Canary, node_ip: str
) -> None:
    playbooks.run("site", title="site, reinstall", timeout=600).ok()
    canary.collect(cluster)
    assert claims(cluster) == data
    eventually(lambda: right(predict(cluster)), "the bento of before answers", 120, interval=1)
    host = ingress_host(cluster)
    eventually(lambda: right(predict_by_ingress(node_ip, host)), "it answers through the ingress", 60, interval=1)


def test_purge_leaves_nothing(data: dict[str, str], playbooks: Playbooks, cluster: Cluster) -> None:
    playbooks.run("uninstall", title="uninstall with purge", extra={"bentobox_purge": True}, timeout=400).ok()
    left = cluster.namespaces() & set(OURS)
    assert not left
    assert not crds(cluster)
    assert not claims(cluster)
    marks = ("yatai", "cert-manager", "traefik", "bentobox.platform", "metrics-server", "metrics.k8s.io")
    # The lab's own parts are named bentobox-lab:..., and RBAC's defaults system:...
    for path in CLUSTER_WIDE:
        remaining = {
            n for n in names(cluster, path) if any(mark in n for mark in marks) and not n.startswith("bentobox-lab:")
        }
        assert not remaining, f"{path}: {remaining}"
    system = [i["metadata"]["name"] for i in cluster.items("/apis/apps/v1/namespaces/kube-system/deployments")]
    assert "metrics-server" not in system
    everywhere = cluster.items("/api/v1/secrets") + cluster.items("/api/v1/configmaps")
    ours = [
        i["metadata"]["name"]
        for i in everywhere
        if i["metadata"].get("labels", {}).get("app.kubernetes.io/managed-by") == "bentobox.platform"
    ]
    assert not ours
