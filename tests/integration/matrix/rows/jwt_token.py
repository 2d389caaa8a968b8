# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.bentobox.platform.tests.integration.matrix.row import KUBE, reading

KEY = {**KUBE, "namespace": "{{ namespace }}"}

ROW = reading(
    "it mints a token, which is stored nowhere",
    {**KEY, "subject": "alice", "tenant": "tenant-a", "verify_namespaces": ["{{ namespace }}"]},
    setup=({"bentobox.platform.jwt_key": {**KEY, "name": "matrix", "algorithm": "ES256"}},),
    predicts=("kid", "verified"),
)
