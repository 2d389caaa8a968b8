# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does an InferenceService serve what was asked? KServe's conditions tell for the last version it has seen, and its
observedGeneration is that of another object, so the objects it makes are looked at first."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from .inference_lag import lag
from .inference_spec import RAW, mode_of
from .pods import condition, is_going, name_of, uid_of
from .rollout import refusal, rollout, troubles, unhealthy
from .text import first_line
from .verdict import DONE, FAILED, GRACE_SILENCE, STUCK, WORKING, Verdict, grace_of

Obj = dict[str, Any]

SERVICE_LABEL = "serving.kserve.io/inferenceservice"
REVISION_LABEL = "serving.knative.dev/revision"
INITIALIZER = "storage-initializer"
_SERVERLESS = ("PredictorReady", "LatestDeploymentReady", "RoutesReady", "IngressReady", "Ready")
_RAW = ("PredictorReady", "IngressReady", "Ready")
GRACE_SPEC, GRACE_REVISION = 15.0, 15.0


@dataclass
class Scene:
    """Everything there is about one InferenceService at one moment."""

    service: Obj | None
    knative: Obj | None = None  # the Knative Service of the predictor
    revisions: list[Obj] = field(default_factory=list)
    workloads: list[Obj] = field(default_factory=list)  # Deployments, of all revisions
    replica_sets: list[Obj] = field(default_factory=list)
    pods: list[Obj] = field(default_factory=list)
    events: list[Obj] = field(default_factory=list)

    @property
    def predictor(self) -> Obj:
        """What KServe reports of the predictor."""
        status = (self.service or {}).get("status") or {}
        return dict((status.get("components") or {}).get("predictor") or {})

    def backing(self) -> Obj | None:
        """What KServe makes of the predictor, in either mode."""
        if self.service is None or mode_of(self.service) != RAW:
            return self.knative
        name = f"{name_of(self.service)}-predictor"
        return next((w for w in self.workloads if name_of(w) == name and not is_going(w)), None)


def judge(scene: Scene, gone_env: frozenset[str] | set[str] = frozenset(), heard: Sequence[Obj] = ()) -> Verdict:
    """gone_env: variables that the last change took away. heard: what there was to hear when it was made."""
    service = scene.service
    if service is None:
        return Verdict(FAILED, "it was deleted")
    raw = mode_of(service) == RAW
    backing = scene.backing()
    behind = "is not made yet" if backing is None else lag(service, backing, gone_env)
    if backing is None or behind:
        what = f"{'Deployment' if raw else 'Knative Service'} {name_of(service)}-predictor {behind}"
        return _controller(scene, what, heard)
    current = int((backing.get("status") or {}).get("observedGeneration") or 0)
    if current < int(backing["metadata"].get("generation") or 0):
        return Verdict(WORKING, f"{backing.get('kind')} {name_of(backing)} is not seen by its controller yet")
    waits = rollout(scene, backing) if raw else _revision(scene) or _unreported(scene)
    if waits:
        return waits
    for kind in _RAW if raw else _SERVERLESS:
        have = condition(service, kind)
        if have.get("status") != "True":
            return Verdict(WORKING, _phrase(kind, have))
    return Verdict(DONE, "ready")


def judge_traffic(scene: Scene, target: str) -> Verdict:
    """After a roll back: requests go to this revision. Whether the newest one works is of no matter."""
    service = scene.service
    if service is None:
        return Verdict(FAILED, "it was deleted")
    percent = shares(scene).get(target, 0)
    if percent != 100:
        return Verdict(WORKING, f"revision {target} has {percent} percent of the traffic")
    for kind in ("PredictorRouteReady", "IngressReady"):
        have = condition(service, kind)
        if have.get("status") != "True":
            return Verdict(WORKING, _phrase(kind, have))
    return Verdict(DONE, "traffic is back")


def shares(scene: Scene) -> dict[str, int]:
    """Percent of the traffic by revision, as KServe reports it."""
    return _shares(scene.predictor)


def _shares(status: Obj) -> dict[str, int]:
    """A revision may be listed more than once."""
    found: dict[str, int] = {}
    for entry in status.get("traffic") or []:
        name = str(entry.get("revisionName") or "")
        found[name] = found.get(name, 0) + int(entry.get("percent") or 0)
    return {name: percent for name, percent in found.items() if name}


def _words(said: Obj) -> str:
    """Reason and message of a condition, an event, a failure."""
    return ": ".join(first_line(str(said[key])) for key in ("reason", "message") if said.get(key))


def _phrase(kind: str, have: Obj) -> str:
    text = _words(have)
    return f"{kind} is {have.get('status') or 'not known yet'}" + (f" ({text})" if text else "")


def _controller(scene: Scene, what: str, heard: Sequence[Obj]) -> Verdict:
    service = scene.service or {}
    failure = model_failure(service)
    said = _model_status(service) if failure else _event(scene)
    told = failure or _words(said)
    if told:
        return Verdict(STUCK, f"KServe says: {told}", grace_of(said, heard, GRACE_SPEC))
    return Verdict(STUCK, what, GRACE_SILENCE, hint="is kserve-controller-manager running, and does it have Knative?")


def heard_of(scene: Scene) -> list[Obj]:
    """All that KServe says of it now."""
    return [*scene.events, _model_status(scene.service or {})]


def _model_status(service: Obj) -> Obj:
    return dict((service.get("status") or {}).get("modelStatus") or {})


def model_failure(service: Obj) -> str:
    """KServe leaves the last failure there when it is over, so the state beside it decides."""
    status = _model_status(service)
    if status.get("transitionStatus") not in ("InvalidSpec", "BlockedByFailedLoad"):
        return ""
    return _words(status.get("lastFailureInfo") or {})


def _event(scene: Scene) -> Obj:
    """The last of the InferenceService's own."""
    uid = uid_of(scene.service or {})
    for event in reversed(scene.events):
        if (event.get("involvedObject") or {}).get("uid") == uid and event.get("reason") != "Unhealthy":
            return event
    return {}


# -- the newest revision -----------------------------------------------------------------------------------------------
def newest_revision(scene: Scene) -> str:
    return str(((scene.knative or {}).get("status") or {}).get("latestCreatedRevisionName") or "")


def _revision(scene: Scene) -> Verdict | None:
    """None when the newest revision is ready, be it with pods or scaled to zero."""
    name = newest_revision(scene)
    if not name:
        said = _phrase("ConfigurationsReady", condition(scene.knative, "ConfigurationsReady"))
        return Verdict(STUCK, f"Knative has made no revision: {said}", GRACE_SILENCE)
    revision = next((obj for obj in scene.revisions if name_of(obj) == name), None)
    ready = condition(revision, "Ready")
    if ready.get("status") == "True":
        return None
    workload = next((obj for obj in scene.workloads if _labels(obj).get(REVISION_LABEL) == name), None)
    pods = [pod for pod in scene.pods if _labels(pod).get(REVISION_LABEL) == name and not is_going(pod)]
    troubled = (refusal(workload) if workload else None) or troubles(scene, pods)
    if troubled:
        return troubled
    failure = model_failure(scene.service or {})
    if ready.get("status") == "False":
        said = _words(ready)
        return Verdict(
            STUCK, f"revision {name} failed: {said}", GRACE_REVISION, hint=failure if failure != said else ""
        )
    said = unhealthy(scene, {uid_of(pod): name_of(pod) for pod in pods})
    return Verdict(WORKING, f"revision {name} is coming up" + (f"; {said}" if said else ""))


def _unreported(scene: Scene) -> Verdict | None:
    """KServe copies revisions and traffic from the Knative Service, with its conditions: until then these are old."""
    name, knative = newest_revision(scene), (scene.knative or {}).get("status") or {}
    if scene.predictor.get("latestReadyRevision") != name:
        return Verdict(WORKING, f"revision {name} is ready, KServe does not report it yet")
    if _shares(knative) != shares(scene):
        return Verdict(WORKING, "KServe does not report the traffic of the Knative Service yet")
    return None


def _labels(obj: Obj) -> Obj:
    return dict((obj.get("metadata") or {}).get("labels") or {})


# -- words for a person ------------------------------------------------------------------------------------------------
def still_serving(scene: Scene) -> str:
    """Who answers while the newest version does not; '' when nobody does."""
    service = scene.service
    if service is None:
        return ""
    if mode_of(service) == RAW:
        backing = scene.backing() or {}
        left = int((backing.get("status") or {}).get("availableReplicas") or 0)
        return f"the version before keeps serving, with pods: {left}" if left else ""
    newest = newest_revision(scene)
    others = {name: percent for name, percent in shares(scene).items() if name != newest and percent}
    if not others:
        return ""
    listed = ", ".join(f"{name} ({percent} percent)" for name, percent in sorted(others.items()))
    return f"the revision before keeps serving: {listed}"


_STORAGE = (
    (
        r"404|NoSuchKey|NoSuchBucket|Not Found|No such file|does not exist|no object|No model found",
        "there is nothing at {uri}",
    ),
    (
        r"403|Forbidden|Access ?Denied|InvalidAccessKeyId|SignatureDoesNotMatch|Unable to locate credentials|401|"
        r"NoCredentials|Anonymous caller",
        "{uri} may not be read; name a service_account whose Secret holds credentials for it",
    ),
    (
        r"name resolution|Name or service not known|Connection refused|timed out|EndpointConnectionError|"
        r"Max retries exceeded|No route to host|SSLError|CERTIFICATE",
        "{uri} cannot be reached from the pod: its name, the tenant's network policy and the certificate decide that",
    ),
    (r"Cannot recognize storage type|not supported|Invalid URI", "KServe cannot load from {uri}"),
)


def storage_hint(uri: str, log: str) -> str:
    """What the storage initializer's log means, in a sentence."""
    for pattern, text in _STORAGE:
        if re.search(pattern, log, re.IGNORECASE):
            return text.format(uri=uri)
    return ""
