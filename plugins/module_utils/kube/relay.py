# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Requests to the URL of a Service as Pods write it, by way of the API server."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from .client import Client

# A Service's name as Pods use it.
_SERVICE_NAME = re.compile(r"(?P<service>[a-z0-9-]+)\.(?P<namespace>[a-z0-9-]+)\.svc(\.[a-z0-9.-]+)?\.?\Z")


def is_service(host: str) -> bool:
    return bool(_SERVICE_NAME.match(host))


def relay(
    client: Client, method: str, url: str, *, headers: dict[str, str], timeout: float, body: Any = None
) -> Any | None:
    """The raw answer, its body unread; None where the URL names no Service.

    The API server hands Host and query on as they are, so that a signature in them stays good. An Authorization header
    it keeps for itself.
    """
    parts = urlsplit(url)
    match = _SERVICE_NAME.match(parts.hostname or "")
    if not match:
        return None
    secure = parts.scheme == "https"
    return client.service_request(
        match["namespace"],
        match["service"],
        parts.port or (443 if secure else 80),
        method,
        f"{parts.path}?{parts.query}",
        scheme="https" if secure else "",
        headers={**headers, "Host": parts.netloc},
        body=body,
        stream=True,
        timeout=timeout,
        retry_for=0.0,
    )
