# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes objects away: in the reverse order of applying, each wave gone before the next."""

from __future__ import annotations

import time
from collections.abc import Callable

from .client import Client
from .errors import ApiError, Conflict, NotFound, WaitTimeout
from .objects import CRD, CUSTOM, NAMESPACE, WORKLOAD, Obj, key_of, wave_of
from .pool import in_parallel


def delete_all(
    client: Client, objects: list[Obj], *, deadline: float, check_mode: bool, progress: Callable[[str], None]
) -> list[Obj]:
    """Deletes what is still there and returns it. Custom resources go first, while their controllers still run."""
    deleted: list[Obj] = []
    for wave in sorted({_order(obj) for obj in objects}):
        group = [obj for obj in objects if _order(obj) == wave]
        gone = in_parallel(lambda obj: _delete(client, obj, check_mode), group)
        wave_deleted = [obj for obj, was_there in zip(group, gone, strict=True) if was_there]
        deleted += wave_deleted
        if not check_mode:
            wait_gone(client, wave_deleted, deadline, progress)
    return deleted


def _order(obj: Obj) -> int:
    """Custom resources, admission, workloads, services, configuration, definitions, namespaces."""
    wave = wave_of(obj)
    return {CRD: CUSTOM + 1, NAMESPACE: CUSTOM + 2}.get(wave, CUSTOM - wave)


def _delete(client: Client, obj: Obj, check_mode: bool) -> bool:
    key = key_of(obj)
    # Foreground: a Deployment is gone when its Pods are, so that they never run without their configuration.
    propagation = "Foreground" if wave_of(obj) == WORKLOAD else "Background"
    uid = obj["metadata"].get("uid")
    try:
        return client.delete(
            obj["apiVersion"], key.kind, key.name, key.namespace or None,
            propagation=propagation, dry_run=check_mode, uid=uid,
        )  # fmt: skip
    except Conflict as error:
        if "uid" in error.message.lower():  # another object by now, made by somebody else
            return False
        raise


def wait_gone(client: Client, objects: list[Obj], deadline: float, progress: Callable[[str], None]) -> None:
    left, said, interval = list(objects), "", 0.2
    while True:
        there = in_parallel(lambda obj: _still(client, obj), left)
        left = [obj for obj, still in zip(left, there, strict=True) if still]
        if not left:
            return
        if time.monotonic() > deadline:
            raise WaitTimeout(
                "these objects were deleted but are not gone:\n" + "\n".join(_why(client, obj) for obj in left[:10])
            )
        line = f"waiting until {len(left)} deleted objects are gone; {key_of(left[0])}"
        if line != said and interval > 0.5:
            progress(line)
            said = line
        time.sleep(interval)
        interval = min(interval * 1.4, 2.0)


def _still(client: Client, obj: Obj) -> bool:
    key = key_of(obj)
    live = client.get_or_none(obj["apiVersion"], key.kind, key.name, key.namespace or None)
    return live is not None and live["metadata"]["uid"] == obj["metadata"].get("uid", live["metadata"]["uid"])


def _why(client: Client, obj: Obj) -> str:
    key = key_of(obj)
    live = client.get_or_none(obj["apiVersion"], key.kind, key.name, key.namespace or None) or {}
    finalizers = (live.get("metadata") or {}).get("finalizers") or (live.get("spec") or {}).get("finalizers") or []
    held = "no finalizer holds it"
    if finalizers:
        held = f"held by the finalizers {', '.join(finalizers)} (is their controller running?)"
    messages = [
        str(condition.get("message"))
        for condition in (live.get("status") or {}).get("conditions") or []
        if key.kind == "Namespace" and condition.get("status") == "True"
    ]
    return "; ".join([f"{key}: {held}", *messages])


def instances(client: Client, crd: Obj) -> list[Obj]:
    """All custom resources of a definition, to be deleted while their controller still runs."""
    spec = crd["spec"]
    version = next((entry["name"] for entry in spec["versions"] if entry.get("storage")), None)
    served = next((entry["name"] for entry in spec["versions"] if entry.get("served")), version)
    by_storage = any(entry["name"] == version and entry.get("served") for entry in spec["versions"])
    chosen = version if by_storage else served  # the stored version needs no conversion webhook
    try:
        return client.list(f"{spec['group']}/{chosen}", spec["names"]["kind"])
    except NotFound:
        return []
    except ApiError as error:
        raise type(error)(
            error.status, error.reason, f"{error.message}; its custom resources must go before it does",
            verb="purge", what=str(key_of(crd)),
        ) from None  # fmt: skip
