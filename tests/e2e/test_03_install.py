# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`make up` on the empty lab, and again."""

from __future__ import annotations

from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Playbooks, Run
from ansible_collections.bentobox.platform.tests.e2e.helpers.raised import Lab

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


def test_make_up_ends_in_a_prediction(installed: Run) -> None:
    summary = installed.output.rpartition("Show what was published")[2]
    assert "setosa" in summary
    assert "latency_ms" in summary


def test_make_up_again_changes_nothing(installed: Run, lab: Lab, playbooks: Playbooks) -> None:
    run = playbooks.finish(playbooks.make("up", "make up, again", verbose=0, **lab.variables_of_make), 300).ok()
    assert [recap["changed"] for recap in run.recaps] == [0, 0], run.changed
    assert run.results("bento_push")[-1]["bytes_sent"] == 0
    print(f"make up again: {run.seconds:.1f} s")
    for seconds, task in run.slowest(10):
        print(f"{seconds:6.1f} s  {task}")


def test_verify_and_status(installed: Run, playbooks: Playbooks) -> None:
    run = playbooks.run("verify", timeout=300).ok()
    assert run.recap["changed"] == 0, run.changed


def test_an_ingress_controller_that_is_there_is_used_as_it_is(installed: Run, playbooks: Playbooks) -> None:
    extra = {"ingress_state": "existing"}
    run = playbooks.run("site", "--tags", "ingress", title="site, existing ingress", extra=extra, timeout=120).ok()
    assert run.recap["changed"] == 0, run.changed
    assert run.started("service_probe"), "it was proved to work"


def test_telemetry_is_off(installed: Run, cluster: Cluster) -> None:
    """Yatai calls home unless told otherwise."""
    pod = cluster.pods("yatai-system", "app.kubernetes.io/name=yatai")[0]
    values = {e["name"]: e.get("value") for c in pod["spec"]["containers"] for e in c.get("env", [])}
    assert values.get("YATAI_DONOT_TRACK") == "true"
