# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What KServe has not taken over yet. Its status names no generation of the InferenceService, so what it has made is
compared with what was asked. A difference that is not looked for here is left to time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .inference_spec import RAW, mode_of
from .quantity import same

Obj = dict[str, Any]

CONTAINER = "kserve-container"
_SOURCE = "internal.serving.kserve.io/storage-initializer-sourceuri"
_SCALE = {"minReplicas": "autoscaling.knative.dev/min-scale", "maxReplicas": "autoscaling.knative.dev/max-scale"}


def lag(service: Obj, backing: Obj, gone_env: frozenset[str] | set[str] = frozenset()) -> str:
    """What the Knative Service or Deployment still has to get; '' when all of it is there."""
    predictor = service["spec"].get("predictor") or {}
    template = (backing.get("spec") or {}).get("template") or {}
    found = _template(predictor, template, gone_env)
    if mode_of(service) == RAW:
        return next(found, "")
    return next(found, "") or next(_knative(service, backing, predictor, template), "")


def _template(predictor: Obj, template: Obj, gone_env: frozenset[str] | set[str]) -> Iterator[str]:
    model, pod = predictor.get("model") or {}, template.get("spec") or {}
    main = next((entry for entry in pod.get("containers") or [] if entry.get("name") == CONTAINER), None)
    account = predictor.get("serviceAccountName")
    if account and pod.get("serviceAccountName") != account:
        yield f"does not run as service account {account}"
    if not model:
        return  # a container of the user's own, under any name
    if main is None:
        yield f"has no container {CONTAINER}"
        return
    uri, source = model.get("storageUri"), ((template.get("metadata") or {}).get("annotations") or {}).get(_SOURCE)
    if uri and source and source != uri:
        yield f"still loads {source} instead of {uri}"
    version = model.get("runtimeVersion")
    if version and not str(main.get("image", "")).endswith(f":{version}"):
        yield f"does not have image tag {version}"
    yield from _container(model, main, gone_env)


def _container(model: Obj, main: Obj, gone_env: frozenset[str] | set[str]) -> Iterator[str]:
    have = {entry["name"]: entry for entry in main.get("env") or []}
    for entry in model.get("env") or []:
        if have.get(entry["name"], {}).get("value") != entry.get("value"):
            yield f"does not have the new value of {entry['name']}"
    left = sorted(set(gone_env) & set(have))
    if left:
        yield f"still has {', '.join(left)}"
    for kind in ("requests", "limits"):
        now = (main.get("resources") or {}).get(kind) or {}
        for name, amount in ((model.get("resources") or {}).get(kind) or {}).items():
            if not same(str(now.get(name, "")), str(amount)):
                yield f"does not have {kind} {name} {amount}"


def _knative(service: Obj, knative: Obj, predictor: Obj, template: Obj) -> Iterator[str]:
    annotations = (template.get("metadata") or {}).get("annotations") or {}
    for name, key in _SCALE.items():
        replicas = predictor.get(name)
        unlimited = name == "maxReplicas" and replicas == 0
        if replicas is not None and not unlimited and annotations.get(key) != str(replicas):
            yield f"does not have {name} {replicas}"
    reported = ((service.get("status") or {}).get("components") or {}).get("predictor") or {}
    canary = predictor.get("canaryTrafficPercent")
    # Without a revision that once had all the traffic there is nothing to split it with.
    wanted = 100 if canary is None or not reported.get("latestRolledoutRevision") else canary
    traffic = (knative.get("spec") or {}).get("traffic") or [{"latestRevision": True, "percent": 100}]
    now = sum(int(entry.get("percent") or 0) for entry in traffic if entry.get("latestRevision"))
    if now != wanted:
        yield f"still gives its newest revision {now} percent of the traffic instead of {wanted}"
