# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The objects around one BentoRequest: reading them, removing them, and setting its conditions back."""

from __future__ import annotations

import time
from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import ApiError, Forbidden, UnknownKind

from .errors import ServingError, TimedOut
from .look import Look
from .names import RESOURCES_API, SERVING_API
from .pods import conditions, is_going, name_of, newest, owner_uids, uid_of

Obj = dict[str, Any]

BUILDER = "yatai.ai/is-bento-image-builder=true"
GONE_TIMEOUT = 120.0  # a builder that runs is given half a minute to end


class RequestObjects:
    def __init__(self, client: Any, name: str, namespace: str) -> None:
        self.client, self.name, self.namespace = client, name, namespace

    def request(self) -> Obj | None:
        """None when there is none. Raises UnknownKind when the cluster has no builder."""
        # Asked first, since a missing definition and a missing object are both "not found".
        self.client.resource(RESOURCES_API, "BentoRequest")
        found: Obj | None = self.client.get_or_none(RESOURCES_API, "BentoRequest", self.name, self.namespace)
        return found

    def settled_request(self) -> Obj | None:
        """The request; one that is being deleted is waited for, since a change of it would be lost."""
        try:
            live = self.request()
        except UnknownKind:
            raise ServingError(
                "the cluster knows no BentoRequest: install yatai-image-builder first "
                "(role bentobox.platform.yatai_image_builder)"
            ) from None
        deadline = time.monotonic() + GONE_TIMEOUT
        while live and is_going(live):
            if time.monotonic() > deadline:
                raise TimedOut(f"BentoRequest {self.namespace}/{self.name} is being deleted, but does not go away")
            time.sleep(0.5)
            live = self.request()
        return live

    def bento(self) -> Obj | None:
        try:
            found: Obj | None = self.client.get_or_none(RESOURCES_API, "Bento", self.name, self.namespace)
        except UnknownKind:
            return None
        return found

    def image(self) -> str:
        return str(((self.bento() or {}).get("spec") or {}).get("image") or "")

    def look(self) -> Look:
        return Look.builders(self.client, self.namespace, BUILDER)

    def newest_pod(self, live: Obj) -> Obj | None:
        return newest(self.look().children(live)[1])

    def users(self) -> list[str]:
        """Names of the BentoDeployments that use the Bento."""
        try:
            deployments = self.client.list(SERVING_API, "BentoDeployment", self.namespace)
        except (UnknownKind, Forbidden):
            return []
        return sorted(name_of(d) for d in deployments if (d.get("spec") or {}).get("bento") == self.name)

    def remove(self, live: Obj) -> None:
        """The request with its Bento, Jobs and pods; returns when all are gone, so that nothing of it is seen again."""
        jobs, pods = self.look().children(live)
        self.client.delete(RESOURCES_API, "BentoRequest", self.name, self.namespace, uid=uid_of(live))
        deadline = time.monotonic() + GONE_TIMEOUT
        while True:
            look, bento = self.look(), self.bento()
            there = {uid_of(obj) for obj in (*look.jobs, *look.pods, self.request() or {})}
            left = [obj for obj in (*jobs, *pods, live) if uid_of(obj) in there]
            if bento and uid_of(live) in owner_uids(bento):
                left.append(bento)
            if not left:
                return
            if time.monotonic() > deadline:
                names = ", ".join(f"{obj.get('kind')} {name_of(obj)}" for obj in left)
                raise TimedOut(
                    f"BentoRequest {self.namespace}/{self.name} was deleted, but {names} did not go away; "
                    "is kube-controller-manager, which collects garbage, running?"
                )
            time.sleep(0.5)

    def remove_builders(self, live: Obj) -> None:
        jobs, pods = self.look().children(live)
        for obj in (*jobs, *pods):
            self.client.delete(obj["apiVersion"], obj["kind"], name_of(obj), self.namespace, uid=uid_of(obj))

    def set_conditions(self, live: Obj, **wanted: tuple[str, str]) -> None:
        """What 1.1's operators look at again: they ask the registry only while ImageExists is unknown."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        kept = [c for c in conditions(live) if c.get("type") not in wanted]
        made = [
            {"type": kind, "status": status, "reason": "Reconciling", "message": message, "lastTransitionTime": stamp}
            for kind, (status, message) in wanted.items()
        ]
        path = self.client.resource(RESOURCES_API, "BentoRequest").path(self.namespace, self.name)
        self.client.request(
            "PATCH",
            f"{path}/status",
            body={"status": {"conditions": kept + made}},
            content_type="application/merge-patch+json",
            verb="patch status of",
            what=f"BentoRequest {self.namespace}/{self.name}",
        )

    def is_1_2(self, tag: str) -> bool:
        """1.2's BentoRequest knows buildArgs; asked by a dry run, which needs no rights on the definition."""
        probe = {
            "apiVersion": RESOURCES_API,
            "kind": "BentoRequest",
            "metadata": {"name": f"{self.name[:50]}-probe", "namespace": self.namespace},
            "spec": {"bentoTag": tag, "buildArgs": ["A=1"]},
        }
        try:
            made = self.client.create(probe, dry_run=True)
        except ApiError as error:
            if "buildArgs" in error.message:
                return False
            raise
        return bool(made["spec"].get("buildArgs"))
