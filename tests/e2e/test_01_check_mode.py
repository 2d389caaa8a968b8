# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`--check --diff` of site.yml: tells what would be made and makes nothing."""

from __future__ import annotations

from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster, differences
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Playbooks

PREDICTED = [
    "Deployment cert-manager/cert-manager",
    "StatefulSet postgresql/postgresql",
    "Deployment yatai-system/yatai",
]


def test_check_mode_predicts_and_writes_nothing(playbooks: Playbooks, cluster: Cluster) -> None:
    before = cluster.snapshot()
    empty = "yatai-system" not in cluster.namespaces()
    run = playbooks.run("site", "--check", "--diff", title="site, check mode", timeout=300).ok()
    assert not differences(before, cluster.snapshot())
    if empty:  # on a lab in use the truth is that nothing is to be made
        made = [name for result in run.results("component") for name in result["objects"]["created"]]
        assert not set(PREDICTED) - set(made), f"not predicted, of {len(made)} objects"
        assert run.recap["changed"] >= 9, "every component of the platform is missing, and that is a change"
        for wanted in ("kind: Deployment", "kind: StatefulSet", "kind: CustomResourceDefinition"):
            assert wanted in run.output, "the diff shows the objects"
