# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bento whose image cannot be built: the reason is in the error, and a repaired one is built."""

from __future__ import annotations

from ansible_collections.bentobox.platform.tests.e2e.helpers.bento import Store, predict, right
from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Playbooks, Run

MISSING = "bentobox-no-such-package==1.2.3"


def test_unknown_requirement_is_told_with_the_builders_last_lines(
    published: Run, playbooks: Playbooks, cluster: Cluster, store: Store
) -> None:
    tag = store.variant("bad", requirement=MISSING)
    run = playbooks.run(
        "publish_bento", title="publish, bad requirement", extra=store.publish(tag, "never"), timeout=300
    )
    message = run.refused()
    assert "No matching distribution found for bentobox-no-such-package" in message
    assert tag in message
    assert not run.started("bento_deployment")
    assert cluster.find("/apis/serving.yatai.ai/v2alpha1/namespaces/yatai/bentodeployments/never") is None
    assert right(predict(cluster)), "what served before still serves"


def test_missing_bento_is_refused_before_anything_is_sent(published: Run, playbooks: Playbooks, store: Store) -> None:
    run = playbooks.run(
        "publish_bento", title="publish, no such tag", extra=store.publish("iris_classifier:nothing", "never")
    )
    message = run.refused()
    assert "iris_classifier:nothing" in message
    assert str(store.home) in message
    assert not run.changed
