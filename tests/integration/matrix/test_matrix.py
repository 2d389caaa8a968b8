# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module x {create, modify, delete} x {check, real} x {first, again} on real servers."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bentobox.platform.tests.integration.matrix.judge import Outcome, judge
from ansible_collections.bentobox.platform.tests.integration.matrix.play import walk
from ansible_collections.bentobox.platform.tests.integration.matrix.row import HERE, MODULES, load, names
from ansible_collections.bentobox.platform.tests.integration.matrix.servers import APART, SERVERS, Server

ROWS = load()
Walks = dict[str, Future[list[Outcome]]]


def test_every_module_has_a_row() -> None:
    missing, stray = names(MODULES) - set(ROWS), set(ROWS) - names(MODULES)
    assert not missing, f"give each of {sorted(missing)} a row: {HERE}/rows/<module>.py, as row.py says"
    assert not stray, f"rows of no module: {sorted(stray)}"


def chosen(session: pytest.Session) -> list[str]:
    """The modules whose rows this run asks for."""
    here = [item for item in session.items if isinstance(item, pytest.Function) and item.path == Path(__file__)]
    return [item.callspec.params["module"] for item in here if hasattr(item, "callspec")]


@pytest.fixture(scope="module")
def walks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walks]:
    """Starts the walks of all rows: those of the API server run beside those of the other servers."""
    lanes = {True: ThreadPoolExecutor(1), False: ThreadPoolExecutor(1)}
    begun: Walks = {}
    # The first kind is the first to run, while the other servers start.
    for module in sorted(chosen(request.session), key=lambda module: not APART.issuperset(ROWS[module].servers)):
        row = ROWS[module]
        for fixture in row.needs:
            request.getfixturevalue(fixture)
        servers = {name: SERVERS[name][1](request.getfixturevalue(SERVERS[name][0]), module) for name in row.servers}
        folder = tmp_path_factory.mktemp(module)
        begun[module] = lanes[APART.issuperset(row.servers)].submit(walked, module, servers, folder)
    yield begun
    for lane in lanes.values():
        lane.shutdown(cancel_futures=True)


def walked(module: str, servers: dict[str, Server], folder: Path) -> list[Outcome]:
    variables: dict[str, Any] = {}
    for server in servers.values():
        variables |= server.variables()
    return list(walk(folder, module, ROWS[module], variables, lambda: {n: s.look() for n, s in servers.items()}))


@pytest.mark.parametrize("module", ROWS)
def test_module(module: str, walks: Walks) -> None:
    outcomes = walks[module].result()
    complaints = judge(ROWS[module], outcomes)
    assert not complaints, "\n".join(["", *complaints])
    assert [outcome.step for outcome in outcomes] == ROWS[module].steps()
