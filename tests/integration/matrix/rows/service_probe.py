# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.bentobox.platform.tests.integration.matrix.row import KUBE, reading

ROW = reading(
    "it asks a service",
    {**KUBE, "api_path": "/version", "contains": "gitVersion"},
    predicts=("status", "body", "json", "attempts"),
)
