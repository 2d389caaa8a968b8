# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between us and a Kubernetes API server, as types."""

from __future__ import annotations

import re
from typing import Any

# How RBAC says no; what is missing is in the middle of a long sentence.
_RBAC = re.compile(
    r'cannot (?P<verb>\S+) resource "(?P<resource>[^"]+)" in API group "(?P<group>[^"]*)"'
    r'(?: in the namespace "(?P<namespace>[^"]+)")?'
)


class KubeError(Exception):
    """Base of everything this package raises on purpose; its text is fit for an operator's eyes."""


class ConfigError(KubeError):
    """The connection options or the kubeconfig cannot work."""


class RenderError(KubeError):
    """Manifests, charts, patches or drops are not what they must be."""


class WaitTimeout(KubeError):
    """The deadline passed; ``reasons`` says what was not ready and why."""

    def __init__(self, message: str, reasons: list[str] | None = None) -> None:
        super().__init__(message)
        self.reasons = reasons or []


class ApiError(KubeError):
    """The API server answered with an error (or did not answer: status 0)."""

    def __init__(
        self,
        status: int,
        reason: str,
        message: str,
        *,
        verb: str = "",
        what: str = "",
        details: dict[str, Any] | None = None,
    ) -> None:
        self.status = status
        self.reason = reason
        self.message = message
        self.verb = verb
        self.what = what
        self.details = details or {}
        code = f"HTTP {status}" if status else "no answer"
        super().__init__(f"{verb} {what}: {message} ({reason}, {code})".strip())


class NotFound(ApiError):
    """404: no such object (or no such path)."""


class UnknownKind(NotFound):
    """The cluster does not know this kind: its CustomResourceDefinition is missing."""


class Conflict(ApiError):
    """409: another field manager owns a field, the object exists, or it changed meanwhile."""


class Forbidden(ApiError):
    """401 or 403: these credentials may not do that."""


class Unavailable(ApiError):
    """No connection, or the server says it cannot serve now, for longer than we were ready to wait."""


_BY_STATUS: dict[int, type[ApiError]] = {
    401: Forbidden,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    429: Unavailable,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def api_error(status: int, payload: Any, *, verb: str, what: str) -> ApiError:
    """Build the fitting exception from an answer's status and (parsed or raw) body."""
    reason, message = "", ""
    details: dict[str, Any] = {}
    if isinstance(payload, dict):
        reason = str(payload.get("reason") or "")
        message = str(payload.get("message") or "")
        details = payload.get("details") or {}
    elif payload:
        message = str(payload)[:500].strip()
    if status == 401:
        message = (message or "Unauthorized") + (
            "; the credentials were refused: the token or client certificate is wrong or has expired. Renew it in the "
            "kubeconfig, or set 'api_key' or 'client_cert'"
        )
    elif status == 403:
        message += missing_right(message)
    cls = _BY_STATUS.get(status, ApiError)
    return cls(status, reason or f"Status{status}", message or "no message", verb=verb, what=what, details=details)


def missing_right(message: str) -> str:
    """What to grant to whom RBAC refuses something; nothing when something else refused it."""
    found = _RBAC.search(message)
    if not found:
        return ""
    resource = f"{found['resource']}.{found['group']}" if found["group"] else found["resource"]
    where = f"in namespace {found['namespace']}" if found["namespace"] else "in the whole cluster"
    return f"; grant these credentials the verb '{found['verb']}' on '{resource}' {where}"
