# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.bentobox.platform.tests.integration.matrix.row import KUBE, Row

# The API server of the matrix knows neither Istio nor Gateway API.
ROW = Row(
    common={**KUBE, "name": "{{ namespace }}-part", "mesh": False, "platform": {"routes": []}},
    create={"members": {"edit": {"users": ["amy"]}}},
    modify={"quota": {"pods": 5}, "allowed_namespaces": ["notebooks"]},
    delete={"state": "absent", "purge": True},
    predicts=("objects", "kept", "models", "pod_security", "digest", "diff"),
    masks=(r" \(predicted\)$",),
)
