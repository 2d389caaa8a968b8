# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""InferenceServices from options, and what is refused."""

from __future__ import annotations

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.serving.errors import OptionError
from ansible_collections.bentobox.platform.plugins.module_utils.serving.inference_options import inference_argument_spec
from ansible_collections.bentobox.platform.plugins.module_utils.serving.inference_runtime import choose
from ansible_collections.bentobox.platform.plugins.module_utils.serving.inference_spec import check_mode_fits, manifest

PREDICTOR = {"model": {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://m/iris"}}


def options(**given):
    defaults = {name: option.get("default") for name, option in inference_argument_spec().items()}
    if "spec" not in given:
        defaults |= {"model_format": "sklearn", "storage_uri": "s3://m/iris"}
    return {**defaults, "name": "iris", "namespace": "tenant-a", **given}


def test_least() -> None:
    assert manifest(options()) == {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "iris", "namespace": "tenant-a"},
        "spec": {"predictor": PREDICTOR},
    }


def test_everything() -> None:
    made = manifest(
        options(
            model_format_version="1",
            runtime="kserve-sklearnserver",
            runtime_version="v0.15.0",
            protocol_version="v2",
            resources={"requests": {"cpu": "100m"}, "limits": {"memory": "512Mi", "cpu": None}},
            env={"B": 2, "A": "x", "S": {"secretKeyRef": {"name": "s", "key": "k"}}},
            args=["--workers=2"],
            min_replicas=0,
            max_replicas=3,
            scale_target=5,
            scale_metric="rps",
            container_concurrency=8,
            request_timeout=30,
            service_account="models",
            canary_percent=0,
            deployment_mode="Serverless",
            annotations={"team": "vision", "n": 1},
            labels={"tier": "gold"},
        )
    )
    assert made["metadata"] == {
        "name": "iris",
        "namespace": "tenant-a",
        "annotations": {"team": "vision", "n": "1", "serving.kserve.io/deploymentMode": "Serverless"},
        "labels": {"tier": "gold"},
    }
    assert made["spec"]["predictor"] == {
        "model": {
            "modelFormat": {"name": "sklearn", "version": "1"},
            "storageUri": "s3://m/iris",
            "runtime": "kserve-sklearnserver",
            "runtimeVersion": "v0.15.0",
            "protocolVersion": "v2",
            "args": ["--workers=2"],
            "env": [
                {"name": "A", "value": "x"},
                {"name": "B", "value": "2"},
                {"name": "S", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}},
            ],
            "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "512Mi"}},
        },
        "minReplicas": 0,
        "maxReplicas": 3,
        "scaleTarget": 5,
        "scaleMetric": "rps",
        "containerConcurrency": 8,
        "timeout": 30,
        "serviceAccountName": "models",
        "canaryTrafficPercent": 0,
    }


def test_whole_spec_with_scaling_beside_it_and_not_changed_in_place() -> None:
    spec = {"predictor": {"containers": [{"name": "kserve-container", "image": "x"}]}, "transformer": {}}
    made = manifest(options(spec=spec, min_replicas=0))
    assert made["spec"]["predictor"]["minReplicas"] == 0
    assert "transformer" in made["spec"]
    assert "minReplicas" not in spec["predictor"]


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ({"canary_percent": 101}, "canary_percent 101 must be 0 to 100"),
        ({"canary_percent": -1}, "canary_percent -1"),
        ({"min_replicas": 3, "max_replicas": 2}, "min_replicas 3 is more than max_replicas 2"),
        ({"min_replicas": -1}, "min_replicas -1 must be 0 or more"),
        ({"max_replicas": -1}, "max_replicas -1"),
        ({"scale_target": 0}, "scale_target 0 must be 1 or more"),
        ({"request_timeout": 0}, "request_timeout 0"),
        ({"container_concurrency": -2}, "container_concurrency -2"),
        ({"name": "Iris"}, "name 'Iris'"),
        ({"name": "i" * 54}, "at most 53"),
        ({"storage_uri": "models/iris"}, "has no scheme"),
        ({"storage_uri": None}, "storage_uri is required"),
        ({"model_format": None, "storage_uri": None}, "model_format (with storage_uri) or spec is required"),
        ({"spec": {"predictor": {}}, "model_format": "sklearn"}, "spec already describes"),
        ({"spec": {"model": {}}}, "spec must hold a predictor"),
        ({"promote": True, "rollback": True}, "exclude each other"),
        ({"deployment_mode": "RawDeployment", "canary_percent": 10}, "RawDeployment has no revisions"),
        ({"deployment_mode": "RawDeployment", "min_replicas": 0}, "does not scale to zero"),
        ({"deployment_mode": "RawDeployment", "scale_metric": "rps"}, "which knows cpu and memory"),
        ({"deployment_mode": "Serverless", "scale_metric": "cpu"}, "which knows concurrency and rps"),
        ({"env": {"A": True}}, "env.A is a boolean"),
        ({"env": {"A": {"x": 1, "y": 2}}}, "env.A must be text or one source"),
        ({"env": {"A": [1]}}, "not a list"),
        ({"env": {"1 2": "x"}}, "no name of an environment variable"),
        ({"annotations": {"a": True}}, "annotations.a must be text"),
        (
            {"deployment_mode": "Serverless", "annotations": {"serving.kserve.io/deploymentMode": "RawDeployment"}},
            "deployment_mode is Serverless, but annotations say",
        ),
    ],
)
def test_refused(given, text) -> None:
    with pytest.raises(OptionError) as error:
        manifest(options(**given))
    assert text in str(error.value)


@pytest.mark.parametrize(("field", "value"), [("canaryTrafficPercent", 10), ("minReplicas", 0)])
def test_mode_that_the_cluster_chose(field, value) -> None:
    service = manifest(options())
    service["spec"]["predictor"][field] = value
    check_mode_fits(service)
    service["metadata"]["annotations"] = {"serving.kserve.io/deploymentMode": "RawDeployment"}
    with pytest.raises(OptionError, match="this cluster's KServe deploys as RawDeployment"):
        check_mode_fits(service)


# -- serving runtimes --------------------------------------------------------------------------------------------------
def runtime(name, formats=(("sklearn", "1", True),), protocols=("v1", "v2"), **spec):
    listed = [{"name": f, "version": v, "autoSelect": a} for f, v, a in formats]
    given = {"supportedModelFormats": listed, "protocolVersions": list(protocols), **spec}
    return {"kind": "ClusterServingRuntime", "metadata": {"name": name}, "spec": given}


SKLEARN = runtime("kserve-sklearnserver")
MLSERVER = runtime("kserve-mlserver", [("sklearn", "0", False), ("xgboost", "1", True)], ["v2"])


def model(name="sklearn", version=None, **more):
    return {"modelFormat": {"name": name, **({"version": version} if version else {})}, **more}


@pytest.mark.parametrize(
    ("asked", "chosen"),
    [
        (model(), "kserve-sklearnserver"),
        (model(version="1"), "kserve-sklearnserver"),
        (model(protocolVersion="v2"), "kserve-sklearnserver"),
        (model(runtime="kserve-mlserver"), "kserve-mlserver"),
        (model(version="0", runtime="kserve-mlserver"), "kserve-mlserver"),
        (model("xgboost", protocolVersion="v2"), "kserve-mlserver"),
    ],
)
def test_runtime(asked, chosen) -> None:
    assert choose(asked, [], [SKLEARN, MLSERVER]) == chosen


def test_runtimes_of_the_namespace_come_first_and_several_are_left_to_kserve() -> None:
    assert choose(model(), [runtime("own")], [SKLEARN]) == "own"
    assert choose(model(), [], [SKLEARN, runtime("another")]) == ""


@pytest.mark.parametrize(
    ("asked", "texts"),
    [
        (model("pmml"), ["no serving runtime takes model format pmml", "kserve-sklearnserver (sklearn 1; v1/v2)"]),
        (model(version="7"), ["model format sklearn 7"]),
        (model("xgboost"), ["with protocol v1"]),
        (model(version="0", protocolVersion="v2"), ["Name one with 'runtime' (kserve-mlserver would do)"]),
        (model(runtime="nope"), ["there is no serving runtime 'nope'", "kserve-mlserver (sklearn 0, xgboost 1; v2)"]),
        (model("pmml", runtime="kserve-mlserver"), ["kserve-mlserver does not take pmml"]),
        (model(runtime="kserve-mlserver", protocolVersion="v1"), ["does not speak v1, but v2"]),
        (model(runtime="off"), ["off is disabled"]),
    ],
)
def test_no_runtime(asked, texts) -> None:
    with pytest.raises(OptionError) as error:
        choose(asked, [], [SKLEARN, MLSERVER, runtime("off", disabled=True)])
    for text in texts:
        assert text in str(error.value)


def test_runtimes_that_kserve_never_takes_by_itself() -> None:
    others = [runtime("many", multiModel=True), runtime("nodes", workerSpec={"x": 1}), runtime("off", disabled=True)]
    with pytest.raises(OptionError):
        choose(model(), [], others)
    with pytest.raises(OptionError, match="no serving runtime at all"):
        choose(model(), [], [])
