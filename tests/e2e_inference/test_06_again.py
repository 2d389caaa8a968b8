# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A second run finds nothing to do, and brings back what somebody took away."""

from __future__ import annotations

from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Playbooks, Run
from ansible_collections.bentobox.platform.tests.e2e.helpers.raised import Lab

from .client import Client


def test_make_up_again_changes_nothing(installed: Run, lab: Lab, playbooks: Playbooks) -> None:
    run = playbooks.finish(playbooks.make("up", "make up, again", verbose=0, **lab.variables_of_make), 600).ok()
    assert [recap["changed"] for recap in run.recaps] == [0, 0], run.changed
    print(f"make up again: {run.seconds:.1f} s")
    for seconds, task in run.slowest(10):
        print(f"{seconds:6.1f} s  {task}")


def test_what_was_deleted_by_hand_comes_back(lab: Lab, playbooks: Playbooks, cluster: Cluster, client: Client) -> None:
    cluster.kubectl("-n", "knative-serving", "delete", "deployment", "activator")
    cluster.kubectl("-n", "inference-gateway", "delete", "gateway.gateway.networking.k8s.io", "predict")
    run = playbooks.finish(playbooks.make("up", "make up, repaired", **lab.variables_of_make), 900).ok()
    assert run.recaps[0]["changed"] == 2, run.changed
    assert client.ask().status == 200
