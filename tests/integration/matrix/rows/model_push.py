# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.bentobox.platform.tests.integration.matrix.row import YATAI, Row

ROW = Row(
    servers=("yatai", "files"),
    common={**YATAI, "tag": "{{ bento }}", "bentoml_home": "{{ home }}"},
    create={"labels": {"stage": "test"}},
    # Content of a tag does not change without force, which by its meaning does so each time.
    modify={"labels": {"stage": "live", "rank": 1}},
    delete="Yatai's API deletes no model, and labels are taken away as they are changed",
    predicts=("uploaded", "tag", "labels", "diff"),
)
