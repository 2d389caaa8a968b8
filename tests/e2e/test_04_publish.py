# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""publish_bento.yml: from a bento on disk to predictions, and what others see of it."""

from __future__ import annotations

import filecmp
from pathlib import Path

from ansible_collections.bentobox.platform.tests.e2e.helpers.bento import (
    NAME,
    Store,
    bentoml,
    ingress_host,
    login,
    predict,
    predict_by_ingress,
    right,
)
from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Run
from ansible_collections.bentobox.platform.tests.support.waiting import eventually


def test_the_bento_predicts_through_the_service_proxy(published: Run, cluster: Cluster) -> None:
    assert right(predict(cluster))


def test_the_ingress_routes_by_host(published: Run, cluster: Cluster, node_ip: str) -> None:
    host = ingress_host(cluster)
    eventually(lambda: right(predict_by_ingress(node_ip, host)), f"a prediction from http://{host} at {node_ip}", 30)
    assert predict_by_ingress(node_ip, "unknown.example.com").status == 404


def test_the_image_was_built_in_the_cluster(published: Run, cluster: Cluster, store: Store) -> None:
    built = published.results("image_build")[-1]
    name, version = store.tag.split(":")
    tags = cluster.service("registry", "registry", 5000, "/v2/yatai-bentos/tags/list").json()["tags"]
    assert any(tag.endswith(f"{name}.{version}") for tag in tags), tags
    pods = cluster.pods("yatai", f"yatai.ai/bento-deployment={NAME}")
    assert pods, "pods of the deployment"
    images = {c["image"] for pod in pods for c in pod["spec"]["containers"]}
    assert built["image"] in images


def test_the_real_client_pulls_and_loads_it(published: Run, cluster: Cluster, store: Store, tmp_path: Path) -> None:
    address = cluster.get("/api/v1/namespaces/yatai-system/services/yatai")["spec"]["clusterIP"]
    token = cluster.secret("yatai-system", "yatai-api-token")["token"]
    login(tmp_path, f"http://{address}", token)
    bentoml(tmp_path, "bentoml", "pull", store.tag)
    folder = store.tag.replace(":", "/")
    for file in ("bento.yaml", "src/service.py", "env/docker/Dockerfile"):
        ours, theirs = store.home / "bentos" / folder / file, tmp_path / "bentos" / folder / file
        assert filecmp.cmp(ours, theirs, shallow=False), file
    code = f"import bentoml; print(bentoml.load({store.tag!r}).name, [m.tag.name for m in bentoml.models.list()])"
    assert "iris_classifier ['iris_classifier']" in bentoml(tmp_path, "python", "-c", code)
