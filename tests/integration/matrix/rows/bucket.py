# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.bentobox.platform.tests.integration.matrix.row import Row

RULES = [{"id": "uploads", "abort_incomplete_multipart_days": 2}]
BUCKET = {
    "name": "matrix",
    "endpoint": "{{ s3_endpoint }}",
    "access_key": "{{ access_key }}",
    "secret_key": "{{ secret_key }}",
}

ROW = Row(
    servers=("object_store",),
    common=BUCKET,
    create={"tags": {"team": "ml"}},
    modify={"versioning": True, "lifecycle_rules": RULES, "tags": {"team": "ops", "level": 3}},
    delete={"state": "absent", "purge": True},
    predicts=("actions", "diff", "objects_removed"),
)
