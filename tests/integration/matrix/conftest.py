# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers of the matrix, and what rows name in needs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.bentobox.platform.tests.integration.serving.conftest import (
    artifacts,
    gateway_definitions,
    inference_artifacts,
    install_chart,
    kserve_definitions,
)
from ansible_collections.bentobox.platform.tests.support.control_plane import CannotStart, ControlPlane
from ansible_collections.bentobox.platform.tests.support.objectstore import ObjectStore, object_store
from ansible_collections.bentobox.platform.tests.support.postgres import Postgres, postgres_server
from ansible_collections.bentobox.platform.tests.support.yatai import Yatai, start_yatai, yatai_server

__all__ = ["artifacts", "inference_artifacts", "object_store", "postgres_server", "yatai_server"]


@pytest.fixture(scope="module")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """One of the matrix's own: no operator of other tests acts on what rows make."""
    plane = ControlPlane(tmp_path_factory.mktemp("matrix-control-plane"))
    try:
        plane.start()
    except CannotStart as error:
        plane.stop()
        pytest.fail(f"no control plane: {error}", pytrace=False)
    yield plane
    plane.stop()


@pytest.fixture(scope="module")
def new_yatai(postgres_server: Postgres, object_store: ObjectStore) -> Iterator[Yatai]:
    """A server that nobody has set up."""
    server = start_yatai(postgres_server, object_store, set_up=False)
    yield server
    server.close()


@pytest.fixture(scope="module")
def yatai_definitions(control_plane: ControlPlane, artifacts: Any) -> None:
    """The custom resources of Yatai, without the conversion webhook that nobody serves here."""
    for chart in ("yatai-image-builder-crds", "yatai-deployment-crds"):
        install_chart(control_plane, artifacts, chart)
    patch = '{"spec":{"conversion":{"strategy":"None","webhook":null}}}'
    control_plane.run_kubectl("patch", "crd", "bentodeployments.serving.yatai.ai", "--type=merge", "-p", patch)


@pytest.fixture(scope="module")
def kserve_kinds(control_plane: ControlPlane, inference_artifacts: Any) -> None:
    kserve_definitions(control_plane, inference_artifacts)


@pytest.fixture(scope="module")
def gateway_kinds(control_plane: ControlPlane, inference_artifacts: Any) -> None:
    gateway_definitions(control_plane, inference_artifacts)
