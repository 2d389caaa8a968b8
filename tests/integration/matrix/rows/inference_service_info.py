# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.bentobox.platform.tests.integration.matrix.row import KUBE, reading

COMMON = {**KUBE, "namespace": "{{ namespace }}"}
MODEL = {"name": "iris", "model_format": "sklearn", "storage_uri": "s3://models/iris/v1", "wait": False}

ROW = reading(
    "it lists what inference_service has made",
    COMMON,
    needs=("kserve_kinds",),
    setup=({"bentobox.platform.inference_service": {**COMMON, **MODEL}},),
    predicts=("inference_services",),
)
