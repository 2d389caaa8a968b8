# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.bentobox.platform.tests.integration.matrix.row import KUBE, reading

YATAI = {"name": "yatai", "version": "1.1.13", "kubernetes": {"min": "1.20", "max": "1.99"}}

ROW = reading(
    "it only looks at the cluster; the pod that tries endpoints, if any are given, is gone when it ends",
    # This cluster has no nodes and no class of Ingress.
    {
        **KUBE,
        "components": [YATAI],
        "namespaces": {"yatai": "{{ namespace }}"},
        "ignore": ["nodes", "helm"],
    },
    predicts=("ok", "report", "findings", "kubernetes"),
)
