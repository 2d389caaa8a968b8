# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.bentobox.platform.tests.integration.matrix.row import KUBE, Row

ROW = Row(
    common={**KUBE, "name": "matrix", "namespace": "{{ namespace }}-part", "algorithm": "ES256"},
    create={"publish_namespaces": ["{{ namespace }}-one"]},
    modify={"publish_namespaces": ["{{ namespace }}-two"]},
    delete={"publish_namespaces": ["{{ namespace }}-two"], "state": "absent", "purge": True},
    # The key itself, and so what is published of it, is not known before it is made.
    predicts=("objects", "kept", "algorithm", "created"),
)
