# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""uninstall.yml leaves data, CRDs and namespaces; with purge it leaves nothing."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from ansible_collections.bentobox.platform.tests.e2e.helpers.bento import (
    NAME,
    Store,
    ingress_host,
    predict,
    predict_by_ingress,
    right,
)
from ansible_collections.bentobox.platform.tests.e2e.helpers.canary import Canary
from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Playbooks, Run
from ansible_collections.bentobox.platform.tests.e2e.helpers.raised import Lab
from ansible_collections.bentobox.platform.tests.e2e.helpers.readme import EXISTING, commands, shell
from ansible_collections.bentobox.platform.tests.support.waiting import eventually

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
RECAP = re.compile(r"^localhost\s.*changed=(\d+)\s.*failed=0\s", re.MULTILINE)
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


@dataclass
class Before:
    """What there was before anything was uninstalled."""

    claims: dict[str, str]
    crds: set[str]
    password: str


@pytest.fixture(scope="module")
def before(published: Run, cluster: Cluster) -> Before:
    assert claims(cluster)
    return Before(claims(cluster), crds(cluster), cluster.secret("postgresql", "postgresql-generated")["password"])


def test_every_command_for_a_cluster_that_you_have(before: Before, lab: Lab, store: Store, tmp_path: Path) -> None:
    """README's second block, in a person's home: a kubeconfig, a variables file, a store, no link to this checkout.
    It finds the platform as it should be, publishes once more, and uninstalls it."""
    lines = commands(EXISTING)
    assert len(lines) == 8, lines
    (tmp_path / ".kube").mkdir()
    shutil.copy(lab.path("kubeconfig"), tmp_path / ".kube" / "config")
    variables = tmp_path / "platform.yml"
    kept = [line for line in lab.path("vars").read_text().splitlines() if not line.startswith("bentobox_kubeconfig")]
    variables.write_text("\n".join(kept) + "\n")
    output = shell(
        "\n".join(lines).replace("@platform.yml", f"@{variables}"),
        900,
        HOME=str(tmp_path),
        BENTOML_HOME=str(store.home),
        ANSIBLE_COLLECTIONS_PATH=str(tmp_path / ".ansible" / "collections"),
    )
    changed = [int(number) for number in RECAP.findall(output)]
    assert len(changed) == 5, output[-6000:]
    check, site, _publish, verify, uninstall = changed
    assert (check, site, verify) == (0, 0, 0), output[-6000:]
    assert uninstall > 0


def test_uninstall_keeps_what_is_the_users(before: Before, playbooks: Playbooks, cluster: Cluster) -> None:
    assert not workloads(cluster, tuple(name for name in OURS if name != "yatai"))
    assert claims(cluster) == before.claims
    assert crds(cluster) == before.crds
    assert cluster.namespaces() >= set(OURS)
    assert cluster.secret("postgresql", "postgresql-generated")["password"] == before.password
    stored = cluster.get(f"/apis/serving.yatai.ai/v2alpha1/namespaces/yatai/bentodeployments/{NAME}")
    assert stored["metadata"]["name"] == NAME
    assert "deletionTimestamp" not in stored["metadata"]
    again = playbooks.run("uninstall", title="uninstall, again", timeout=120).ok()
    assert again.recap["changed"] == 0, again.changed


def test_make_up_finds_the_old_data(
    before: Before, lab: Lab, playbooks: Playbooks, cluster: Cluster, canary: Canary, node_ip: str
) -> None:
    run = playbooks.finish(playbooks.make("up", "make up, reinstall", **lab.variables_of_make), 900).ok()
    canary.collect(cluster)
    assert claims(cluster) == before.claims
    assert run.results("bento_push")[-1]["bytes_sent"] == 0, "Yatai still has the bento"
    eventually(lambda: right(predict(cluster)), "the bento of before answers", 120, interval=1)
    host = ingress_host(cluster)
    eventually(lambda: right(predict_by_ingress(node_ip, host)), "it answers through the ingress", 60, interval=1)


def test_purge_leaves_nothing(before: Before, playbooks: Playbooks, cluster: Cluster) -> None:
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
