# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From a bento to its image: BentoRequest, wait, Bento, digest."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import (
    UnknownKind,
)

from . import image_request
from .errors import BuildFailed, OptionError, RegistryError, TimedOut
from .image_objects import RequestObjects
from .image_preflight import preflight
from .image_request import BuildOptions
from .image_verdict import judge
from .look import Look, apply_if_changed, fields, last_words
from .pods import active_container, condition, conditions, is_going, name_of, owner_uids, uid_of
from .registry import Registry
from .verdict import DONE, FAILED, STUCK, WORKING, Patience, Verdict

Obj = dict[str, Any]

RETRIES = 3  # of downloads and lost pods, where the builder itself does not (1.1.4)


@dataclass
class Settings:
    """What of the options is not in the request."""

    rebuild: bool = False
    wait: bool = True
    timeout: float = 900.0
    unschedulable_timeout: float = 60.0
    builder_namespace: str = "yatai-image-builder"
    take_ownership: bool = False
    check_mode: bool = False
    poll: float = 2.0


class ImageBuild:
    """One bento's image. record tells whether Yatai knows the bento (None: it could not be asked)."""

    def __init__(
        self,
        client: Any,
        options: BuildOptions,
        settings: Settings,
        *,
        registry: Registry | None = None,
        record: Callable[[], bool | None] | None = None,
        warn: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self.client, self.options, self.settings = client, options, settings
        self.registry, self.record, self.warn = registry, record, warn
        self.objects = RequestObjects(client, options.name, options.namespace)
        self._over: set[str] = set()  # uids of the pods and Jobs of attempts that are judged already
        self._heard: list[Obj] = []  # what the operator had said when the request was written

    # -- present ---------------------------------------------------------------------------------------------------
    def present(self) -> Obj:
        start = time.monotonic()
        live, bento = self._live(), self.objects.bento()
        tag = str(self.options.tag)
        if live and live["spec"].get("bentoTag") != tag:
            raise OptionError(
                f"BentoRequest {self.options.namespace}/{self.options.name} is of bento "
                f"{live['spec'].get('bentoTag')}, not {tag}: give another name"
            )
        now = self._look(live, bento) if live else Verdict(WORKING, "there is no request")
        again, why = self._again(live, bento, now)
        if now.state != DONE or again:
            self._preflight()
        attempt = image_request.attempt_of(live) + (1 if again else 0)
        desired = image_request.manifest(self.options, live, attempt=attempt)
        check = self.settings.check_mode
        recreate = bool(again and live and now.state == DONE and self.objects.is_1_2(tag))
        if recreate:
            # 1.2 asks the registry once per request and minds the force mark only when it is made with it.
            desired = image_request.manifest(self.options, force=self.settings.rebuild)
        change = apply_if_changed(
            self.client, desired, live, force=self.settings.take_ownership, check_mode=True, compare=not recreate
        )
        result = {"changed": change.changed or bool(again), "diff": change.diff, "why": why}
        if live and change.changed and not again and now.state == DONE and _affects_image(live, change.after):
            self.warn(
                f"the image of {tag} exists and is not built again for the changed options; use rebuild: true for that"
            )
        if check:
            return {**result, **self._facts(live, bento, now, start, built=False)}
        if recreate and live:
            self.warn(f"Bento {self.options.name} is gone until its image is built again; deployments that run stay up")
            self.objects.remove(live)
            live = self.client.create(desired)
        elif change.changed or again:
            if again and live:
                self._forget(live, now)
            live = self._write(desired, live)
        if not self.settings.wait:
            return {**result, **self._facts(live, bento, now, start, built=False)}
        verdict, built = self._wait(start, started=bool(again) or now.state != DONE)
        return {**result, **self._facts(self.objects.request(), self.objects.bento(), verdict, start, built=built)}

    def _preflight(self) -> None:
        try:
            preflight(self.client, self.options, self.settings.builder_namespace, self.record, self.warn)
        except OptionError as error:
            if not self.settings.check_mode:
                raise
            # What is missing may be what a task before this one would have made.
            self.warn(str(error))

    def _again(self, live: Obj | None, bento: Obj | None, now: Verdict) -> tuple[bool, str]:
        """Whether a build has to be started although there is a request, and why."""
        if not live:
            return False, "new"
        told = condition(live, "BentoAvailable")
        if now.state in (FAILED, STUCK) or (not now.generation and told.get("status") == "False"):
            # No operator tries again by itself, or only after pauses that grow to minutes; a change wakes it.
            return bool(told) or bool(now.generation), f"the last build failed: {now.reason}"
        if now.state != DONE:
            return False, "a build is under way"
        if self.settings.rebuild:
            return True, "rebuild is asked for"
        if self.registry and bento and self._digest(bento["spec"]["image"]) is None:
            # The operators never look again; only a node's failing pull would tell.
            return True, f"the registry has no {bento['spec']['image']} any more"
        return False, "the image exists"

    # -- absent ----------------------------------------------------------------------------------------------------
    def absent(self) -> Obj:
        start = time.monotonic()
        live = self._live()
        image = self.objects.image()
        facts = {**self._facts(live, None, Verdict(WORKING, ""), start, built=False), "image": image}
        if live is None:
            return {"changed": False, "diff": {"before": {}, "after": {}}, "why": "it is not there", **facts}
        if image:
            self.warn(f"image {image} stays in its registry: neither Yatai nor the builder ever removes one")
        used = self.objects.users()
        if used:
            self.warn(
                f"Bento {self.options.name} is used by BentoDeployment {', '.join(used)}: what runs stays up, "
                "but cannot be changed"
            )
        if not self.settings.check_mode:
            self.objects.remove(live)
        facts["seconds"] = round(time.monotonic() - start, 1)
        return {"changed": True, "diff": {"before": fields(live), "after": {}}, "why": "absent is asked for", **facts}

    def _live(self) -> Obj | None:
        if not self.settings.check_mode:
            return self.objects.settled_request()
        try:
            return self.objects.request()
        except UnknownKind:
            self.warn("the cluster knows no BentoRequest yet: what would happen is a guess")
            return None

    # -- looking ---------------------------------------------------------------------------------------------------
    def _look(self, live: Obj, bento: Obj | None) -> Verdict:
        look = self.objects.look()
        jobs = [job for job in look.jobs if uid_of(job) not in self._over]
        pods = [pod for pod in look.pods if uid_of(pod) not in self._over and not owner_uids(pod) & self._over]
        return judge(live, bento, jobs, pods, self._events(live, jobs), self._heard)

    def _events(self, live: Obj, jobs: list[Obj]) -> list[Obj]:
        return Look.events(self.client, self.options.namespace, {uid_of(o) for o in (live, *jobs)})

    def _wait(self, start: float, *, started: bool) -> tuple[Verdict, bool]:
        deadline = start + self.settings.timeout
        patience = Patience()
        built, retries, verdict = False, 0, Verdict(WORKING, "nothing was seen yet")
        while True:
            live = self.objects.request()
            if live is None or is_going(live):
                raise BuildFailed(
                    f"BentoRequest {self.options.namespace}/{self.options.name} was deleted while its image was built"
                )
            verdict = self._look(live, self.objects.bento())
            if verdict.state == STUCK and verdict.grace < 0:
                verdict = Verdict(**{**verdict.__dict__, "grace": self.settings.unschedulable_timeout})
            verdict = patience.judge(verdict)
            built = built or (started and bool(verdict.generation) and verdict.state != FAILED)
            if verdict.state == DONE:
                return verdict, built
            if verdict.state == FAILED and verdict.retry and verdict.generation == "pod" and retries < RETRIES:
                retries += 1
                self.warn(f"{verdict.reason}; building again ({retries} of {RETRIES})")
                time.sleep(min(5.0 * 2 ** (retries - 1), max(0.0, deadline - time.monotonic())))
                self._retry(live)
            elif verdict.state == FAILED:
                raise BuildFailed(self._obituary(live, verdict))
            if time.monotonic() > deadline:
                self._give_up(live, verdict)
            time.sleep(min(self.settings.poll, max(0.1, deadline - time.monotonic())))

    # -- starting again --------------------------------------------------------------------------------------------
    def _retry(self, live: Obj) -> None:
        self._forget(live, Verdict(FAILED, ""))
        desired = image_request.manifest(self.options, live, attempt=image_request.attempt_of(live) + 1)
        self._write(desired, live)

    def _write(self, desired: Obj, live: Obj | None) -> Obj:
        events = self._events(live, []) if live and self.settings.wait else []
        after = apply_if_changed(self.client, desired, live, force=self.settings.take_ownership, check_mode=False).after
        self._heard = conditions(after) + events
        return after

    def _forget(self, live: Obj, now: Verdict) -> None:
        """Make the operator and us see the request anew; the change of its spec that follows starts the build."""
        jobs, pods = self.objects.look().children(live)
        self._over |= {uid_of(o) for o in (*jobs, *pods)}
        if now.state == DONE:
            image = self.objects.image()
            self.objects.set_conditions(
                live, ImageExists=("False", f"Image {image} is to be built"), BentoAvailable=("Unknown", "Reconciling")
            )

    # -- the ends --------------------------------------------------------------------------------------------------
    def _give_up(self, live: Obj, verdict: Verdict) -> None:
        """The operators' own timeout does nothing, and a deleted pod or Job comes back: the request must yield."""
        words = self._obituary(live, verdict)
        image = self.objects.image()
        if image and (self.registry is None or self._digest(image)):
            # A rebuild: the old image and its Bento are still good, so the request goes back to them.
            self.objects.set_conditions(live, ImageExists=("True", image), BentoAvailable=("Unknown", "Reconciling"))
            self.objects.remove_builders(live)
            what = "the build was stopped and the image that was there before stays in use"
        else:
            self.objects.remove(live)
            what = "the request was removed to stop the build"
        raise TimedOut(
            f"no image after {self.settings.timeout:g} s (raise timeout if it needs longer); {what}: {words}"
        )

    def _obituary(self, live: Obj, verdict: Verdict) -> str:
        text = f"building the image of bento {self.options.tag} in namespace {self.options.namespace}: {verdict.reason}"
        if verdict.hint:
            text += f"; {verdict.hint}"
        pod, container = verdict.pod, verdict.container
        if not pod:
            running = self.objects.newest_pod(live)
            pod, container = (name_of(running), active_container(running)) if running else ("", "")
        return text + last_words(self.client, self.options.namespace, pod, container, verdict.previous)

    def _digest(self, image: str) -> str | None:
        return self.registry.digest(image) if self.registry else None

    def _facts(self, live: Obj | None, bento: Obj | None, verdict: Verdict, start: float, *, built: bool) -> Obj:
        image = ((bento or {}).get("spec") or {}).get("image") or ""
        digest = ""
        if image and self.registry and verdict.state == DONE:
            found = self._digest(image)
            if found is None and not self.settings.check_mode and self.settings.wait:
                raise RegistryError(
                    f"the builder says that {image} is built, but registry {self.registry.address} has no such image"
                )
            digest = found or ""
        return {
            "image": image,
            "digest": digest,
            "bento": self.options.name,
            "request": self.options.name,
            "namespace": self.options.namespace,
            "tag": str(self.options.tag),
            "built": built,
            "generation": verdict.generation,
            "seconds": round(time.monotonic() - start, 1),
            "conditions": conditions(live),
        }


def _affects_image(before: Obj, after: Obj) -> bool:
    keys = ("downloadUrl", "imageBuilderExtraContainerEnv", "models")
    old, new = before.get("spec") or {}, after.get("spec") or {}
    return any(old.get(key) != new.get(key) for key in keys)
