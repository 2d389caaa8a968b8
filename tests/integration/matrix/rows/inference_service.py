# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.bentobox.platform.tests.integration.matrix.row import KUBE, Row

ROW = Row(
    needs=("kserve_kinds",),
    # No KServe runs here: what is made of it is tests/integration/serving/test_inference_service.py's.
    common={**KUBE, "name": "iris", "namespace": "{{ namespace }}", "wait": False},
    create={"model_format": "sklearn", "storage_uri": "s3://models/iris/v1", "env": {"A": "1"}, "min_replicas": 0},
    modify={"model_format": "sklearn", "storage_uri": "s3://models/iris/v2", "canary_percent": 10},
    delete={"state": "absent"},
    predicts=("url", "revisions", "traffic", "diff"),
)
