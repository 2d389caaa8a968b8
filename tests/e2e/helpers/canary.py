# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Values that must never be seen in any output: what is in the Secrets the collection makes."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass, field
from pathlib import Path

from .cluster import Cluster

NAMESPACES = (
    "cert-manager",
    "postgresql",
    "object-store",
    "registry",
    "yatai-system",
    "yatai-image-builder",
    "yatai-deployment",
    "yatai",
)
SECRET_KEY = re.compile(r"pass|token|secret|access_?key|session|tls\.key|htpasswd", re.IGNORECASE)
PLAIN = re.compile(r"[A-Za-z0-9+/=_-]{12,}")


@dataclass
class Canary:
    values: dict[str, str] = field(default_factory=dict)  # value -> where it is from
    places: set[str] = field(default_factory=set)

    def collect(self, cluster: Cluster) -> None:
        for namespace in NAMESPACES:
            for item in cluster.items(f"/api/v1/namespaces/{namespace}/secrets"):
                if item["type"] == "kubernetes.io/service-account-token":
                    continue
                for key, data in (item.get("data") or {}).items():
                    if SECRET_KEY.search(key):
                        text = base64.b64decode(data).decode(errors="replace")
                        self._add(text, f"{namespace}/{item['metadata']['name']}/{key}")

    def _add(self, text: str, where: str) -> None:
        # Of a PEM file each line counts: the ends are the same everywhere.
        for line in text.splitlines():
            if PLAIN.fullmatch(line) and re.search(r"\d", line) and re.search(r"[A-Za-z]", line):
                self.places.add(where)
                self.values[line] = where
                self.values[base64.b64encode(line.encode()).decode().rstrip("=")] = f"{where} in base64"

    def seen_in(self, files: list[Path]) -> list[str]:
        found = []
        for path in files:
            text = path.read_text(errors="replace")
            found += [f"{path.name} shows {where}" for value, where in self.values.items() if value in text]
        return sorted(set(found))
