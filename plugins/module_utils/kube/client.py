# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small client for the Kubernetes API: raw objects in, raw objects out. The only place that knows its paths."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlencode

from .discovery import Discovery, Resource
from .errors import ApiError, ConfigError, NotFound, api_error
from .transport import Transport

FIELD_MANAGER = "bentobox.platform"
Obj = dict[str, Any]
_METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


def describe(kind: str, name: str | None = None, namespace: str | None = None) -> str:
    where = f"{namespace}/{name}" if namespace and name else (name or namespace or "")
    return f"{kind} {where}".strip()


class Client:
    """One API server, one user. Safe to share between threads."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self.discovery = Discovery(self.request)
        self._version: Obj | None = None

    @classmethod
    def from_params(cls, params: dict[str, Any], *, retry_for: float = 60.0) -> Client:
        """From a module's options (see options.py). retry_for: how long a missing API server is put up with."""
        return cls(Transport(params, retry_for=retry_for))

    @property
    def host(self) -> str:
        return self.transport.base

    # -- requests ------------------------------------------------------------------------------------------------
    def request(
        self,
        method: str,
        path: str,
        *,
        query: dict[str, Any] | None = None,
        body: Any = None,
        headers: dict[str, str] | None = None,
        timeout: float = 30.0,
        stream: bool = False,
        raw: bool = False,
        content_type: str = "application/json",
        what: str = "",
        verb: str = "",
        retry_status: bool = True,
        retry_for: float | None = None,
    ) -> Any:
        """Parsed JSON; with raw=True the answer whatever its status; with stream=True the same, its body unread
        (read it, then call release_conn())."""
        if query:
            path += ("&" if "?" in path else "?") + urlencode({k: v for k, v in query.items() if v is not None})
        if body is not None and not isinstance(body, (bytes, bytearray)) and not hasattr(body, "read"):
            body = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        sent = dict(headers or {})
        if body is not None:
            sent.setdefault("Content-Type", content_type)
        answer = self.transport.send(
            method,
            path,
            body=body,
            headers=sent,
            timeout=timeout,
            stream=stream,
            what=what,
            retry_status=retry_status,
            retry_for=retry_for,
        )
        if raw or stream:
            return answer
        payload = _parse(answer.data)
        if answer.status >= 400:
            raise api_error(answer.status, payload, verb=verb or method, what=what or path.split("?")[0])
        if not isinstance(payload, (dict, list)) and answer.data:
            where = path.split("?")[0]
            raise ConfigError(f"{self.host} does not answer as a Kubernetes API server (no JSON at {where})")
        return payload

    def service_request(
        self,
        namespace: str,
        service: str,
        port: int | str,
        method: str,
        path: str,
        *,
        scheme: str = "",
        query: dict[str, Any] | None = None,
        body: Any = None,
        headers: dict[str, str] | None = None,
        stream: bool = False,
        timeout: float = 30.0,
        retry_for: float | None = None,
    ) -> Any:
        """A request to a service inside the cluster, through the API server. Returns the raw answer (any status)."""
        target = f"{scheme}:{service}:{port}" if scheme else f"{service}:{port}"
        base = f"/api/v1/namespaces/{quote(namespace)}/services/{quote(target, safe=':')}/proxy/"
        return self.request(
            method,
            base + path.lstrip("/"),
            query=query,
            body=body,
            headers=headers,
            stream=stream,
            raw=True,
            timeout=timeout,
            retry_status=False,
            retry_for=retry_for,
            what=f"service {namespace}/{service}:{port}",
        )

    # -- discovery -----------------------------------------------------------------------------------------------
    def version(self) -> Obj:
        if self._version is None:
            self._version = self.request("GET", "/version", what="the server's version")
        return self._version

    def resource(self, api_version: str, kind: str) -> Resource:
        """Where the kind lives; UnknownKind when its CRD is not there."""
        return self.discovery.resource(api_version, kind)

    # -- objects -------------------------------------------------------------------------------------------------
    def get(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> Obj:
        path = self.resource(api_version, kind).path(namespace, name)
        return self.request("GET", path, verb="get", what=describe(kind, name, namespace))

    def get_or_none(self, api_version: str, kind: str, name: str, namespace: str | None = None) -> Obj | None:
        try:
            return self.get(api_version, kind, name, namespace)
        except NotFound:
            return None

    def list(
        self,
        api_version: str,
        kind: str,
        namespace: str | None = None,
        label_selector: str | None = None,
        field_selector: str | None = None,
        chunk: int = 500,
    ) -> list[Obj]:
        path = self.resource(api_version, kind).path(namespace)
        query: dict[str, Any] = {"limit": chunk, "labelSelector": label_selector, "fieldSelector": field_selector}
        items: list[Obj] = []
        while True:
            page = self.request("GET", path, query=query, verb="list", what=describe(kind, None, namespace))
            for item in page.get("items") or []:
                # Items of a list carry neither; every user of an object wants both.
                items.append({"apiVersion": api_version, "kind": kind, **item})
            query["continue"] = page.get("metadata", {}).get("continue") or None
            if not query["continue"]:
                return items

    def uids(self, api_version: str, kind: str, namespace: str | None, most: int) -> dict[str, str] | None:
        """By name, of all objects of a kind in a namespace, at the price of their metadata; None where there are
        more."""
        path = self.resource(api_version, kind).path(namespace)
        query: dict[str, Any] = {"limit": 500}
        found: dict[str, str] = {}
        while True:
            page = self.request(
                "GET", path, query=query, headers={"Accept": _METADATA}, verb="list",
                what=describe(kind, None, namespace),
            )  # fmt: skip
            found |= {item["metadata"]["name"]: item["metadata"]["uid"] for item in page.get("items") or []}
            metadata = page.get("metadata") or {}
            if len(found) + (metadata.get("remainingItemCount") or 0) > most:
                return None
            query["continue"] = metadata.get("continue") or None
            if not query["continue"]:
                return found

    def create(self, obj: Obj, dry_run: bool = False, field_manager: str = FIELD_MANAGER) -> Obj:
        resource, name, namespace = self._locate(obj)
        query = {"fieldManager": field_manager, "fieldValidation": "Strict", "dryRun": "All" if dry_run else None}
        return self.request(
            "POST",
            resource.path(namespace),
            query=query,
            body=obj,
            verb="create",
            what=describe(resource.kind, name, namespace),
        )

    def apply(
        self,
        obj: Obj,
        *,
        field_manager: str = FIELD_MANAGER,
        force: bool = False,
        dry_run: bool = False,
        timeout: float = 30.0,
    ) -> Obj:
        """Server-side apply. Unknown fields are an error, not silently dropped."""
        resource, name, namespace = self._locate(obj)
        query = {
            "fieldManager": field_manager,
            "fieldValidation": "Strict",
            "force": "true" if force else None,
            "dryRun": "All" if dry_run else None,
        }
        return self.request(
            "PATCH",
            resource.path(namespace, name),
            query=query,
            body=obj,
            verb="apply",
            timeout=timeout,
            content_type="application/apply-patch+yaml",
            what=describe(resource.kind, name, namespace),
        )

    def patch(
        self,
        api_version: str,
        kind: str,
        name: str,
        namespace: str | None,
        body: Any,
        content_type: str = "application/merge-patch+json",
        dry_run: bool = False,
        field_manager: str = FIELD_MANAGER,
    ) -> Obj:
        path = self.resource(api_version, kind).path(namespace, name)
        query = {"fieldManager": field_manager, "fieldValidation": "Strict", "dryRun": "All" if dry_run else None}
        return self.request(
            "PATCH",
            path,
            query=query,
            body=body,
            content_type=content_type,
            verb="patch",
            what=describe(kind, name, namespace),
        )

    def delete(
        self,
        api_version: str,
        kind: str,
        name: str,
        namespace: str | None = None,
        *,
        propagation: str = "Background",
        dry_run: bool = False,
        uid: str | None = None,
    ) -> bool:
        """False when it (or its kind) was not there. With uid, only that very object is deleted."""
        body: Obj = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
        query = {"dryRun": "All"} if dry_run else None  # for the audit log's readers; the body is what counts
        if dry_run:
            body["dryRun"] = ["All"]
        if uid:
            body["preconditions"] = {"uid": uid}
        try:
            path = self.resource(api_version, kind).path(namespace, name)
            self.request("DELETE", path, query=query, body=body, verb="delete", what=describe(kind, name, namespace))
        except NotFound:
            return False
        return True

    def pod_logs(
        self, namespace: str, name: str, container: str | None = None, tail_lines: int = 20, previous: bool = False
    ) -> str:
        query = {"container": container, "tailLines": tail_lines, "previous": "true" if previous else None}
        path = f"/api/v1/namespaces/{quote(namespace)}/pods/{quote(name)}/log"
        answer = self.request("GET", path, query=query, raw=True, what=f"log of Pod {namespace}/{name}")
        if answer.status >= 400:
            raise api_error(answer.status, _parse(answer.data), verb="get", what=f"log of Pod {namespace}/{name}")
        return answer.data.decode("utf-8", "replace")

    def _locate(self, obj: Obj) -> tuple[Resource, str, str | None]:
        resource = self.resource(obj.get("apiVersion", ""), obj.get("kind", ""))
        metadata = obj.get("metadata") or {}
        namespace = metadata.get("namespace") if resource.namespaced else None
        if resource.namespaced and not namespace:
            raise ApiError(
                400,
                "BadRequest",
                "it is namespaced but metadata.namespace is missing",
                verb="locate",
                what=describe(resource.kind, metadata.get("name")),
            )
        return resource, metadata.get("name", ""), namespace


def _parse(data: bytes) -> Any:
    try:
        return json.loads(data) if data else {}
    except ValueError:
        return data.decode("utf-8", "replace")
