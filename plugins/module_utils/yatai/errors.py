# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with Yatai, its object store and a bento on disk. Messages never hold a token or a signed URL."""

from __future__ import annotations

import json
import re

# Yatai answers 400 or 403 for its own faults too: what its database driver says tells them from the caller's.
_TRANSIENT = re.compile(
    r"failed to connect to|connection refused|connection reset|bad connection|broken pipe|unexpected EOF"
    r"|server closed the connection|the database system is (starting|shutting|in recovery)|SQLSTATE (57P0|08|53)"
    r"|dial (tcp|error)|i/o timeout|driver: |conn closed|SlowDown|ServiceUnavailable|InternalError|no such host"
    r"|50[0234] (Internal Server Error|Bad Gateway|Service Unavailable|Gateway Timeout)|: EOF\b|idle connection"
    r"|no endpoints available|error trying to reach service",
    re.IGNORECASE,
)
_DROPPED = re.compile(r"error trying to reach service.*(EOF|reset)", re.IGNORECASE | re.DOTALL)


class YataiError(Exception):
    """Base of everything this package raises on purpose."""


class SourceError(YataiError):
    """The bento or model on disk is missing, broken or incomplete."""


class MissingModels(SourceError):
    """A bento names models that are neither on disk nor in Yatai."""

    def __init__(self, message: str, missing: list[str]) -> None:
        super().__init__(message)
        self.missing = missing


class ContentDiffers(YataiError):
    """The tag exists with other content; tags are immutable unless forced."""


class VerifyError(YataiError):
    """What is stored is not what was sent, or what came is not what was stored."""


class PayloadTooLarge(YataiError):
    """A JSON body above the server's 256 KiB."""


class Unreachable(YataiError):
    """Nothing answered within the deadline."""


class RequestDropped(YataiError):
    """The server lives, yet drops the connection on this request (a token without scopes crashes the request)."""


class StoreError(YataiError):
    """The object store refused a presigned request."""

    def __init__(self, message: str, status: int = 0, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class ApiError(YataiError):
    """Yatai answered with an error."""

    hint = ""

    def __init__(self, verb: str, what: str, status: int, reason: str) -> None:
        self.verb, self.what, self.status, self.reason = verb, what, status, reason
        text = f"Yatai refused {verb} {what} with HTTP {status}: {reason or 'no reason given'}"
        super().__init__(f"{text}. {self.hint}" if self.hint else text)


class AuthError(ApiError):
    hint = (
        "The API token is missing, unknown or belongs to no organisation: check api_token or token_secret, "
        "and let bentobox.platform.yatai_account make a new one"
    )


class TokenExpired(AuthError):
    hint = "Run bentobox.platform.yatai_account to make a new token, or give another api_token"


class ScopeError(ApiError):
    hint = "Create the token with scopes [api] (bentobox.platform.yatai_account does)"


class NotFound(ApiError):
    """Yatai has no such thing."""


class ProxyRefused(ApiError):
    """The Kubernetes API server answered instead of Yatai."""

    hint = (
        "This is the Kubernetes API server's answer, not Yatai's: check that the Service of the endpoint exists and "
        "that the Kubernetes user may use services/proxy in its namespace"
    )


class NotYatai(ApiError):
    """Something else answered."""

    hint = "That is not how Yatai answers: check the endpoint"


class Duplicate(ApiError):
    """It exists already."""


class ServerFault(ApiError):
    """Yatai or what is behind it (database, object store) is in trouble; worth another try."""


def reason_of(body: bytes) -> str:
    """The server's own words, out of the shapes it uses: {"error"}, {"message"}, a Kubernetes Status or plain text."""
    text = body[:4096].decode("utf-8", "replace").strip()
    try:
        data = json.loads(text)
    except ValueError:
        return text[:300]
    if isinstance(data, dict):
        return str(data.get("error") or data.get("message") or "")[:600]
    return text[:300]


def _is_kubernetes_status(body: bytes) -> bool:
    try:
        data = json.loads(body[:4096])
    except ValueError:
        return False
    return isinstance(data, dict) and data.get("kind") == "Status" and data.get("apiVersion") == "v1"


def is_transient(status: int, reason: str) -> bool:
    return status in (429, 502, 503, 504) or bool(_TRANSIENT.search(reason))


def is_dropped(status: int, reason: str) -> bool:
    """The Kubernetes API server says so when the pod closed the connection it proxied."""
    return status in (502, 503) and bool(_DROPPED.search(reason))


def api_error(verb: str, what: str, status: int, body: bytes) -> ApiError:
    """Map one answer to its class. Yatai uses 400 for nearly everything, so the text decides."""
    reason = reason_of(body)
    low = reason.lower()
    if is_transient(status, reason):
        return ServerFault(verb, what, status, reason)
    if _is_kubernetes_status(body):
        return ProxyRefused(verb, what, status, reason)
    kind: type[ApiError] = ApiError
    if body and not body.lstrip().startswith(b"{") and status < 500:
        return NotYatai(verb, what, status, " ".join(reason.split())[:200])
    if "expired" in low and status == 403:
        kind = TokenExpired
    elif status in (401, 403):
        kind = AuthError
    elif "need the scopes" in low or "cannot update this organization" in low:
        kind = ScopeError
    elif status == 404 or "record not found" in low:
        kind = NotFound
        if not reason and status == 404:
            reason = "not found (an unknown organisation is answered like this too)"
    elif "sqlstate 23505" in low:
        kind = Duplicate
    elif status >= 500:
        kind = ServerFault
    return kind(verb, what, status, reason)


def strip_query(url: str) -> str:
    """A presigned URL carries its signature in the query: never show it."""
    return url.split("?", 1)[0]
