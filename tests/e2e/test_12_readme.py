# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Every command of README, as it stands there, on the lab that the tests before have emptied."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from ansible_collections.bentobox.platform.tests.e2e.helpers.bento import Store
from ansible_collections.bentobox.platform.tests.e2e.helpers.raised import Lab

TOP = Path(__file__).resolve().parents[2]
CACHE = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")  # also where HOME is another
# `make test` is what runs this test.
FIRST, EXISTING = re.findall(r"```sh\n(.*?)```", (TOP / "README.md").read_text(), flags=re.DOTALL)
NOTHING_CHANGED = re.compile(r"^localhost\s.*changed=0\s.*failed=0\s", re.MULTILINE)


def shell(script: str, timeout: float, **variables: str) -> str:
    """Run as a person would type it, stopping at the first command that fails."""
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=TOP,
        env=os.environ | {"ANSIBLE_NOCOLOR": "1", "XDG_CACHE_HOME": CACHE, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout[-6000:]}"
    return done.stdout


def test_on_a_cluster_that_you_have(lab: Lab, store: Store, tmp_path: Path) -> None:
    commands = [line.split(" #")[0].rstrip() for line in EXISTING.strip().splitlines()]
    assert len(commands) == 8, commands
    # A person's home: a kubeconfig, a variables file, a store of bentos, and no link to this checkout.
    (tmp_path / ".kube").mkdir()
    shutil.copy(lab.path("kubeconfig"), tmp_path / ".kube" / "config")
    variables = tmp_path / "platform.yml"
    lines = lab.path("vars").read_text().splitlines()
    variables.write_text("\n".join(line for line in lines if not line.startswith("bentobox_kubeconfig")) + "\n")
    script = "\n".join(commands).replace("@platform.yml", f"@{variables}")
    output = shell(
        script,
        1200,
        HOME=str(tmp_path),
        BENTOML_HOME=str(store.home),
        ANSIBLE_COLLECTIONS_PATH=str(tmp_path / ".ansible" / "collections"),
    )
    assert output.count("PLAY RECAP") == 5


@pytest.mark.parametrize("turn", ["first", "again"])
def test_make_up_ends_in_a_prediction(lab: Lab, turn: str) -> None:
    assert "make up" in FIRST
    output = shell("make up", 1200, LAB=lab.name, CLUSTER="lab", KEEP_DATA="")
    assert "setosa" in output
    if turn == "again":
        assert len(NOTHING_CHANGED.findall(output)) == 2, output[-6000:]


def test_make_down(lab: Lab) -> None:
    output = shell("make down", 300, LAB=lab.name, CLUSTER="lab", KEEP_DATA="")
    assert "is gone" in output
    with pytest.raises(AssertionError):
        lab.command("status")
