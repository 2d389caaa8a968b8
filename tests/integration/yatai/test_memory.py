# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Memory of a push and a pull does not grow with what they carry."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bentobox.platform.tests.support.bentos import make_bento
from ansible_collections.bentobox.platform.tests.support.measure import run_measured
from ansible_collections.bentobox.platform.tests.support.yatai import Yatai

from .test_push import unique

SIZE = 1 << 30
LIMIT_MIB = 64


def peak_mib(module: str, arguments: dict[str, Any]) -> tuple[float, dict[str, Any]]:
    """The module's result and the most memory it ever had."""
    command = [sys.executable, "-m", f"ansible_collections.bentobox.platform.plugins.modules.{module}"]
    done = run_measured(command, json.dumps({"ANSIBLE_MODULE_ARGS": arguments}))
    result = json.loads(done.output)
    assert not result.get("failed"), result["msg"]
    assert done.peak_mib > 10, "an interpreter alone has more: the measurement is wrong"
    return done.peak_mib, result


@pytest.mark.parametrize("strategy", ["proxy", "presigned"])
def test_memory_is_constant(yatai_server: Yatai, home: Path, tmp_path: Path, strategy: str) -> None:
    name = unique("heavy")
    make_bento(home, name, "small")
    folder = make_bento(home, name, "big")
    with (folder / "src" / "data.bin").open("r+b") as file:
        file.truncate(SIZE)
    shared = {"endpoint": yatai_server.endpoint, "api_token": yatai_server.token, "strategy": strategy}
    push = shared | {"bentoml_home": str(home), "parallel": 4}
    little, _result = peak_mib("bento_push", push | {"tag": f"{name}:small"})
    much, result = peak_mib("bento_push", push | {"tag": f"{name}:big"})
    assert result["bytes_sent"] > SIZE
    assert much - little < LIMIT_MIB, f"{little:.0f} MiB for a small bento, {much:.0f} MiB for one of 1 GiB"
    pull = shared | {"bentoml_home": str(tmp_path / "there")}
    little, _result = peak_mib("bento_pull", pull | {"tag": f"{name}:small"})
    much, result = peak_mib("bento_pull", pull | {"tag": f"{name}:big"})
    assert result["verified"] == "digest"
    assert much - little < LIMIT_MIB, f"{little:.0f} MiB for a small bento, {much:.0f} MiB for one of 1 GiB"
