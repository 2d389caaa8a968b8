# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.bentobox.platform.tests.integration.matrix.row import KUBE, reading

CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"x": "1"}}
COMPONENT = {**KUBE, "name": "matrix", "namespace": "{{ namespace }}"}

ROW = reading(
    "it lists what component has made",
    COMPONENT,
    setup=({"bentobox.platform.component": {**COMPONENT, "version": "1", "manifests": [CONFIG]}},),
    predicts=("components",),
)
