# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.bentobox.platform.tests.integration.matrix.row import KUBE, Row


def config(name: str, value: str) -> dict:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"x": value}}


ROW = Row(
    common={**KUBE, "name": "matrix", "namespace": "{{ namespace }}-part", "wait": False},
    create={
        "version": "1",
        "manifests": [config("stays", "1"), config("goes", "1")],
        "generate_secrets": [{"name": "made", "keys": {"password": {}}}],
    },
    modify={
        "version": "2",
        "manifests": [config("stays", "2"), config("comes", "1")],
        "generate_secrets": [{"name": "made", "keys": {"password": {}, "salt": {}}}],
    },
    delete={"state": "absent", "purge": True, "wait": True},
    predicts=("objects", "kept", "version", "digest", "diff"),
    # Values of Secrets are hashed with a key of each run; check mode marks what it could not ask the API server about.
    masks=(r"sha256:[0-9a-f]{12}\b", r" \(predicted\)$"),
)
