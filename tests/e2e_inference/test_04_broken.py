# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A model that cannot be served: the error names the cause, and what was served before goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.e2e.helpers.raised import Lab
from ansible_collections.bentobox.platform.tests.support.modules import done, run_module
from ansible_collections.bentobox.platform.tests.support.waiting import eventually

from .client import SETOSA, Client, asleep

Module = Callable[..., dict[str, Any]]
PATH = "/flower/v1/models/flower:predict"
GOOD: dict[str, Any] = {
    "name": "flower",
    "namespace": "tenant-a",
    "model_format": "sklearn",
    "storage_uri": "s3://models/tenant-a/sklearn-iris",
    "service_account": "models",
    "min_replicas": 1,
    "max_replicas": 1,
    "resources": {"requests": {"cpu": "50m", "memory": "256Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}},
}
ROUTE = {"name": "flower", "tenant": "tenant-a", "path_prefix": "/flower"}
TINY = {"requests": {"cpu": "50m", "memory": "40Mi"}, "limits": {"cpu": "1", "memory": "40Mi"}}
BROKEN = {
    "nothing is there": (
        {"storage_uri": "s3://models/tenant-a/nothing"},
        "there is nothing at s3://models/tenant-a/nothing",
    ),
    "it may not be read": (
        {"service_account": "default"},
        "s3://models/tenant-a/sklearn-iris may not be read; name a service_account",
    ),
    "the file is no model": (
        {"storage_uri": "s3://models/tenant-a/garbage"},
        "container kserve-container of Pod flower-predictor-",
    ),
    "too little memory": ({"resources": TINY}, "OOMKilled (it needs more memory than its limit)"),
    "a format that nobody serves": ({"model_format": "punched-cards"}, "no serving runtime takes model format punched"),
}


@pytest.fixture(scope="module")
def flower(
    module: Module, client: Client, lab: Lab, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    # Knative keeps the pods of versions that failed: the tenant's quota has room for them when the others are few.
    eventually(lambda: asleep(cluster), "the sample sleeps", 300, 2)
    garbage = tmp_path_factory.mktemp("garbage")
    Path(garbage, "model.joblib").write_text("no model at all\n")
    store = {"namespace": "object-store", "secret": "object-store-yatai", "kubeconfig": str(lab.path("kubeconfig"))}
    where = {"cluster": store, "bucket": "models", "prefix": "tenant-a/garbage"}
    done(run_module("bucket_upload", {**where, "src": str(garbage)}))
    done(module("inference_service", **GOOD))
    done(module("model_route", **ROUTE, backends=[{"inference_service": "flower"}]))
    eventually(lambda: client.ask(PATH).status == 200, "the good version answers", 60, 1)
    yield
    done(module("model_route", **ROUTE, state="absent"))
    done(module("inference_service", name="flower", namespace="tenant-a", state="absent"))


@pytest.mark.parametrize("what", BROKEN)
def test_it_says_why_and_the_one_before_keeps_serving(flower: None, module: Module, client: Client, what: str) -> None:
    change, said = BROKEN[what]
    result = module("inference_service", **{**GOOD, **change}, wait_timeout=480)
    print(result["msg"])
    assert result["failed"]
    assert said in result["msg"]
    if what != "a format that nobody serves":  # that is refused before anything is changed
        assert "the revision before keeps serving: flower-predictor-00001 (100 percent)" in result["msg"]
    answer = client.ask(PATH, SETOSA)
    assert (answer.status, answer.json) == (200, {"predictions": ["setosa"]})


def test_the_good_one_again_heals_it(flower: None, module: Module, client: Client) -> None:
    assert done(module("inference_service", **GOOD))["changed"]
    assert client.ask(PATH).status == 200
