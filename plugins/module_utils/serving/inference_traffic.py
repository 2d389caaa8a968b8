# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Promotion and roll back of an InferenceService: pure plans, written as one field, canaryTrafficPercent.

KServe keeps the last revision that had all the traffic (rolled out). Zero percent for the newest one sends everything
there; when the newest one is itself rolled out, KServe notices that it lost its traffic and goes back one further.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import FIELD_MANAGER
from ansible_collections.bentobox.platform.plugins.module_utils.kube.fields import owned, project

from .errors import OptionError
from .inference_spec import INFERENCE_API, KIND, RAW, SERVERLESS, mode_of
from .inference_verdict import Scene
from .pods import name_of

Obj = dict[str, Any]


class Move(Enum):
    PROMOTE = "promote"
    ROLLBACK = "rollback"


@dataclass(frozen=True)
class Plan:
    target: str  # the revision that is to get all requests
    desired: Obj | None = None  # None: that is so already


def plan(move: Move, service: Obj, scene: Scene) -> Plan:
    """Raises OptionError where there is nothing to go to."""
    who = f"InferenceService {service['metadata']['namespace']}/{service['metadata']['name']}"
    if mode_of(service) == RAW:
        raise OptionError(f"{move.value} needs deployment mode {SERVERLESS}: {who} is a {RAW}, which has no revisions")
    reported = scene.predictor
    newest, ready = reported.get("latestCreatedRevision") or "", reported.get("latestReadyRevision") or ""
    rolled_out = reported.get("latestRolledoutRevision") or ""
    percent = service["spec"]["predictor"].get("canaryTrafficPercent")
    if not newest:
        raise OptionError(f"{move.value}: {who} has no revision yet")
    if move is Move.PROMOTE:
        if newest != ready:
            raise OptionError(
                f"promote: the newest revision {newest} of {who} is not ready, so it cannot take all requests; "
                f"{ready or 'no revision'} was the last that was"
            )
        return Plan(newest, None if percent is None or percent == 100 else _with_percent(service, 100))
    target = _before(newest, rolled_out, reported.get("previousRolledoutRevision") or "", percent)
    if not target:
        raise OptionError(
            f"rollback: {who} has no earlier revision that was ready and had all the traffic; {newest} is its first"
        )
    if scene.revisions and target not in {name_of(revision) for revision in scene.revisions}:
        raise OptionError(f"rollback: revision {target} of {who} is gone, Knative's garbage collection took it")
    return Plan(target, None if percent == 0 else _with_percent(service, 0))


def held_back(desired: Obj, live: Obj) -> Obj | None:
    """The same with the share that the newest revision has now, where it is to get more.

    Until a newer revision is ready, Knative takes the newest ready one for the newest: one that was rolled back, or is
    only a canary, would get what is meant for its successor. So the share is raised when that is ready.
    """
    now = (live["spec"].get("predictor") or {}).get("canaryTrafficPercent")
    wanted = desired["spec"]["predictor"].get("canaryTrafficPercent")
    if now is None or now >= (100 if wanted is None else wanted):
        return None
    predictor = {**desired["spec"]["predictor"], "canaryTrafficPercent": now}
    return {**desired, "spec": {**desired["spec"], "predictor": predictor}}


def _before(newest: str, rolled_out: str, previous: str, percent: int | None) -> str:
    if rolled_out and rolled_out != newest:
        return rolled_out
    # With zero percent asked for already, KServe is about to make the previous one the rolled out one.
    return previous if rolled_out == newest or percent == 0 else ""


def _with_percent(service: Obj, percent: int) -> Obj:
    """What we once applied, with another share. Leaving anything out would take it away."""
    mine = project(service, owned(service, FIELD_MANAGER))
    metadata = {key: value for key, value in (mine.get("metadata") or {}).items() if key in ("labels", "annotations")}
    identity = {"name": service["metadata"]["name"], "namespace": service["metadata"]["namespace"]}
    spec = mine.get("spec") or {}
    predictor = {**(spec.get("predictor") or {}), "canaryTrafficPercent": percent}
    return {
        "apiVersion": INFERENCE_API,
        "kind": KIND,
        "metadata": {**metadata, **identity},
        "spec": {**spec, "predictor": predictor},
    }
