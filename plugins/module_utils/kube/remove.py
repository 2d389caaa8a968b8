# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes objects away: in the reverse order of applying, each wave gone before the next."""

from __future__ import annotations

import time
from collections.abc import Callable

from .client import Client
from .errors import ApiError, Conflict, KubeError, NotFound, WaitTimeout
from .objects import CRD, CUSTOM, NAMESPACE, WORKLOAD, Obj, key_of, wave_of
from .patience import patiently
from .pool import in_parallel
from .refusals import explained, silent_webhook
from .survey import uids

_NAMED = 20  # objects of which is told what holds them


def deleting(obj: Obj) -> bool:
    return bool(obj["metadata"].get("deletionTimestamp"))


def delete_all(
    client: Client,
    objects: list[Obj],
    *,
    deadline: float,
    check_mode: bool,
    progress: Callable[[str], None],
    wait: bool = True,
) -> list[Obj]:
    """Deletes what is still there and returns it. Custom resources go first, while their controllers still run."""
    deleted: list[Obj] = []
    for wave in sorted({_order(obj) for obj in objects}):
        group = [obj for obj in objects if _order(obj) == wave]
        gone = in_parallel(lambda obj: _delete(client, obj, deadline, check_mode, progress), group)
        wave_deleted = [obj for obj, was_there in zip(group, gone, strict=True) if was_there]
        deleted += wave_deleted
        if wait and not check_mode:
            wait_gone(client, wave_deleted, deadline, progress)
    return deleted


def _order(obj: Obj) -> int:
    """Custom resources, admission, workloads, services, configuration, definitions, namespaces."""
    wave = wave_of(obj)
    return {CRD: CUSTOM + 1, NAMESPACE: CUSTOM + 2}.get(wave, CUSTOM - wave)


def _delete(client: Client, obj: Obj, deadline: float, check_mode: bool, progress: Callable[[str], None]) -> bool:
    """False when it is another object by now. One that went since it was listed counts: it may be our own request,
    sent again since its answer was lost."""
    key = key_of(obj)
    # Foreground: a Deployment is gone when its Pods are, so that they never run without their configuration.
    propagation = "Foreground" if wave_of(obj) == WORKLOAD else "Background"
    uid = obj["metadata"].get("uid")

    def send() -> bool:
        return client.delete(
            obj["apiVersion"], key.kind, key.name, key.namespace or None,
            propagation=propagation, dry_run=check_mode, uid=uid,
        )  # fmt: skip

    try:
        patiently(send, silent_webhook, deadline, lambda text: progress(f"{key}: {text}"))
    except Conflict as error:
        if "uid" in error.message.lower():  # another object by now, made by somebody else
            return False
        raise
    except ApiError as error:
        raise explained(error, obj, verb="delete") from None
    return True


def wait_gone(client: Client, objects: list[Obj], deadline: float, progress: Callable[[str], None]) -> None:
    left, said, interval = list(objects), "", 0.2
    while True:
        left = _still_there(client, left)
        if not left:
            return
        if time.monotonic() > deadline:
            raise WaitTimeout("these objects were deleted but are not gone:\n" + "\n".join(_reasons(client, left)))
        line = f"waiting until {len(left)} deleted objects are gone; {key_of(left[0])}"
        if line != said and interval > 0.5:
            progress(line)
            said = line
        time.sleep(interval)
        interval = min(interval * 1.4, 2.0)


def _still_there(client: Client, objects: list[Obj]) -> list[Obj]:
    """Those that are not gone yet. What somebody made since under the same name is another object."""
    known = uids(client, objects)
    alone = [obj for obj in objects if key_of(obj) not in known]
    known |= zip(map(key_of, alone), in_parallel(lambda obj: _uid(client, obj), alone), strict=True)
    return [obj for obj in objects if (uid := known[key_of(obj)]) and uid == obj["metadata"].get("uid", uid)]


def _uid(client: Client, obj: Obj) -> str | None:
    key = key_of(obj)
    live = client.get_or_none(obj["apiVersion"], key.kind, key.name, key.namespace or None)
    return live["metadata"]["uid"] if live else None


def _reasons(client: Client, left: list[Obj]) -> list[str]:
    lines = [_why(client, obj) for obj in left[:_NAMED]]
    if len(left) > _NAMED:
        lines.append(f"and {len(left) - _NAMED} more")
    return lines


def _why(client: Client, obj: Obj) -> str:
    """Never raises: it runs while another error is being told."""
    key = key_of(obj)
    try:
        live = client.get_or_none(obj["apiVersion"], key.kind, key.name, key.namespace or None) or {}
        inside = _held_inside(client, live) if live and key.kind == "CustomResourceDefinition" else []
    except KubeError as error:
        return f"{key}: {error}"
    finalizers = (live.get("metadata") or {}).get("finalizers") or (live.get("spec") or {}).get("finalizers") or []
    held = "no finalizer holds it"
    if finalizers:
        held = f"held by the finalizers {', '.join(finalizers)} (is their controller running?)"
    messages = [
        str(condition.get("message"))
        for condition in (live.get("status") or {}).get("conditions") or []
        if key.kind == "Namespace" and condition.get("status") == "True"
    ]
    return "; ".join([f"{key}: {held}", *inside, *messages])


def _held_inside(client: Client, crd: Obj) -> list[str]:
    """A definition goes when its resources have gone: which of them do not, and why."""
    held = [obj for obj in instances(client, crd) if obj["metadata"].get("finalizers")]
    named = [f"{key_of(obj)} is held by {', '.join(obj['metadata']['finalizers'])}" for obj in held[:3]]
    return [*named, f"and {len(held) - 3} more"] if len(held) > 3 else named


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
