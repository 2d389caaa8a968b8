# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bentos and models as Yatai's API names them."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from .client import YataiClient
from .errors import ApiError


class Registry:
    """Bentos or models: the two halves of the API are alike but for their names."""

    def __init__(self, client: YataiClient, kind: str) -> None:
        self.client = client
        self.kind = kind  # "bento" or "model"
        self._repositories = f"/{kind}_repositories"

    def repository(self, name: str) -> str:
        return f"{self._repositories}/{quote(name, safe='')}"

    def path(self, name: str, version: str, verb: str = "") -> str:
        return f"{self.repository(name)}/{self.kind}s/{quote(version, safe='')}" + (f"/{verb}" if verb else "")

    def url(self, name: str, version: str) -> str:
        return f"{self.client.wire.public_url}{self.path(name, version)}"

    def get(self, name: str, version: str) -> dict[str, Any] | None:
        return self.client.get_or_none(self.path(name, version))

    def get_repository(self, name: str) -> dict[str, Any] | None:
        return self.client.get_or_none(self.repository(name))

    def ensure_repository(self, name: str) -> None:
        if self.get_repository(name) is not None:
            return
        try:
            self.client.call("POST", self._repositories, {"name": name, "description": "", "labels": []})
        except ApiError as exc:
            # Somebody, perhaps a repeated request of our own, was faster.
            if "23505" not in exc.reason:
                raise

    def create(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        try:
            return self.client.call("POST", f"{self.repository(name)}/{self.kind}s", body)
        except ApiError as exc:
            if "23505" not in exc.reason:
                raise
        return self.update(name, body["version"], {"manifest": body["manifest"], "labels": body["labels"]})

    def update(self, name: str, version: str, body: dict[str, Any]) -> dict[str, Any]:
        return self.client.call("PATCH", self.path(name, version), body)

    def verb(
        self, name: str, version: str, verb: str, body: dict[str, Any] | None = None, patience: float | None = None
    ) -> Any:
        return self.client.call("PATCH", self.path(name, version, verb), body, patience=patience)
