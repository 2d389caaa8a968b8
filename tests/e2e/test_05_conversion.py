# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A BentoDeployment in an old version of the API: by the webhook with cert-manager's certificate, or without it."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator

import pytest
from ansible_collections.bentobox.platform.tests.e2e.helpers.bento import NAME, predict, right
from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Playbooks, Run
from ansible_collections.bentobox.platform.tests.support.waiting import eventually

CRD = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/bentodeployments.serving.yatai.ai"
OLD = "bentodeployments.v1alpha3.serving.yatai.ai"


def calls(cluster: Cluster) -> float:
    """Conversions that the API server asked of the webhook."""
    return cluster.metric("apiserver_crd_conversion_webhook_request_total") + cluster.metric(
        "apiserver_crd_conversion_webhook_duration_seconds_count"
    )


def calls_within(cluster: Cluster, seconds: float) -> float:
    before = calls(cluster)
    time.sleep(seconds)
    return calls(cluster) - before


def test_old_version_is_read_through_the_webhook(published: Run, cluster: Cluster) -> None:
    conversion = cluster.get(CRD)["spec"]["conversion"]
    assert conversion["strategy"] == "Webhook"
    client = conversion["webhook"]["clientConfig"]
    certificate = next(
        item
        for item in cluster.items("/apis/cert-manager.io/v1/namespaces/yatai-deployment/certificates")
        if any(name.startswith(client["service"]["name"]) for name in item["spec"]["dnsNames"])
    )
    secret = cluster.secret("yatai-deployment", certificate["spec"]["secretName"])
    assert base64.b64decode(client["caBundle"]).decode().strip() == secret["ca.crt"].strip(), "cert-manager's own CA"
    read = json.loads(cluster.kubectl("get", OLD, "-n", "yatai", NAME, "-o", "json"))
    assert read["apiVersion"] == "serving.yatai.ai/v1alpha3"
    assert read["metadata"]["name"] == NAME
    assert calls(cluster) > 0


@pytest.fixture
def without_webhook(published: Run, playbooks: Playbooks) -> Iterator[Run]:
    only, off = ("--tags", "yatai_deployment"), {"yatai_deployment_conversion_webhook": False}
    yield playbooks.run("site", *only, title="site, no conversion webhook", extra=off).ok()
    playbooks.run("site", *only, title="site, conversion webhook again").ok()


def test_the_webhook_can_be_switched_off(published: Run, cluster: Cluster, without_webhook: Run) -> None:
    assert without_webhook.recap["changed"] >= 1
    assert cluster.get(CRD)["spec"]["conversion"]["strategy"] == "None"
    # The watch caches of the old versions end when the CRD is read anew.
    eventually(lambda: calls_within(cluster, 3) == 0, "the API server stops calling the webhook", 60)
    assert calls_within(cluster, 10) == 0
    stored = cluster.get(f"/apis/serving.yatai.ai/v2alpha1/namespaces/yatai/bentodeployments/{NAME}")
    assert stored["metadata"]["name"] == NAME
    assert right(predict(cluster))
