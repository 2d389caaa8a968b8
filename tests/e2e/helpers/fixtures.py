# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What every folder of end-to-end tests has, for the fixture `lab` of its own."""

from __future__ import annotations

import shutil

import pytest

from .cluster import Cluster
from .playbook import Playbooks
from .raised import Lab


@pytest.fixture(name="cluster", scope="session")
def shared_cluster(lab: Lab) -> Cluster:
    return lab.cluster()


@pytest.fixture(name="playbooks", scope="session")
def shared_playbooks(lab: Lab) -> Playbooks:
    shutil.rmtree(lab.logs, ignore_errors=True)
    lab.logs.mkdir(parents=True)
    return Playbooks(lab.logs, lab.path("kubeconfig"), lab.path("vars"))
