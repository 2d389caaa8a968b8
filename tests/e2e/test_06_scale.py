# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Replicas follow the load, by the numbers of the real metrics-server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.bentobox.platform.tests.e2e.helpers.bento import NAMESPACE, load, predict, right
from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Playbooks, Run
from ansible_collections.bentobox.platform.tests.support.waiting import eventually

NAME = "busy"
PLAYBOOK = Path(__file__).parent / "playbooks" / "busy.yml"
PODS = f"/apis/metrics.k8s.io/v1beta1/namespaces/{NAMESPACE}/pods?labelSelector=yatai.ai/bento-deployment={NAME}"
SCALER = f"/apis/autoscaling/v2/namespaces/{NAMESPACE}/horizontalpodautoscalers/{NAME}"


@pytest.fixture
def busy(published: Run, playbooks: Playbooks, cluster: Cluster) -> Iterator[Run]:
    """The published bento once more, with little CPU requested and up to three replicas."""
    extra = {"bento": published.results("image_build")[-1]["bento"], "name": NAME}
    yield playbooks.run(PLAYBOOK, title="serve with HPA", extra=extra).ok()
    playbooks.run(PLAYBOOK, title="stop serving with HPA", extra=extra | {"state": "absent"}).ok()
    assert cluster.find(SCALER) is None


def utilization(cluster: Cluster) -> int | None:
    """What the autoscaler computed from metrics-server's numbers."""
    current = cluster.get(SCALER)["status"].get("currentMetrics") or []
    found = [m["resource"]["current"].get("averageUtilization") for m in current if m.get("type") == "Resource"]
    return found[0] if found else None


def test_load_scales_up(busy: Run, cluster: Cluster) -> None:
    assert right(predict(cluster, NAME))
    eventually(lambda: utilization(cluster) is not None, "the autoscaler reads CPU", 90, interval=2)
    assert cluster.get(SCALER)["spec"]["maxReplicas"] == 3
    address = cluster.get(f"/api/v1/namespaces/{NAMESPACE}/services/{NAME}")["spec"]["clusterIP"]
    seen: list[int] = []

    def grown() -> bool:
        seen.append(utilization(cluster) or 0)
        return cluster.get(SCALER)["status"].get("desiredReplicas", 0) > 1

    with load(f"http://{address}:3000/predict", at_most=90) as told:
        eventually(grown, "more replicas under load", 90, interval=2)
        measured = cluster.items(PODS)
        more = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{NAME}"
        eventually(lambda: cluster.get(more)["status"].get("readyReplicas", 0) > 1, "the second replica serves", 60)
    print(f"{dict(told.statuses)} in {told.seconds:.0f} s; CPU at most {max(seen)} % of the request, 60 % wanted")
    assert max(seen) > 60
    usage = [c["usage"]["cpu"] for pod in measured for c in pod["containers"]]
    assert any(value not in ("0", "0n") for value in usage), usage
    assert told.statuses[200] > 0.99 * sum(told.statuses.values()), told.statuses
