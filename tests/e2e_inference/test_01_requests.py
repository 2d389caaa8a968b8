# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each hop lets through what it should and nothing else."""

from __future__ import annotations

import json

import pytest
from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Run

from .client import OPENAI, Client


def test_make_up_ends_in_a_prediction(installed: Run) -> None:
    assert '{"predictions":["setosa"]}' in installed.output


@pytest.mark.usefixtures("installed")
def test_models_start_side_by_side(cluster: Cluster) -> None:
    """All are begun before one is waited for, and a route is made when its model is ready."""
    kserve, gateways = "/apis/serving.kserve.io/v1beta1", "/apis/gateway.networking.k8s.io/v1"
    samples = {"tenant-a": ("sklearn-iris", "language"), "tenant-c": ("pytorch-resnet",)}
    paths = [f"/namespaces/{tenant}/inferenceservices/{name}" for tenant, names in samples.items() for name in names]
    begun = max(cluster.get(kserve + path)["metadata"]["creationTimestamp"] for path in paths)
    first = cluster.get(f"{gateways}/namespaces/inference-gateway/httproutes/tenant-a-sklearn-iris")
    assert begun < first["metadata"]["creationTimestamp"]


def test_right_answer_for_a_token_of_the_tenant(client: Client) -> None:
    answer = client.ask()
    assert (answer.status, answer.json) == (200, {"predictions": ["setosa"]})
    print(f"{answer.seconds * 1000:.0f} ms")


@pytest.mark.parametrize("token", [None, "garbage", "eyJhbGciOiJub25lIn0.eyJ0ZW5hbnQiOiJ0ZW5hbnQtYSJ9."])
def test_no_token_that_counts(client: Client, token: str | None) -> None:
    assert client.ask(tenant=token).status == 401
    assert client.chat(tenant=token).status == 401


def test_token_of_another_tenant(client: Client) -> None:
    assert client.ask(tenant="tenant-b").status == 403
    assert client.ask(tenant="tenant-b", x_jwt_tenant="tenant-a").status == 403, "the header is the gateway's to write"
    assert client.chat(tenant="tenant-b").status == 403


@pytest.mark.parametrize("tenant", [None, "tenant-a"])
@pytest.mark.parametrize("asked", [{"path": "/nowhere"}, {"path": "/v1/models/sklearn-iris", "Host": "nobody.example"}])
def test_unknown_path_or_host_is_a_clean_404(client: Client, asked: dict[str, str], tenant: str | None) -> None:
    answer = client.ask(body=None, tenant=tenant, **asked)
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["error"]["code"] == 404


def test_language_model_counts_its_tokens(client: Client) -> None:
    answer = client.chat(seed=1)
    assert answer.status == 200, answer.text
    usage = answer.json["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"] > 0
    streamed = client.chat(seed=1, stream=True, stream_options={"include_usage": True})
    lines = [line.removeprefix("data: ") for line in streamed.text.splitlines() if line.startswith("data: ")]
    assert lines[-1] == "[DONE]"
    assert json.loads(lines[-2])["usage"] == usage


def test_unknown_model_is_a_404(client: Client) -> None:
    answer = client.chat("tenant-a/nothing")
    assert answer.status == 404
    assert "the model specified in your request is not configured" in answer.text


def test_predict_is_not_disturbed_by_the_other_gateway(client: Client) -> None:
    assert client.ask("/v1/models/sklearn-iris", None).status == 200
    assert client.ask("/v1/models/sklearn-iris", None, host=OPENAI).status in (401, 404)
