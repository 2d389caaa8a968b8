# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cluster objects for the tables, in the shape the operators and Kubernetes give them."""

from __future__ import annotations

from typing import Any

Obj = dict[str, Any]


def meta(
    name: str, uid: str, owner: str = "", created: str = "2026-11-21T10:00:00Z", going: bool = False, **more: Any
) -> Obj:
    result: Obj = {"name": name, "namespace": "yatai", "uid": uid, "creationTimestamp": created, **more}
    if owner:
        result["ownerReferences"] = [{"uid": owner, "kind": "X", "name": "x", "controller": True}]
    if going:
        result["deletionTimestamp"] = created
    return result


def request(tag: str = "lin:v1", image: str = "", **conditions: Any) -> Obj:
    spec: Obj = {"bentoTag": tag}
    if image:
        spec["image"] = image
    return {"kind": "BentoRequest", "metadata": meta("lin--v1", "req"), "spec": spec, "status": status(**conditions)}


def status(**conditions: Any) -> Obj:
    """ImageBuilding=("False", "message", "time of the change")"""
    names = ("status", "message", "lastTransitionTime")
    made = [
        {"type": kind, "message": "", "reason": "Reconciling", **dict(zip(names, value, strict=False))}
        for kind, value in conditions.items()
    ]
    return {"conditions": made} if made else {}


def bento(tag: str = "lin:v1", image: str = "reg:5000/b:yatai.lin.v1", **more: Any) -> Obj:
    return {"kind": "Bento", "metadata": meta("lin--v1", "bento", "req"), "spec": {"tag": tag, "image": image, **more}}


def pod(name: str = "builder-1", uid: str = "pod1", owner: str = "req", phase: str = "Running", **status_: Any) -> Obj:
    more = {key: status_.pop(key) for key in ("created", "going") if key in status_}
    return {"kind": "Pod", "metadata": meta(name, uid, owner, **more), "status": {"phase": phase, **status_}}


def ended(name: str, code: int, reason: str = "Error") -> Obj:
    return {"name": name, "restartCount": 0, "state": {"terminated": {"exitCode": code, "reason": reason}}}


def waiting(
    name: str, reason: str, message: str = "", image: str = "", restarts: int = 0, last: int | None = None
) -> Obj:
    result: Obj = {
        "name": name,
        "image": image,
        "restartCount": restarts,
        "state": {"waiting": {"reason": reason, "message": message}},
    }
    if last is not None:
        result["lastState"] = {"terminated": {"exitCode": last, "reason": "Error"}}
    return result


def job(
    name: str = "yatai-bento-image-builder-x", uid: str = "job1", conditions: list[Obj] | None = None, **more: Any
) -> Obj:
    return {"kind": "Job", "metadata": meta(name, uid, "req", **more), "status": {"conditions": conditions or []}}


def job_failed(reason: str, message: str = "") -> list[Obj]:
    return [{"type": "Failed", "status": "True", "reason": reason, "message": message}]


def event(uid: str, reason: str, message: str, kind: str = "Warning", version: str = "") -> Obj:
    of = {"metadata": {"resourceVersion": version}, "involvedObject": {"uid": uid}}
    return {"type": kind, "reason": reason, "message": message, **of}
