# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an API server refuses and why: what heals by itself, and what to tell an operator of the rest."""

from __future__ import annotations

import re

from .errors import ApiError, Conflict, Forbidden, KubeError, NotFound
from .objects import Obj, key_of
from .redact import scrub, secret_values

_MOST = 600  # characters of a server's message: validation quotes whole objects
# Texts of a webhook that is installed but not serving, or whose certificate is not there yet.
_WEBHOOK = ("failed calling webhook", "conversion webhook for")
_TOO_LARGE = (
    "request is too large",
    "Request entity too large",
    "Too long: may not be more than",
    "Too long: must have",
)
_UNKNOWN = "correct the manifest: unknown fields are refused, since the server would drop them"
# What follows the server's own words; the first text that is found in them counts.
_HINTS = (
    ("exceeded quota", "raise that ResourceQuota, or ask for less"),
    ("must specify", "set requests and limits, which that namespace's ResourceQuota wants"),
    (
        "attempting to grant RBAC permissions not currently held",
        "these credentials can only grant what they hold themselves (or need the verbs escalate and bind)",
    ),
    ("field not declared in schema", _UNKNOWN),
    ("unknown field", _UNKNOWN),
    ("denied the request", "correct the manifest, or what that webhook asks for"),
    ("violates PodSecurity", "correct the manifest, or relax the namespace's policy with 'create_namespace_labels'"),
)


def field_conflicts(error: ApiError) -> list[dict[str, str]]:
    causes = error.details.get("causes") or []
    return [cause for cause in causes if cause.get("reason") == "FieldManagerConflict"]


def manager_of(cause: dict[str, str]) -> str:
    text = cause.get("message", "")
    return text.split('"')[1] if text.count('"') >= 2 else text


def immutable(error: ApiError) -> bool:
    return error.status == 422 and ("immutable" in error.message or "may not change fields other than" in error.message)


def terminating(error: ApiError) -> bool:
    """Refused since the object's namespace is being deleted."""
    causes = error.details.get("causes") or []
    return isinstance(error, Forbidden) and any(cause.get("reason") == "NamespaceTerminating" for cause in causes)


def passing(error: ApiError) -> str:
    """Why this refusal will pass by itself, whatever was asked; or nothing."""
    if terminating(error):
        return "its namespace is being deleted"
    if "status unknown for quota" in error.message:
        return "its namespace's quota has not been counted yet"
    if 'serviceaccount "default" not found' in error.message:
        return "its namespace's default ServiceAccount has not been made yet"
    if "does not match the current range" in error.message:
        return "the API server has just started and does not know its range of Service addresses yet"
    return silent_webhook(error)


def silent_webhook(error: ApiError) -> str:
    """Why a webhook that had to be asked did not answer; nothing when that is not what happened."""
    if not any(text in error.message for text in _WEBHOOK):
        return ""
    name = re.search(r'failed calling webhook "([^"]+)"', error.message)
    return f"an admission webhook does not answer yet ({f'{name[1]}: ' if name else ''}{_tail(error.message)})"


def _tail(message: str) -> str:
    return message.rsplit(": ", 1)[-1]


def explained(error: ApiError, obj: Obj, verb: str = "apply") -> KubeError:
    """The error an operator can act on; values of a Secret never get into it."""
    key = key_of(obj)
    message = scrub(error.message, secret_values(obj))
    conflicts = field_conflicts(error)
    if conflicts:
        fields = ", ".join(f"{cause.get('field')} ({manager_of(cause)})" for cause in conflicts)
        managers = ", ".join(sorted({manager_of(cause) for cause in conflicts}))
        text = (
            f"apply {key}: {managers} manages fields that this component sets: {fields}; leave them out (patch), "
            "or set 'take_ownership: true'"
        )
        return Conflict(error.status, error.reason, text, details=error.details)
    hint = _hint(error, obj)
    if hint:
        message = f"{message[:_MOST]}; {hint}"
    fresh = type(error)(error.status, error.reason, message, verb=verb, what=str(key), details=error.details)
    fresh.__cause__ = None
    return fresh


def _hint(error: ApiError, obj: Obj) -> str:
    if any(text in error.message for text in _TOO_LARGE):
        return (
            "it is too large for the API: a ConfigMap or Secret holds 1 MiB, the annotations of an object 256 KiB, "
            "any object about 1.5 MiB; split it"
        )
    if immutable(error):
        return "this cannot be changed in place: delete the object first, if you can do without it"
    if terminating(error):
        namespace = obj["metadata"].get("namespace")
        return f"see what holds it with 'kubectl describe namespace {namespace}', or raise wait_timeout"
    if silent_webhook(error):
        return "see whether what serves that webhook runs, or raise wait_timeout"
    if isinstance(error, NotFound) and 'namespaces "' in error.message:
        return "name that namespace in 'namespaces' to have it made first"
    return next((hint for text, hint in _HINTS if text in error.message), "")
