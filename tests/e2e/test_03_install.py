# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""site.yml on the empty lab, and again."""

from __future__ import annotations

from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Playbooks, Run

OURS = {
    "cert-manager",
    "traefik",
    "postgresql",
    "object-store",
    "registry",
    "yatai-system",
    "yatai-image-builder",
    "yatai-deployment",
    "yatai",
}


def test_site_installs_every_component(installed: Run, cluster: Cluster) -> None:
    assert cluster.namespaces() >= OURS
    for item in cluster.items("/apis/apps/v1/deployments") + cluster.items("/apis/apps/v1/statefulsets"):
        status, wanted = item["status"], item["spec"]["replicas"]
        name = f"{item['metadata']['namespace']}/{item['metadata']['name']}"
        assert status.get("readyReplicas", 0) == wanted, f"{name} is not ready although site.yml succeeded"
    for seconds, task in installed.slowest():
        print(f"{seconds:6.1f} s  {task}")


def test_second_run_changes_nothing_in_seconds(installed: Run, playbooks: Playbooks) -> None:
    run = playbooks.run("site", title="site, second", verbose=0, timeout=120).ok()
    assert run.recap["changed"] == 0, run.changed
    print(f"second site.yml: {run.seconds:.1f} s")
    for seconds, task in run.slowest(10):
        print(f"{seconds:6.1f} s  {task}")
    # 20 s on an idle machine are promised and measured by the benchmark; here others may be at work.
    assert run.seconds < 60


def test_verify_and_status(installed: Run, playbooks: Playbooks) -> None:
    run = playbooks.run("verify", timeout=300).ok()
    assert run.recap["changed"] == 0, run.changed


def test_telemetry_is_off(installed: Run, cluster: Cluster) -> None:
    """Yatai calls home unless told otherwise."""
    pod = cluster.pods("yatai-system", "app.kubernetes.io/name=yatai")[0]
    values = {e["name"]: e.get("value") for c in pod["spec"]["containers"] for e in c.get("env", [])}
    assert values.get("YATAI_DONOT_TRACK") == "true"
