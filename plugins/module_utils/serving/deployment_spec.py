# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BentoDeployment v2alpha1 manifests from options: a pure function, and a list of what the operator would drop."""

from __future__ import annotations

from typing import Any

from .errors import OptionError
from .names import SERVING_API, object_name, parse_tag

Obj = dict[str, Any]

STRATEGY = "yatai.ai/deployment-strategy"
_POD_SPEC = {
    "scheduler_name": "schedulerName",
    "node_selector": "nodeSelector",
    "affinity": "affinity",
    "tolerations": "tolerations",
    "topology_spread_constraints": "topologySpreadConstraints",
    "containers": "containers",
    "service_account_name": "serviceAccountName",
}


def bento_object(text: str) -> str:
    """The Bento's object name; a tag (name:version) is turned into the name image_build gives by default."""
    return object_name(parse_tag(text)) if ":" in text else text


def manifest(params: Obj) -> tuple[Obj, list[str]]:
    """The BentoDeployment and the warnings about it."""
    warnings: list[str] = []
    if not params.get("bento"):
        raise OptionError("bento is required with state present: the name of a Bento, or the bento's tag")
    spec: Obj = {"bento": bento_object(params["bento"]), **_component(params, "", warnings)}
    if params.get("runners"):
        names = [runner["name"] for runner in params["runners"]]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise OptionError(f"runners: {', '.join(twice)} is there more than once")
        spec["runners"] = [
            {"name": runner["name"], **_component(runner, f"runners[{runner['name']}].", warnings)}
            for runner in params["runners"]
        ]
    spec["ingress"] = _ingress(params.get("ingress") or {})
    if params.get("monitor_exporter"):
        spec["monitorExporter"] = _monitor(params["monitor_exporter"])
    metadata = {"name": params["name"], "namespace": params["namespace"]}
    return {"apiVersion": SERVING_API, "kind": "BentoDeployment", "metadata": metadata, "spec": spec}, warnings


def _component(params: Obj, where: str, warnings: list[str]) -> Obj:
    """What the API server and a runner have in common."""
    spec: Obj = {}
    resources = _resources(params.get("resources") or {}, where, warnings)
    if resources:
        spec["resources"] = resources
    if params.get("autoscaling"):
        spec["autoscaling"] = _autoscaling(params["autoscaling"], where, warnings)
    envs = environment(params.get("envs"), f"{where}envs")
    if envs:
        spec["envs"] = [{"name": name, "value": envs[name]} for name in sorted(envs)]
    annotations = dict(params.get("annotations") or {})
    if params.get("deployment_strategy"):
        annotations[STRATEGY] = params["deployment_strategy"]
    if annotations:
        spec["annotations"] = {key: str(value) for key, value in annotations.items()}
    if params.get("labels"):
        spec["labels"] = {key: str(value) for key, value in params["labels"].items()}
    extra = params.get("extra_pod_metadata") or {}
    metadata = {key: extra[key] for key in ("annotations", "labels") if extra.get(key)}
    if metadata:
        spec["extraPodMetadata"] = metadata
    pod = {_POD_SPEC[key]: value for key, value in (params.get("extra_pod_spec") or {}).items() if value}
    if pod:
        spec["extraPodSpec"] = pod
    return spec


def environment(values: Obj | None, option: str) -> dict[str, str]:
    """Plain values only: the operator copies name and value and silently drops the rest."""
    result: dict[str, str] = {}
    for name, value in (values or {}).items():
        if isinstance(value, bool):
            raise OptionError(f"{option}.{name} is a boolean: quote it, so that it is clear which text the bento gets")
        if isinstance(value, dict):
            raise OptionError(
                f"{option}.{name}: only plain values work. yatai-deployment copies a variable's name and value "
                "and silently drops valueFrom, so the bento would see it empty. Give the value itself, or let "
                "extra_pod_spec.service_account_name give the bento the rights to read the Secret"
            )
        if not isinstance(value, (str, int, float)):
            raise OptionError(f"{option}.{name} must be a plain value, not a {type(value).__name__}")
        result[str(name)] = str(value)
    return result


def _resources(resources: Obj, where: str, warnings: list[str]) -> Obj:
    result: Obj = {}
    for kind in ("requests", "limits"):
        given = resources.get(kind) or {}
        item: Obj = {key: str(given[key]) for key in ("cpu", "memory", "gpu") if given.get(key) is not None}
        if given.get("custom"):
            item["custom"] = {key: str(value) for key, value in given["custom"].items()}
        if item:
            result[kind] = item
    if "gpu" in result.get("requests", {}):
        warnings.append(f"{where}resources.requests.gpu has no effect: yatai-deployment only reads limits.gpu")
    return result


def _autoscaling(autoscaling: Obj, where: str, warnings: list[str]) -> Obj:
    low, high = autoscaling["min_replicas"], autoscaling.get("max_replicas")
    high = low if high is None else high
    if low < 1 or high < low:
        raise OptionError(
            f"{where}autoscaling: min_replicas {low} and max_replicas {high} must be 1 or more, "
            "and the maximum not below the minimum"
        )
    result: Obj = {"minReplicas": low, "maxReplicas": high}
    if autoscaling.get("metrics"):
        result["metrics"] = autoscaling["metrics"]
    if autoscaling.get("behavior"):
        result["behavior"] = autoscaling["behavior"]
        warnings.append(
            f"{where}autoscaling.behavior has no effect: yatai-deployment stores it and does not pass it on to the "
            "HorizontalPodAutoscaler"
        )
    return result


def _ingress(ingress: Obj) -> Obj:
    result: Obj = {"enabled": bool(ingress.get("enabled"))}
    for key in ("annotations", "labels"):
        if ingress.get(key):
            result[key] = {name: str(value) for name, value in ingress[key].items()}
    if (ingress.get("tls") or {}).get("secret_name"):
        result["tls"] = {"secretName": ingress["tls"]["secret_name"]}
    return result


def _monitor(monitor: Obj) -> Obj:
    result: Obj = {"enabled": bool(monitor.get("enabled", True))}
    if monitor.get("output"):
        result["output"] = monitor["output"]
    if monitor.get("options"):
        result["options"] = {key: str(value) for key, value in monitor["options"].items()}
    structure = environment(monitor.get("structure_options"), "monitor_exporter.structure_options")
    if structure:
        result["structureOptions"] = [{"name": name, "value": structure[name]} for name in sorted(structure)]
    mounts = []
    for mount in monitor.get("mounts") or []:
        source = mount.get("source") or {}
        if len(source) != 1:
            raise OptionError(
                f"monitor_exporter.mounts[{mount['path']}].source must hold exactly one volume source, as in secret"
            )
        mounts.append({"path": mount["path"], "readOnly": bool(mount.get("read_only")), **source})
    if mounts:
        result["mounts"] = mounts
    return result
