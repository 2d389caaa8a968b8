# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A store that only the cluster reaches: its connection Secret, and requests by way of the API server's proxy."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.relay import is_service, relay
from ansible_collections.bentobox.platform.plugins.module_utils.store.client import BOTO3_IMPORT_ERROR, Store, Target
from ansible_collections.bentobox.platform.plugins.module_utils.store.errors import Invalid, StoreError, Unreachable

if not BOTO3_IMPORT_ERROR:
    from botocore.awsrequest import AWSResponse

# Hop by hop, or meant for a connection that is not ours to the store.
_DROPPED = {"expect", "connection", "host", "authorization"}
_KEYS = ("endpoint", "access_key", "secret_key")


def connection(client: Client, target: Target, namespace: str, name: str) -> Target:
    """The target with what the Secret says, as the role object_store writes it (host:port and whether it has TLS)."""
    attempted = f"reading the Secret {namespace}/{name}"
    try:
        data = client.get("v1", "Secret", name, namespace).get("data") or {}
    except KubeError as error:
        raise StoreError(attempted, str(error), "Set cluster.namespace and cluster.secret to the store's.") from None
    if missing := [key for key in _KEYS if not data.get(key)]:
        raise Invalid(attempted, f"it has no {', '.join(missing)}", "Name the Secret that role object_store makes.")
    try:
        values = {key: base64.b64decode(value).decode() for key, value in data.items()}
    except (binascii.Error, UnicodeDecodeError) as error:
        raise Invalid(attempted, str(error)) from None
    scheme = "https" if values.get("secure") == "true" else "http"
    return replace(
        target,
        endpoint=f"{scheme}://{values['endpoint']}",
        region=values.get("region") or target.region,
        access_key=values["access_key"],
        secret_key=values["secret_key"],
        presigned=is_service(urlsplit(f"//{values['endpoint']}").hostname or ""),
    )


def open_store(client: Client, target: Target, namespace: str, name: str) -> Store:
    """A store of the cluster; one outside of it (its Secret names another host) is asked directly."""
    found = connection(client, target, namespace, name)
    store = Store(found)
    if found.presigned:
        store.before_send(_Relay(client, found.timeout))
    return store


class _Relay:
    """Sends what boto3 has signed. The signature is in the URL: the API server keeps an Authorization for itself."""

    def __init__(self, client: Client, timeout: int) -> None:
        self._client, self._timeout = client, timeout

    def __call__(self, request: Any, **_event: Any) -> Any:
        headers = {key: value for key, value in request.headers.items() if key.lower() not in _DROPPED}
        texts = {key: value.decode() if isinstance(value, bytes) else str(value) for key, value in headers.items()}
        try:
            answer = relay(
                self._client,
                request.method,
                request.url,
                headers=texts,
                body=request.body,
                timeout=float(self._timeout),
            )
        except KubeError as error:
            raise Unreachable("asking the store through the API server", str(error)) from None
        if answer is None:
            return None
        return AWSResponse(request.url, answer.status, answer.headers, answer)
