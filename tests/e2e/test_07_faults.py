# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pods die during push, build and deployment, the API server hangs: the job is finished all the same."""

from __future__ import annotations

import threading
import time

from ansible_collections.bentobox.platform.tests.e2e.helpers.bento import (
    NAME,
    Store,
    ingress_host,
    predict,
    predict_by_ingress,
    right,
)
from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.e2e.helpers.faults import Disturber, disturbing
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Playbooks, Run
from ansible_collections.bentobox.platform.tests.e2e.helpers.raised import Lab, answering
from ansible_collections.bentobox.platform.tests.support.waiting import eventually

BUILDER = "yatai.ai/is-bento-image-builder=true"


def test_pods_die_during_push_build_and_deployment(
    published: Run, playbooks: Playbooks, cluster: Cluster, store: Store, node_ip: str
) -> None:
    tag = store.variant("faults", ballast_mib=192)

    def plan(fault: Disturber) -> None:
        fault.when(lambda: fault.uploading(tag), "the upload")
        fault.kill("yatai-system", "app.kubernetes.io/name=yatai")
        fault.when(lambda: fault.uploading(tag), "the second try of the upload")
        fault.kill("postgresql", "")
        fault.when(fault.builder, "the build")
        fault.kill("yatai-image-builder", "")
        fault.kill("yatai", BUILDER)
        fault.when(lambda: run.started("bento_deployment"), "the deployment")
        fault.kill("yatai-deployment", "")

    run = playbooks.start("publish_bento", title="publish, disturbed", extra=store.publish(tag))
    with disturbing(Disturber(cluster, run), plan) as fault:
        run.wait(480)
    print(f"publish, disturbed: {run.seconds:.1f} s; killed {fault.killed}")
    run.ok()
    assert not fault.trouble
    assert len(fault.killed) >= 5
    assert run.results("bento_push")[-1]["bytes_sent"] > 192 * 2**20
    assert right(predict(cluster))
    deployed = cluster.get(f"/apis/serving.yatai.ai/v2alpha1/namespaces/yatai/bentodeployments/{NAME}")
    assert "faults" in deployed["spec"]["bento"], "it is the new bento that answers"
    host = ingress_host(cluster)
    eventually(lambda: right(predict_by_ingress(node_ip, host)), "a prediction through the ingress", 30)


def test_site_rides_out_an_api_server_that_hangs_for_30_seconds(
    installed: Run, playbooks: Playbooks, cluster: Cluster, lab: Lab
) -> None:
    pause = 30.0
    run = playbooks.start("site", title="site, API server hangs")
    try:
        limit = time.monotonic() + 60
        while not run.started("component") and time.monotonic() < limit:
            time.sleep(0.05)
        assert run.started("component"), run.tail()
        with lab.frozen("kube-apiserver"):
            threading.Event().wait(pause)
    finally:
        run.wait(300)
    answering(cluster)
    run.ok()
    assert run.seconds > pause
    assert run.recap["changed"] == 0, run.changed
    assert lab.command("status")
