# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One lab for all tests of this folder, in the order of the files: empty, installed, serving, disturbed, taken away.

BENTOBOX_E2E_LAB=name uses the lab of that name, raises it when it is not up, and leaves it up.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from ansible_collections.bentobox.platform.tests.e2e.helpers.bento import Store
from ansible_collections.bentobox.platform.tests.e2e.helpers.canary import Canary
from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.e2e.helpers.fixtures import (  # noqa: F401
    shared_cluster,
    shared_playbooks,
)
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Playbooks, Run
from ansible_collections.bentobox.platform.tests.e2e.helpers.raised import Lab, raised
from ansible_collections.bentobox.platform.tests.support.process import cache_dir

NAME = "e2e"
TIMES: list[tuple[str, float]] = []
BEGUN = time.monotonic()


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with raised(NAME) as lab:
        TIMES.append(("lab up", lab.seconds))
        yield lab


@pytest.fixture(scope="session")
def canary() -> Canary:
    return Canary()


@pytest.fixture(scope="session")
def installed(lab: Lab, playbooks: Playbooks, cluster: Cluster, canary: Canary) -> Run:
    """README's first command on the empty lab: site.yml and publish_bento.yml."""
    run = playbooks.finish(playbooks.make("up", "make up, first", **lab.variables_of_make), 1200).ok()
    canary.collect(cluster)
    return run


@pytest.fixture(scope="session")
def store(lab: Lab) -> Store:
    return Store(lab.path("state") / "bentoml")


@pytest.fixture(scope="session")
def published(installed: Run) -> Run:
    """The sample bento pushed, built and served."""
    return installed


@pytest.fixture(scope="session")
def node_ip(lab: Lab) -> str:
    return lab.command("env", "node_ip")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.duration > 5:
        TIMES.append((f"{report.when:8} {report.nodeid.rsplit('/', 1)[-1]} {report.outcome}", report.duration))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Where the time went: always shown, since it is one of the things promised."""
    terminalreporter.section("times")
    for text, seconds in TIMES:
        terminalreporter.write_line(f"{seconds:7.1f} s  {text}")
    terminalreporter.write_line(
        f"{time.monotonic() - BEGUN:7.1f} s  all; logs of the playbooks in {cache_dir() / NAME}"
    )
