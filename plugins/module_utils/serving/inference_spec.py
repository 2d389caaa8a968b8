# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""InferenceService v1beta1 manifests from options: pure functions, and the rules KServe's webhook would apply late."""

from __future__ import annotations

import copy
import re
from typing import Any

from .errors import OptionError

Obj = dict[str, Any]

INFERENCE_API = "serving.kserve.io/v1beta1"
KIND = "InferenceService"
MODE = "serving.kserve.io/deploymentMode"
SERVERLESS, RAW = "Serverless", "RawDeployment"
PREDICTOR = "-predictor"  # what KServe appends to the name for the predictor's own objects
# Options that describe the model. With promote and rollback alone none of them is needed.
MODEL_OPTIONS = ("model_format", "spec")
_SHORT = (
    "model_format", "model_format_version", "storage_uri", "runtime", "runtime_version", "protocol_version",
    "resources", "env", "args",
)  # fmt: skip
_PREDICTOR = {
    "min_replicas": "minReplicas",
    "max_replicas": "maxReplicas",
    "scale_target": "scaleTarget",
    "scale_metric": "scaleMetric",
    "container_concurrency": "containerConcurrency",
    "request_timeout": "timeout",
    "service_account": "serviceAccountName",
    "canary_percent": "canaryTrafficPercent",
}
_NAME = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?\Z")
_VARIABLE = re.compile(r"[-._a-zA-Z][-._a-zA-Z0-9]*\Z")
_MAX_NAME = 63 - len(PREDICTOR)  # the predictor's Service is a DNS label
# What KServe can scale by in each mode.
_METRICS = {SERVERLESS: ("concurrency", "rps"), RAW: ("cpu", "memory")}


def check_options(params: Obj) -> None:
    """Raises OptionError for what cannot work in any cluster."""
    name = params["name"]
    if not _NAME.match(name) or len(name) > _MAX_NAME:
        raise OptionError(
            f"name '{name}' must be at most {_MAX_NAME} of a-z, 0-9 and '-', beginning with a letter: Service "
            f"{name}{PREDICTOR} is made of it"
        )
    if params.get("promote") and params.get("rollback"):
        raise OptionError("promote and rollback exclude each other: traffic goes to the newest revision or back")
    if params["state"] == "absent" or params.get("promote") or params.get("rollback"):
        return
    if not any(params.get(option) for option in MODEL_OPTIONS):
        raise OptionError("model_format (with storage_uri) or spec is required: there is no model to serve")
    if params.get("spec"):
        given = [option for option in _SHORT if params.get(option)]
        if given:
            raise OptionError(f"spec already describes the whole service, so {', '.join(given)} cannot be given, too")
        if not isinstance(params["spec"].get("predictor"), dict):
            raise OptionError("spec must hold a predictor, as in {predictor: {model: {modelFormat: {name: sklearn}}}}")
    elif not params.get("storage_uri"):
        raise OptionError(
            "storage_uri is required with model_format, as in s3://models/iris, gs://..., pvc://claim/path or https://..."
        )
    uri = params.get("storage_uri")
    if uri and "://" not in uri:
        raise OptionError(f"storage_uri '{uri}' has no scheme: write s3://, gs://, pvc://, hf://, https:// and so on")
    _check_numbers(params)


def _check_numbers(params: Obj) -> None:
    for option, least in (
        ("min_replicas", 0),
        ("max_replicas", 0),
        ("scale_target", 1),
        ("container_concurrency", 0),
        ("request_timeout", 1),
    ):
        value = params.get(option)
        if value is not None and value < least:
            raise OptionError(f"{option} {value} must be {least} or more")
    low, high = params.get("min_replicas"), params.get("max_replicas")
    if high and (1 if low is None else low) > high:
        shown = "1 (its default)" if low is None else low
        raise OptionError(f"min_replicas {shown} is more than max_replicas {high}")
    canary, mode = params.get("canary_percent"), params.get("deployment_mode")
    if canary is not None and not 0 <= canary <= 100:
        raise OptionError(f"canary_percent {canary} must be 0 to 100: the newest revision's share of the requests")
    if mode == RAW:
        if canary is not None:
            raise OptionError(f"canary_percent needs deployment_mode {SERVERLESS}: {RAW} has no revisions")
        if low == 0:
            raise OptionError(f"min_replicas 0 needs deployment_mode {SERVERLESS}: {RAW} does not scale to zero")
    metric = params.get("scale_metric")
    if metric and mode and metric not in _METRICS[mode]:
        raise OptionError(f"scale_metric {metric} does not work in {mode}, which knows {' and '.join(_METRICS[mode])}")


def manifest(params: Obj) -> Obj:
    """The InferenceService that the options describe."""
    check_options(params)
    spec: Obj = copy.deepcopy(params["spec"]) if params.get("spec") else {"predictor": {"model": _model(params)}}
    for option, field in _PREDICTOR.items():
        if params.get(option) is not None:
            spec["predictor"][field] = params[option]
    metadata: Obj = {"name": params["name"], "namespace": params["namespace"]}
    annotations = _texts(params.get("annotations"), "annotations")
    mode = params.get("deployment_mode")
    if mode and annotations.setdefault(MODE, mode) != mode:
        raise OptionError(f"deployment_mode is {mode}, but annotations say {MODE}: {annotations[MODE]}")
    for key, value in (("annotations", annotations), ("labels", _texts(params.get("labels"), "labels"))):
        if value:
            metadata[key] = value
    return {"apiVersion": INFERENCE_API, "kind": KIND, "metadata": metadata, "spec": spec}


def _texts(values: Obj | None, option: str) -> dict[str, str]:
    result: dict[str, str] = {}
    for key, value in (values or {}).items():
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            raise OptionError(f"{option}.{key} must be text: quote it")
        result[str(key)] = str(value)
    return result


def _model(params: Obj) -> Obj:
    model: Obj = {"modelFormat": {"name": params["model_format"]}, "storageUri": params["storage_uri"]}
    if params.get("model_format_version"):
        model["modelFormat"]["version"] = str(params["model_format_version"])
    for option, field in (
        ("runtime", "runtime"),
        ("runtime_version", "runtimeVersion"),
        ("protocol_version", "protocolVersion"),
    ):
        if params.get(option):
            model[field] = params[option]
    if params.get("args"):
        model["args"] = [str(word) for word in params["args"]]
    env = environment(params.get("env"))
    if env:
        model["env"] = env
    resources = _resources(params.get("resources") or {})
    if resources:
        model["resources"] = resources
    return model


def environment(values: Obj | None) -> list[Obj]:
    """Plain values, or what Kubernetes can take a value from, such as {secretKeyRef: {name: s, key: k}}."""
    result: list[Obj] = []
    for name in sorted(values or {}):
        value = (values or {})[name]
        if not _VARIABLE.match(str(name)):
            raise OptionError(f"env: '{name}' is no name of an environment variable")
        if isinstance(value, bool):
            raise OptionError(f"env.{name} is a boolean: quote it, so that it is clear which text the server gets")
        if isinstance(value, dict):
            source = value.get("valueFrom", value)
            if not isinstance(source, dict) or len(source) != 1:
                raise OptionError(f"env.{name} must be text or one source, as in {{secretKeyRef: {{name: s, key: k}}}}")
            result.append({"name": str(name), "valueFrom": source})
        elif isinstance(value, (str, int, float)):
            result.append({"name": str(name), "value": str(value)})
        else:
            raise OptionError(f"env.{name} must be text, not a {type(value).__name__}")
    return result


def _resources(resources: Obj) -> Obj:
    unknown = sorted(set(resources) - {"requests", "limits"})
    if unknown:
        raise OptionError(f"resources.{unknown[0]} is not known: write requests and limits")
    result: Obj = {}
    for kind in ("requests", "limits"):
        amounts = {str(key): str(value) for key, value in (resources.get(kind) or {}).items() if value is not None}
        if amounts:
            result[kind] = amounts
    return result


def mode_of(service: Obj) -> str:
    """KServe's webhook writes the mode down where the cluster's default is not Serverless."""
    annotations = (service.get("metadata") or {}).get("annotations") or {}
    # Releases after 0.15 call them Standard and Knative.
    return RAW if annotations.get(MODE) in (RAW, "Standard") else SERVERLESS


def check_mode_fits(service: Obj) -> None:
    """For the mode that the cluster has chosen, which only the API server's answer tells."""
    predictor = service["spec"].get("predictor") or {}
    if mode_of(service) != RAW:
        return
    if predictor.get("canaryTrafficPercent") is not None:
        raise OptionError(
            f"canary_percent needs {SERVERLESS}, and this cluster's KServe deploys as {RAW}; set deployment_mode to "
            f"{SERVERLESS} where Knative is installed"
        )
    if predictor.get("minReplicas") == 0:
        raise OptionError(
            f"min_replicas 0 needs {SERVERLESS}, and this cluster's KServe deploys as {RAW}: that does not reach zero"
        )
