# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.bentobox.platform.tests.integration.matrix.row import KUBE, Row

BENTO = {
    "apiVersion": "resources.yatai.ai/v1alpha1",
    "kind": "Bento",
    "metadata": {"name": "line--v1"},
    "spec": {"tag": "line:v1", "image": "example.org/bentos:line.v1"},
}
COMPONENT = {**KUBE, "name": "bento", "namespace": "{{ namespace }}", "manifests": [BENTO], "wait": False}

ROW = Row(
    needs=("yatai_definitions",),
    setup=({"bentobox.platform.component": COMPONENT},),
    # No operator runs here: what is made of it is tests/integration/serving/test_bento_deployment.py's.
    common={**KUBE, "name": "line", "namespace": "{{ namespace }}", "wait": False},
    create={"bento": "line:v1", "envs": {"A": "1"}},
    modify={"bento": "line:v1", "envs": {"A": "2"}, "autoscaling": {"min_replicas": 2}},
    delete={"state": "absent"},
    predicts=("bento", "image", "urls", "diff"),
)
