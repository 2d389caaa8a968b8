# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.bentobox.platform.tests.integration.matrix.row import KUBE, Row

ROW = Row(
    needs=("yatai_definitions",),
    common={
        **KUBE,
        "namespace": "{{ namespace }}",
        "bento": "line:v1",
        "download_url": "http://files.example.org/line.tar",
        "bentoml_version": "1.1.11",
        "check_bento": False,
        # No builder runs here: what is made of a request is tests/integration/serving/test_image_build.py's.
        "wait": False,
    },
    create={"resources": {"limits": {"memory": "1Gi"}}},
    modify={"resources": {"limits": {"memory": "2Gi"}}, "env": {"COLOUR": "blue"}},
    delete={"state": "absent"},
    predicts=("why", "bento", "request", "tag", "built", "diff"),
)
