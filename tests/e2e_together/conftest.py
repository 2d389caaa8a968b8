# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One lab with both platforms for all tests of this folder, in their order.

BENTOBOX_E2E_LAB=name uses the lab of that name, raises it when it is not up, and leaves it up.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from ansible_collections.bentobox.platform.tests.e2e.helpers.fixtures import (  # noqa: F401
    shared_cluster,
    shared_playbooks,
)
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Playbooks, Run
from ansible_collections.bentobox.platform.tests.e2e.helpers.raised import Lab, raised


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with raised("e2e-together", stack="all") as lab:
        yield lab


@pytest.fixture(scope="session")
def installed(lab: Lab, playbooks: Playbooks) -> Run:
    """README's command."""
    return playbooks.finish(playbooks.make("up", "make up, first", **lab.variables_of_make), 2400).ok()
