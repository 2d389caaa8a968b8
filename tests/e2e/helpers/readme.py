# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The commands of README, as they stand there."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parents[3]
FIRST, EXISTING = re.findall(r"```sh\n(.*?)```", (TOP / "README.md").read_text(), flags=re.DOTALL)


def commands(block: str) -> list[str]:
    return [line.split(" #")[0].rstrip() for line in block.strip().splitlines()]


def shell(script: str, timeout: float, **variables: str) -> str:
    """Run as a person would type it, stopping at the first command that fails."""
    # The cache stays the same where HOME is another one.
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=TOP,
        env=os.environ | {"ANSIBLE_NOCOLOR": "1", "XDG_CACHE_HOME": cache, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=timeout,
        check=False,
    )
    assert done.returncode == 0, f"{script}\n{done.stdout[-6000:]}"
    return done.stdout
