# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The integration tests that need nodes and the whole stack (marker `lab`), run on this lab.

They wait for pods most of the time and have names of their own, so four run at a time.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Run
from ansible_collections.bentobox.platform.tests.e2e.helpers.raised import Lab

TOP = Path(__file__).resolve().parents[2]


def test_modules_on_the_lab(published: Run, lab: Lab) -> None:
    environment = os.environ | {"BENTOBOX_LAB_KUBECONFIG": str(lab.path("kubeconfig"))}
    command = [sys.executable, "-m", "pytest", "-m", "lab", "-n", "4", "--durations", "15", "tests/integration"]
    done = subprocess.run(command, cwd=TOP, env=environment, timeout=900, check=False)
    assert done.returncode == 0
