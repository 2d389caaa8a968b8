# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Applies objects: server-side apply, in waves, with patience for what a young cluster is not ready for yet."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from .client import FIELD_MANAGER, Client
from .conversion import release_patch
from .drift import by_hand
from .errors import ApiError, Conflict, NotFound, UnknownKind
from .fields import Fields, owned, touched, unchanged
from .objects import CRD, NAMESPACE, REPLACED, Key, Obj, key_of, wave_of
from .ownership import check_owner
from .patience import patiently
from .predict import predict
from .refusals import explained, field_conflicts, immutable, passing
from .remove import deleting, wait_gone
from .wait import hopeless

Progress = Callable[[str], None]


@dataclass
class Change:
    """What happened (or would happen) to one object."""

    key: Key
    action: str  # created, updated, unchanged
    before: Obj | None = None
    after: Obj | None = None
    predicted: bool = False
    fields: Fields | None = None  # ours of an object that is not kept

    @property
    def owned(self) -> Fields:
        return owned(self.after, FIELD_MANAGER) if self.fields is None else self.fields

    def slim(self, shapes: dict[str, Fields]) -> Change:
        """Without the objects: of thousands, only which fields are ours is needed later. shapes: seen already, since
        many own the same."""
        fields = self.owned
        return Change(self.key, self.action, predicted=self.predicted, fields=shapes.setdefault(repr(fields), fields))


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
    # Namespaces and (group, kind)s that were being deleted and are made anew: what was in them went along.
    renewed_namespaces: set[str] = field(default_factory=set)
    renewed_kinds: set[tuple[str, str]] = field(default_factory=set)
    absent: set[Key] = field(default_factory=set)  # objects that were looked for and are not there

    def apply(self, obj: Obj, live: Obj | None = None, *, doubtful: bool = False, unsettled: bool = False) -> Change:
        """live: the object if it is known already; unsettled: settled() was asked of it. doubtful: check mode does not
        know all of its values."""
        key = key_of(obj)
        seen = live if unsettled else None
        if self.renewed(key):
            if self.check_mode:
                return Change(key, "created", None, obj, predicted=True)
            live = None
        if live is None and key not in self.absent and key.namespace not in self.missing_namespaces:
            live = self.live(obj)
        if live is not None and deleting(live):
            self.outlast(live)
            live = None
            if self.check_mode:
                return Change(key, "created", None, obj, predicted=True)
        if live is not None:
            if live is not seen and (settled := self.settled(obj, live)):
                return settled
            failed = hopeless(live)
            if not self.force:
                check_owner(self.client, obj, live)
            if failed:
                return self._replace(obj, live, f"{key} has failed; it is made anew")
            if patch := release_patch(obj, live):
                return self._without_webhook(obj, live, patch)
        return self._check(obj, live, doubtful) if self.check_mode else self._apply(obj, live)

    def settled(self, obj: Obj, live: Obj | None) -> Change | None:
        """What needs no request."""
        if live is None or deleting(live) or self.renewed(key_of(obj)):
            return None
        if unchanged(obj, live, FIELD_MANAGER) and not hopeless(live):
            return Change(key_of(obj), "unchanged", live, live)
        return None

    def live(self, obj: Obj) -> Obj | None:
        key = key_of(obj)
        return self.client.get_or_none(obj["apiVersion"], key.kind, key.name, key.namespace or None)

    def renewed(self, key: Key) -> bool:
        """Whether what was known of this object is no longer true, since what it lives in was made anew."""
        return key.namespace in self.renewed_namespaces or (key.group, key.kind) in self.renewed_kinds

    def outlast(self, live: Obj) -> None:
        """What is being deleted cannot be kept: it is made anew when it is gone."""
        key = key_of(live)
        if wave_of(live) == NAMESPACE:
            self.renewed_namespaces.add(key.name)
        elif wave_of(live) == CRD:
            self.renewed_kinds.add((live["spec"]["group"], live["spec"]["names"]["kind"]))
        if not self.check_mode:
            self.progress(f"{key} is being deleted; waiting until it is gone")
            self._gone(live)

    def _gone(self, live: Obj) -> None:
        wait_gone(self.client, [live], max(self.deadline, time.monotonic() + 1.0), self.progress)

    def patiently(self, key: Key, send: Callable[[], Obj]) -> Obj:
        """Repeats what is refused for reasons that heal by themselves. Raises the last ApiError."""
        return patiently(
            send, lambda error: self._transient(error, key), self.deadline, lambda text: self.progress(f"{key}: {text}")
        )

    def _send(self, obj: Obj, dry_run: bool = False) -> Obj:
        try:
            return self.client.apply(obj, force=self.force, dry_run=dry_run)
        except Conflict as error:
            causes = field_conflicts(error)
            if not causes or not all(by_hand(cause) for cause in causes):
                raise
            # What we once created or patched counts as another manager's, of our own name; and what a person changed
            # by hand is brought back, as what was changed by hand is on any other machine.
            return self.client.apply(obj, force=True, dry_run=dry_run)

    def _apply(self, obj: Obj, live: Obj | None) -> Change:
        key = key_of(obj)
        try:
            after = self.patiently(key, lambda: self._send(obj))
        except ApiError as error:
            if immutable(error) and (key.group, key.kind) in REPLACED and live is not None:
                return self._replace(obj, live, f"{key} cannot be changed in place; it is made anew")
            raise explained(error, obj) from None
        if deleting(after):  # by somebody, since we looked
            self.outlast(after)
            return self._apply(obj, None)
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
                (immutable(error) and (key.group, key.kind) in REPLACED)
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
        self._gone(live)
        return Change(key, "updated", live, self._apply(obj, None).after)

    def _transient(self, error: ApiError, key: Key) -> str:
        """Why this will heal by itself, or nothing."""
        ours = (key.group, key.kind) in self.awaited_kinds
        if isinstance(error, UnknownKind) or "no matches for kind" in error.message:
            return "its kind is not served yet" if ours else ""
        if why := passing(error):
            return why
        if isinstance(error, NotFound) and ours:
            return "its kind is not served yet"
        if isinstance(error, Conflict) and not field_conflicts(error):
            return "it was changed by somebody else meanwhile"
        return ""
