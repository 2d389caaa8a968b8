# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applies objects: server-side apply, in waves, with patience for what a young cluster is not ready for yet."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .applyset import PART_OF
from .client import FIELD_MANAGER, Client
from .conversion import release_patch
from .errors import ApiError, Conflict, Forbidden, KubeError, NotFound, UnknownKind
from .fields import touched, unchanged
from .objects import REPLACED, Key, Obj, key_of
from .predict import predict
from .redact import scrub, secret_values
from .transport import backoff
from .wait import hopeless, wait_until

Progress = Callable[[str], None]
# Texts of a webhook that is installed but not serving, or whose certificate is not there yet.
_WEBHOOK = ("failed calling webhook", "conversion webhook for")


@dataclass
class Change:
    """What happened (or would happen) to one object."""

    key: Key
    action: str  # created, updated, unchanged
    before: Obj | None = None
    after: Obj | None = None
    predicted: bool = False


@dataclass
class Applier:
    """One run's way of applying."""

    client: Client
    deadline: float  # of time.monotonic()
    check_mode: bool = False
    force: bool = False
    progress: Progress = field(default=lambda text: None)
    awaited_kinds: set[tuple[str, str]] = field(default_factory=set)  # (group, kind) whose CRD comes with us
    missing_namespaces: set[str] = field(default_factory=set)  # check mode: they would be there by now
    absent: set[Key] = field(default_factory=set)  # objects that were looked for and are not there

    def apply(self, obj: Obj, live: Obj | None = None, *, doubtful: bool = False) -> Change:
        """live: the object if it is known already. doubtful: check mode does not know all of its values."""
        key = key_of(obj)
        if live is None and key not in self.absent and key.namespace not in self.missing_namespaces:
            live = self.live(obj)
        if settled := self.settled(obj, live):
            return settled
        if live is not None:
            failed = hopeless(live)
            if not self.force:
                check_owner(obj, live)
            if failed:
                return self._replace(obj, live, f"{key} has failed; it is made anew")
            if patch := release_patch(obj, live):
                return self._without_webhook(obj, live, patch)
        return self._check(obj, live, doubtful) if self.check_mode else self._apply(obj, live)

    @staticmethod
    def settled(obj: Obj, live: Obj | None) -> Change | None:
        """What needs no request."""
        if live is not None and unchanged(obj, live, FIELD_MANAGER) and not hopeless(live):
            return Change(key_of(obj), "unchanged", live, live)
        return None

    def live(self, obj: Obj) -> Obj | None:
        key = key_of(obj)
        return self.client.get_or_none(obj["apiVersion"], key.kind, key.name, key.namespace or None)

    def _send(self, obj: Obj, dry_run: bool = False) -> Obj:
        try:
            return self.client.apply(obj, force=self.force, dry_run=dry_run)
        except Conflict as error:
            managers = {_manager(cause) for cause in _field_conflicts(error)}
            if managers != {FIELD_MANAGER}:
                raise
            # What we once created or patched counts as another manager's, of our own name.
            return self.client.apply(obj, force=True, dry_run=dry_run)

    def _apply(self, obj: Obj, live: Obj | None) -> Change:
        key = key_of(obj)
        attempt, said = 0, ""
        while True:
            attempt += 1
            try:
                after = self._send(obj)
                break
            except ApiError as error:
                if _immutable(error) and (key.group, key.kind) in REPLACED and live is not None:
                    return self._replace(obj, live, f"{key} cannot be changed in place; it is made anew")
                why = self._transient(error, key)
                if not why or time.monotonic() > self.deadline:
                    raise explained(error, obj) from None
                if why != said:
                    self.progress(f"{key}: waiting, since {why}")
                    said = why
                time.sleep(max(0.0, min(backoff(attempt), self.deadline - time.monotonic() + 0.1)))
        if live is None:
            return Change(key, "created", None, after)
        moved = after["metadata"].get("resourceVersion") != live["metadata"].get("resourceVersion")
        changed = moved and touched(live, after, FIELD_MANAGER)
        return Change(key, "updated" if changed else "unchanged", live, after)

    def _check(self, obj: Obj, live: Obj | None, doubtful: bool) -> Change:
        key = key_of(obj)
        if key.namespace in self.missing_namespaces or (live is None and doubtful):
            return Change(key, "created", None, obj, predicted=True)
        if doubtful:
            return Change(key, "updated", live, obj, predicted=True)
        try:
            after = self._send(obj, dry_run=True)
        except (UnknownKind, NotFound):  # the kind, or a namespace another component makes
            return Change(key, predict(obj, live), live, obj, predicted=True)
        except ApiError as error:
            if (
                (_immutable(error) and (key.group, key.kind) in REPLACED)
                or self._transient(error, key)
                or ("does not support dry run" in error.message)
            ):
                return Change(key, predict(obj, live), live, obj, predicted=True)
            raise explained(error, obj) from None
        if live is None:
            return Change(key, "created", None, after)
        return Change(key, "updated" if touched(live, after, FIELD_MANAGER) else "unchanged", live, after)

    def _without_webhook(self, obj: Obj, live: Obj, patch: Obj) -> Change:
        key = key_of(obj)
        self.client.patch(obj["apiVersion"], key.kind, key.name, None, patch, dry_run=self.check_mode)
        if self.check_mode:
            return Change(key, "updated", live, obj, predicted=True)
        return Change(key, "updated", live, self._apply(obj, live).after)

    def _replace(self, obj: Obj, live: Obj, why: str) -> Change:
        key = key_of(obj)
        if self.check_mode:
            return Change(key, "updated", live, obj, predicted=True)
        self.progress(why)
        self.client.delete(obj["apiVersion"], key.kind, key.name, key.namespace, uid=live["metadata"]["uid"])
        wait_until(
            lambda: self.live(obj) is None,
            max(1.0, self.deadline - time.monotonic()),
            0.3,
            what=f"that the old {key} is gone",
        )
        return Change(key, "updated", live, self._apply(obj, None).after)

    def _transient(self, error: ApiError, key: Key) -> str:
        """Why this will heal by itself, or nothing."""
        if isinstance(error, UnknownKind) or "no matches for kind" in error.message:
            return "its kind is not served yet" if (key.group, key.kind) in self.awaited_kinds else ""
        if any(text in error.message for text in _WEBHOOK):
            return f"an admission webhook does not answer yet ({_tail(error.message)})"
        if isinstance(error, NotFound) and (key.group, key.kind) in self.awaited_kinds:
            return "its kind is not served yet"
        causes = error.details.get("causes") or []
        if isinstance(error, Forbidden) and any(cause.get("reason") == "NamespaceTerminating" for cause in causes):
            return f"namespace {key.namespace} is being deleted"
        if isinstance(error, Conflict) and not _field_conflicts(error):
            return "it was changed by somebody else meanwhile"
        return ""


def _tail(message: str) -> str:
    return message.rsplit(": ", 1)[-1]


def _immutable(error: ApiError) -> bool:
    return error.status == 422 and ("immutable" in error.message or "may not change fields other than" in error.message)


def _field_conflicts(error: ApiError) -> list[dict[str, str]]:
    causes = error.details.get("causes") or []
    return [cause for cause in causes if cause.get("reason") == "FieldManagerConflict"]


def check_owner(obj: Obj, live: Obj) -> None:
    """Never take over silently what another component or another tool has made."""
    key = key_of(obj)
    metadata = live["metadata"]
    have = (metadata.get("labels") or {}).get(PART_OF)
    want = (obj["metadata"].get("labels") or {}).get(PART_OF)
    if have and want and have != want:
        raise KubeError(
            f"apply {key}: it belongs to another ApplySet ({have}); remove it from one of the two components, "
            "or set 'take_ownership: true' to move it to this one"
        )
    entries = metadata.get("managedFields") or []
    managers = {str(entry.get("manager")) for entry in entries if not entry.get("subresource")}
    if have or FIELD_MANAGER in managers or _shared(key):
        return
    raise KubeError(
        f"apply {key}: it exists already and was made by {', '.join(sorted(managers)) or 'somebody else'}; "
        "set 'take_ownership: true' to manage it here from now on"
    )


def _shared(key: Key) -> bool:
    """Things that exist for several to write to."""
    return key.kind == "Namespace" or (key.kind == "ServiceAccount" and key.name == "default")


def explained(error: ApiError, obj: Obj) -> KubeError:
    """The error an operator can act on; values of a Secret never get into it."""
    key = key_of(obj)
    secrets = secret_values(obj)
    conflicts = _field_conflicts(error)
    message = scrub(error.message, secrets)
    if conflicts:
        fields = ", ".join(f"{cause.get('field')} ({_manager(cause)})" for cause in conflicts)
        managers = ", ".join(sorted({_manager(cause) for cause in conflicts}))
        text = (
            f"apply {key}: {managers} manages fields that this component sets: {fields}; leave them out (patch), "
            "or set 'take_ownership: true'"
        )
        return Conflict(error.status, error.reason, text, details=error.details)
    if isinstance(error, Forbidden) and error.status == 403:
        message += "; grant these credentials the verbs get, list, watch, create, patch and delete on it"
    elif _immutable(error):
        message = message[:600] + "; this cannot be changed in place: delete the object first, if you can do without it"
    elif "field not declared in schema" in message or "unknown field" in message:
        message += "; correct the manifest: unknown fields are refused, since the server would drop them"
    fresh = type(error)(error.status, error.reason, message, verb="apply", what=str(key), details=error.details)
    fresh.__cause__ = None
    return fresh


def _manager(cause: dict[str, str]) -> str:
    text = cause.get("message", "")
    return text.split('"')[1] if text.count('"') >= 2 else text
