# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The end: `make down`. With `make up` of test_03 every command of README's first block was run, but for the tests."""

from __future__ import annotations

import pytest
from ansible_collections.bentobox.platform.tests.e2e.helpers.raised import Lab
from ansible_collections.bentobox.platform.tests.e2e.helpers.readme import FIRST, commands, shell


def test_make_down_leaves_no_lab(lab: Lab) -> None:
    assert commands(FIRST) == ["make up", "make test"]
    output = shell("make down", 300, **lab.variables_of_make)
    assert "is gone" in output
    with pytest.raises(AssertionError):
        lab.command("status")
