# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No output of any run, at -vvv, shows a value of a Secret."""

from __future__ import annotations

from ansible_collections.bentobox.platform.tests.e2e.helpers.canary import Canary
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Playbooks, Run

MUST_BE_KNOWN = (
    "yatai-system/yatai-api-token/token",
    "yatai-system/yatai-admin/password",
    "postgresql/postgresql-yatai/password",
    "object-store/object-store-yatai/secret_key",
)


def test_no_secret_is_shown(installed: Run, playbooks: Playbooks, canary: Canary) -> None:
    known = canary.places
    assert not [place for place in MUST_BE_KNOWN if place not in known], f"the test would see nothing: {sorted(known)}"
    files = [path for run in playbooks.runs for path in (run.log, run.record)]
    assert any("-vvv" in run.process.args for run in playbooks.runs)
    assert not canary.seen_in(files)
    print(f"{len(canary.values)} values of {len(known)} keys are in none of {len(files)} files")
