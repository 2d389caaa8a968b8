# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a tenant needs to know of the rest of the platform: the keys that sign its tokens, and its object store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.plugins.module_utils.kube.secrets import decode

from .errors import TenancyError
from .options import public_keys
from .spec import Storage

Warn = Callable[[str], None]
_JWKS = "jwks"  # key of the ConfigMap


class Lookup:
    """In check mode, what is missing may be what an earlier task would have made."""

    def __init__(self, client: Client, params: dict[str, Any], *, check_mode: bool, warn: Warn) -> None:
        self.client, self.params, self.check_mode, self.warn = client, params, check_mode, warn

    def jwks(self) -> str:
        jwt = self.params["jwt"]
        if not self.params["mesh"]:
            return ""
        if jwt["jwks"]:
            return public_keys(jwt["jwks"], "jwt.jwks")
        where = f"ConfigMap {jwt['namespace']}/{jwt['configmap']}"
        found = self.client.get_or_none("v1", "ConfigMap", jwt["configmap"], jwt["namespace"])
        if found:
            return public_keys((found.get("data") or {}).get(_JWKS), f"{_JWKS} in {where}")
        self._missing(
            f"there is no {where} with the public keys; publish them with jwt_key, give them as jwt.jwks, or let "
            "jwt.namespace and jwt.configmap say where they are"
        )
        return ""

    def storage(self) -> Storage | None:
        """What is not a secret, of the Secret that others connect to the store with, unless the options say it."""
        given = self.params["storage"]
        if not given:
            return None
        where = f"Secret {given['namespace']}/{given['secret']}"
        secret = self.client.get_or_none("v1", "Secret", given["secret"], given["namespace"])
        if secret is None:
            self._missing(
                f"there is no {where} with the object store's credentials; install the store first, or let "
                "storage.namespace and storage.secret name the Secret"
            )
        data = (secret or {}).get("data") or {}
        known = {name: decode(data[name]) or "" for name in ("endpoint", "region", "secure") if name in data}
        endpoint = given["endpoint"] or known.get("endpoint", "")
        if secret is not None and not endpoint:
            raise TenancyError(f"{where} has no 'endpoint'; say it as storage.endpoint")
        scheme, _separator, address = endpoint.rpartition("://")
        secure = given["secure"]
        if secure is None:
            secure = scheme == "https" if scheme else known.get("secure", "true").lower() == "true"
        return Storage(
            endpoint=address.rstrip("/"),
            secure=secure,
            region=given["region"] or known.get("region") or "us-east-1",
            secret_namespace=given["namespace"],
            secret_name=given["secret"],
        )

    def _missing(self, text: str) -> None:
        if not self.check_mode:
            raise TenancyError(text)
        self.warn(f"In check mode: {text}")
