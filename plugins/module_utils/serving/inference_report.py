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
    try:
        services = client.list(INFERENCE_API, KIND, namespace)
    except UnknownKind:
        return []
    pods: dict[tuple[str, str], list[Obj]] = {}
    for pod in client.list("v1", "Pod", namespace, label_selector=SERVICE_LABEL):
        key = (pod["metadata"]["namespace"], pod["metadata"]["labels"][SERVICE_LABEL])
        pods.setdefault(key, []).append(pod)
    scenes = {
        key: Scene(service, pods=pods.get(key, []))
        for service in services
        if name in (None, name_of(service))
        for key in [(service["metadata"]["namespace"], name_of(service))]
    }
    return [_entry(scenes[key]) for key in sorted(scenes)]


def _entry(scene: Scene) -> Obj:
    service = scene.service or {}
    model = service["spec"]["predictor"].get("model") or {}
    ready = condition(service, "Ready")
    reasons = [ready.get("reason"), ready.get("message")] if ready.get("status") != "True" else []
    return {
        "name": name_of(service),
        "namespace": service["metadata"]["namespace"],
        "ready": ready.get("status") == "True" and not is_going(service),
        "reason": "is being deleted" if is_going(service) else ": ".join(text for text in reasons if text),
        "model_format": (model.get("modelFormat") or {}).get("name") or "",
        "storage_uri": model.get("storageUri") or "",
        "deployment_mode": mode_of(service),
        **report(scene),
    }
