# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node that exists on paper only."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
if str(CHECKOUT) not in sys.path:  # for the package lab, from wherever pytest was started
    sys.path.insert(0, str(CHECKOUT))

from lab.node.context import Node  # noqa: E402
from lab.node.programs import KUBERNETES, Programs  # noqa: E402
from lab.settings import Settings, from_environment  # noqa: E402
from lab.slots import Network  # noqa: E402


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return from_environment({"HOME": str(tmp_path), "LAB": "paper"})


@pytest.fixture
def node_of(settings: Settings, tmp_path: Path) -> Callable[[int], Node]:
    """A node in the given slot, with programs that are empty files."""
    debs = tmp_path / "debs"
    for name in ("usr/bin/etcd", "usr/bin/containerd", "usr/bin/docker-registry", "usr/bin/ctr"):
        path = debs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    programs = Programs(
        kube={name: Path("/kube") / name for name in KUBERNETES},
        helm=Path("/kube/helm"),
        debs=debs,
        registry_dir=Path("/artifacts/registry"),
        index_dir=Path("/artifacts/index"),
        charts_dir=Path("/artifacts/x/charts"),
    )
    return lambda slot: Node(settings, Network(slot), programs)


@pytest.fixture
def node(node_of: Callable[[int], Node]) -> Node:
    return node_of(3)
