# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Yatai knows, in this collection's words."""

from __future__ import annotations

from typing import Any

from .client import YataiClient
from .push import DIGEST_LABEL, labels_dict
from .registry import Registry
from .tag import parse_tag


def describe(registry: Registry, record: dict[str, Any], name: str = "") -> dict[str, Any]:
    repository = record.get("repository") or {}
    name = name or repository.get("name", "")
    version = record["name"]
    manifest = record.get("manifest") or {}
    labels = labels_dict(record.get("labels"))
    answer = {
        "tag": f"{name}:{version}",
        "name": name,
        "version": version,
        "upload_status": record.get("upload_status"),
        "upload_reason": record.get("upload_finished_reason") or "",
        "digest": f"sha256:{labels[DIGEST_LABEL]}" if DIGEST_LABEL in labels else None,
        "size_bytes": manifest.get("size_bytes"),
        "labels": labels,
        "created_at": record.get("created_at"),
        "build_at": record.get("build_at"),
        "creator": (record.get("creator") or {}).get("name"),
        "url": registry.url(name, version),
        "manifest": manifest,
    }
    if registry.kind == "bento":
        answer["models"] = manifest.get("models") or []
    return answer


def find(client: YataiClient, kind: str, text: str, query: str, limit: int) -> list[dict[str, Any]]:
    """One, all versions of one name, or what a search finds."""
    registry = Registry(client, kind)
    if not text:
        listed = client.pages(f"/{kind}s", {"q": query} if query else None, limit)
        return [describe(registry, record) for record in listed]
    tag = parse_tag(text)
    if tag.version:
        record = registry.get(*tag)
        return [describe(registry, record, tag.name)] if record else []
    if registry.get_repository(tag.name) is None:
        return []
    versions = list(client.pages(f"{registry.repository(tag.name)}/{kind}s", None, limit))
    if text.strip().lower().endswith(":latest"):
        versions = [record for record in versions if record.get("upload_status") == "success"][:1]
    return [describe(registry, record, tag.name) for record in versions]
