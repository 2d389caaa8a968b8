# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses as people write them. Pure."""

from __future__ import annotations

from urllib.parse import urlsplit

from ansible_collections.bentobox.platform.plugins.module_utils.preflight.model import Endpoint

_PORTS = {"http": 80, "https": 443, "postgresql": 5432, "postgres": 5432}


def endpoint(name: str, address: str, default_port: int, variable: str) -> Endpoint:
    """host, host:port, [v6]:port or a URL. ValueError says what is wrong with it."""
    text = address.strip()
    try:
        parts = urlsplit(text if "://" in text else f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"the address {address!r} of {name}: {error}") from None
    if not host:
        raise ValueError(f"the address {address!r} of {name} has no host")
    return Endpoint(name, host, port or _PORTS.get(parts.scheme, default_port), variable)
