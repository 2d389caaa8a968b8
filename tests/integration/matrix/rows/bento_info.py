# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.bentobox.platform.tests.integration.matrix.row import YATAI, reading

ROW = reading(
    "it lists what is in Yatai",
    {**YATAI, "tag": "{{ bento }}"},
    servers=("yatai", "files"),
    setup=({"bentobox.platform.bento_push": {**YATAI, "tag": "{{ bento }}", "bentoml_home": "{{ home }}"}},),
    predicts=("bentos", "total"),
)
