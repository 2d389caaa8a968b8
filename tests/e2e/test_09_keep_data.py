# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""`down` with KEEP_DATA=1 and `up`: registry, store and deployment are as they were."""

from __future__ import annotations

import time

from ansible_collections.bentobox.platform.tests.e2e.helpers.bento import (
    ingress_host,
    predict,
    predict_by_ingress,
    right,
)
from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Playbooks, Run
from ansible_collections.bentobox.platform.tests.e2e.helpers.raised import Lab
from ansible_collections.bentobox.platform.tests.support.waiting import eventually


def images(cluster: Cluster) -> list[str]:
    answer = cluster.service("registry", "registry", 5000, "/v2/yatai-bentos/tags/list")
    assert answer.status == 200, answer.status
    return sorted(answer.json()["tags"])


def bentos(cluster: Cluster) -> list[str]:
    token = cluster.secret("yatai-system", "yatai-api-token")["token"]
    answer = cluster.service("yatai-system", "yatai", 80, "/api/v1/bentos", **{"X-YATAI-API-TOKEN": token})
    assert answer.status == 200, answer.status
    return sorted(
        f"{item['repository']['name']}:{item['version']} {item['upload_status']}" for item in answer.json()["items"]
    )


def test_everything_survives_down_and_up(
    published: Run, playbooks: Playbooks, lab: Lab, cluster: Cluster, node_ip: str
) -> None:
    kept = images(cluster), bentos(cluster)
    assert all(kept)
    host = ingress_host(cluster)
    lab.down(KEEP_DATA="1")
    assert "not up" in lab.command("status", check=False)
    begun = time.monotonic()
    lab.up()
    assert lab.command("env", "node_ip") == node_ip
    eventually(lambda: right(predict_by_ingress(node_ip, host)), "the bento answers again", 180, interval=1)
    print(f"up with data until the prediction: {time.monotonic() - begun:.1f} s")
    assert right(predict(cluster))
    eventually(lambda: images(cluster) == kept[0], "the images are there", 60)
    eventually(lambda: bentos(cluster) == kept[1], "the bentos are there", 60)
    run = playbooks.run("site", title="site, after down and up", verbose=0).ok()
    assert run.recap["changed"] == 0, run.changed
