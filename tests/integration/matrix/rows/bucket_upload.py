# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.bentobox.platform.tests.integration.matrix.row import Row

STORE = {"endpoint": "{{ s3_endpoint }}", "access_key": "{{ access_key }}", "secret_key": "{{ secret_key }}"}

ROW = Row(
    servers=("object_store", "files"),
    setup=({"bentobox.platform.bucket": {**STORE, "name": "matrix-upload"}},),
    common={**STORE, "bucket": "matrix-upload", "prefix": "a"},
    create={"src": "{{ home }}/models/{{ bento }}/m1"},
    modify={"src": "{{ home }}/bentos/{{ bento }}/v1"},
    # Objects go when they are not among what is there to be.
    delete={"src": "{{ home }}/bentos/{{ bento }}/v1", "purge": True},
    predicts=("uri", "uploaded", "unchanged", "extra", "bytes", "diff"),
)
