# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""BentoRequest manifests from options, and what of a living one has to be kept."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from .errors import OptionError
from .names import RESOURCES_API, Tag, object_name

Obj = dict[str, Any]

ATTEMPT = "bentobox.platform/attempt"
FORCE = "yatai.ai/force-build-image"

_POD_SPEC = {
    "scheduler_name": "schedulerName",
    "node_selector": "nodeSelector",
    "affinity": "affinity",
    "tolerations": "tolerations",
    "topology_spread_constraints": "topologySpreadConstraints",
    "service_account_name": "serviceAccountName",
}


@dataclass
class BuildOptions:
    """The options of image_build that make up the request."""

    tag: Tag
    namespace: str
    name: str
    download_url: str = ""
    bentoml_version: str = ""
    runners: list[Obj] = field(default_factory=list)
    models: list[Obj] = field(default_factory=list)
    image: str = ""
    build_args: dict[str, str] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    resources: Obj = field(default_factory=dict)
    docker_config_secret: str = ""
    insecure: bool | None = None
    downloader_secrets: list[str] = field(default_factory=list)
    pod: Obj = field(default_factory=dict)
    pod_labels: dict[str, str] = field(default_factory=dict)
    pod_annotations: dict[str, str] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)


def from_params(params: Obj, tag: Tag) -> BuildOptions:
    """From a module's options; refuses what could not work."""
    url = params.get("download_url") or ""
    version = params.get("bentoml_version") or ""
    if not url and (version or params.get("runners") or params.get("models")):
        raise OptionError(
            "bentoml_version, runners and models belong to download_url: without it the builder asks Yatai for them"
        )
    if url and not version:
        raise OptionError("download_url needs bentoml_version: without Yatai nothing else tells how to serve the bento")
    build_args, env = texts("build_args", params.get("build_args")), texts("env", params.get("env"))
    twice = sorted(set(build_args) & set(env))
    if twice:
        raise OptionError(
            f"{', '.join(twice)} are in build_args and in env: both end in the builder's environment, so name them once"
        )
    return BuildOptions(
        tag=tag,
        namespace=params["namespace"],
        name=params.get("name") or object_name(tag),
        download_url=url,
        bentoml_version=version,
        runners=params.get("runners") or [],
        models=params.get("models") or [],
        image=params.get("image") or "",
        build_args=build_args,
        env=env,
        resources=params.get("resources") or {},
        docker_config_secret=params.get("docker_config_secret") or "",
        insecure=params.get("insecure"),
        downloader_secrets=params.get("downloader_secrets") or [],
        pod={key: params[key] for key in _POD_SPEC if params.get(key)},
        pod_labels=params.get("pod_labels") or {},
        pod_annotations=params.get("pod_annotations") or {},
        labels=params.get("labels") or {},
        annotations=params.get("annotations") or {},
    )


def texts(option: str, values: Obj | None) -> dict[str, str]:
    """Environment variables are text; a mapping or a list is somebody's valueFrom."""
    result: dict[str, str] = {}
    for name, value in (values or {}).items():
        if isinstance(value, bool):
            result[str(name)] = "true" if value else "false"
        elif isinstance(value, (str, int, float)):
            result[str(name)] = str(value)
        else:
            raise OptionError(f"{option}.{name} must be a plain value, not a {type(value).__name__}")
    return result


def manifest(options: BuildOptions, live: Obj | None = None, *, attempt: int = 0, force: bool = False) -> Obj:
    """The BentoRequest. A living one's attempt counter and force mark are kept: without them a build would start."""
    spec = {"bentoTag": str(options.tag), **_source(options), **_builder(options)}
    extra = dict(options.pod_annotations)
    count = max(attempt, attempt_of(live))
    if count:
        extra[ATTEMPT] = str(count)
    pod_metadata = _given(labels=options.pod_labels, annotations=extra)
    if pod_metadata:
        spec["imageBuilderExtraPodMetadata"] = pod_metadata
    metadata: Obj = {"name": options.name, "namespace": options.namespace}
    annotations = dict(options.annotations)
    if force or _annotations(live).get(FORCE):
        annotations[FORCE] = "true"
    metadata.update(_given(labels=options.labels, annotations=annotations))
    return {"apiVersion": RESOURCES_API, "kind": "BentoRequest", "metadata": metadata, "spec": spec}


def _given(**values: Any) -> Obj:
    return {key: value for key, value in values.items() if value}


def _source(options: BuildOptions) -> Obj:
    """Where the bento comes from, and what it is called as an image."""
    models = [_given(tag=model["tag"], downloadUrl=model.get("download_url")) for model in options.models]
    context = {"bentomlVersion": options.bentoml_version} if options.bentoml_version else {}
    return _given(
        downloadUrl=options.download_url,
        context=context,
        runners=[_runner(runner) for runner in options.runners],
        models=models,
        image=options.image,
        downloaderContainerEnvFrom=[{"secretRef": {"name": name}} for name in options.downloader_secrets],
    )


def _builder(options: BuildOptions) -> Obj:
    """How the builder's pod is made."""
    variables = {**options.env, **options.build_args}
    amounts = {
        kind: {name: str(amount) for name, amount in options.resources[kind].items()}
        for kind in ("requests", "limits")
        if options.resources.get(kind)
    }
    spec = _given(
        imageBuilderExtraContainerEnv=[{"name": key, "value": variables[key]} for key in sorted(variables)],
        imageBuilderContainerResources=amounts,
        imageBuilderExtraPodSpec={_POD_SPEC[key]: value for key, value in options.pod.items()},
        dockerConfigJsonSecretName=options.docker_config_secret,
    )
    if options.docker_config_secret:
        # Left out, the operator looks for the image over plain http when it has a Secret, and says nothing.
        spec["ociRegistryInsecure"] = bool(options.insecure)
    return spec


def _runner(runner: Obj) -> Obj:
    return _given(
        name=runner["name"],
        runnableType=runner.get("runnable_type"),
        modelTags=list(runner.get("model_tags") or []),
    )


def attempt_of(live: Obj | None) -> int:
    extra = ((live or {}).get("spec") or {}).get("imageBuilderExtraPodMetadata") or {}
    try:
        return int((extra.get("annotations") or {}).get(ATTEMPT) or 0)
    except ValueError:
        return 0


def _annotations(live: Obj | None) -> Obj:
    return ((live or {}).get("metadata") or {}).get("annotations") or {}


def missing_build_args(wanted: list[str], builder_args: Any) -> list[str]:
    """Those of the names that the builder's configuration does not pass on. --build-arg=NAME makes kaniko take the
    value from its environment; every other way to give build arguments is broken in some generation of the builder."""
    if not isinstance(builder_args, list):
        return list(wanted)
    passed: set[str] = set()
    for index, entry in enumerate(str(entry) for entry in builder_args):
        if entry.startswith("--build-arg="):
            passed.add(entry.removeprefix("--build-arg="))
        elif entry == "--build-arg" and index + 1 < len(builder_args):
            passed.add(str(builder_args[index + 1]))
    return [name for name in wanted if name not in passed]
