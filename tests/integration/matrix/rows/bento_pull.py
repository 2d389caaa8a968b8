# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.bentobox.platform.tests.integration.matrix.row import YATAI, Row

PUSH = {**YATAI, "tag": "{{ bento }}", "bentoml_home": "{{ home }}"}

ROW = Row(
    servers=("yatai", "files"),
    setup=({"bentobox.platform.bento_push": PUSH},),
    common={**YATAI, "tag": "{{ bento }}"},
    create={"format": "directory", "dest": "{{ folder }}/bento", "models": False},
    modify={"format": "directory", "dest": "{{ folder }}/bento", "models": True},
    delete="what was pulled is a folder or a file like any other",
    predicts=("tag", "location", "diff"),
)
