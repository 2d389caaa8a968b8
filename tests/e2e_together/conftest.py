# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One lab with both platforms for all tests of this folder, in their order.

BENTOBOX_E2E_LAB=name uses the lab of that name, raises it when it is not up, and leaves it up.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Playbooks, Run
from ansible_collections.bentobox.platform.tests.e2e.helpers.raised import Lab, raised
from ansible_collections.bentobox.platform.tests.support.process import cache_dir

LOGS = cache_dir() / "e2e-together"


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with raised("e2e-together", stack="all") as lab:
        yield lab


@pytest.fixture(scope="session")
def cluster(lab: Lab) -> Cluster:
    return lab.cluster()


@pytest.fixture(scope="session")
def playbooks(lab: Lab) -> Playbooks:
    shutil.rmtree(LOGS, ignore_errors=True)
    LOGS.mkdir(parents=True)
    return Playbooks(LOGS, lab.path("kubeconfig"), lab.path("vars"))


@pytest.fixture(scope="session")
def installed(lab: Lab, playbooks: Playbooks) -> Run:
    """README's command."""
    return playbooks.finish(playbooks.make("up", "make up, first", **lab.variables_of_make), 2400).ok()
