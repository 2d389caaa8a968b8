# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to tell of InferenceServices: of one that was just made, and of all that the cluster has."""

from __future__ import annotations

from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import UnknownKind

from .inference_spec import INFERENCE_API, KIND, mode_of
from .inference_verdict import SERVICE_LABEL, Scene
from .pods import condition, is_going, name_of

Obj = dict[str, Any]


def report(scene: Scene) -> Obj:
    """The part that inference_service and inference_service_info tell alike."""
    status, reported = (scene.service or {}).get("status") or {}, scene.predictor
    ready = [pod for pod in scene.pods if condition(pod, "Ready").get("status") == "True" and not is_going(pod)]
    return {
        "url": status.get("url") or "",
        "address": (status.get("address") or {}).get("url") or "",
        "ready_replicas": len(ready),
        "revisions": {
            "latest_created": reported.get("latestCreatedRevision") or "",
            "latest_ready": reported.get("latestReadyRevision") or "",
            "previous": reported.get("previousRolledoutRevision") or "",
        },
        "traffic": [
            {
                "revision": entry.get("revisionName") or "",
                "percent": int(entry.get("percent") or 0),
                "latest": bool(entry.get("latestRevision")),
            }
            for entry in reported.get("traffic") or []
        ],
        "conditions": status.get("conditions") or [],
    }


def find(client: Any, name: str | None, namespace: str | None) -> list[Obj]:
    """Those of this name and namespace, by namespace and name, with two LISTs; none where there is no KServe."""
    selector = None if name is None else f"metadata.name={name}"
    try:
        services = client.list(INFERENCE_API, KIND, namespace, field_selector=selector)
    except UnknownKind:
        return []
    label = SERVICE_LABEL if name is None else f"{SERVICE_LABEL}={name}"
    pods: dict[tuple[str, str], list[Obj]] = {}
    for pod in client.list("v1", "Pod", namespace, label_selector=label):
        key = (pod["metadata"]["namespace"], pod["metadata"]["labels"][SERVICE_LABEL])
        pods.setdefault(key, []).append(pod)
    services.sort(key=_key)
    return [_entry(Scene(service, pods=pods.get(_key(service), []))) for service in services]


def _key(service: Obj) -> tuple[str, str]:
    return service["metadata"]["namespace"], name_of(service)


def _entry(scene: Scene) -> Obj:
    service = scene.service or {}
    model = service["spec"]["predictor"].get("model") or {}
    told = condition(service, "Ready")
    ready = told.get("status") == "True" and not is_going(service)
    reason = ": ".join(text for text in (told.get("reason"), told.get("message")) if text)
    return {
        "name": name_of(service),
        "namespace": service["metadata"]["namespace"],
        "ready": ready,
        "reason": "" if ready else "is being deleted" if is_going(service) else reason,
        "model_format": (model.get("modelFormat") or {}).get("name") or "",
        "storage_uri": model.get("storageUri") or "",
        "deployment_mode": mode_of(service),
        **report(scene),
    }
