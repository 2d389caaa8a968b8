# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real Yatai for each kind of test: one shared, and some of their own that may be stopped."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bentobox.platform.tests.support.bentos import build_real_bento
from ansible_collections.bentobox.platform.tests.support.control_plane import ControlPlane
from ansible_collections.bentobox.platform.tests.support.modules import run_module
from ansible_collections.bentobox.platform.tests.support.objectstore import (
    ObjectStore,
    fresh_object_store,
    object_store,
)
from ansible_collections.bentobox.platform.tests.support.postgres import Postgres, postgres_server
from ansible_collections.bentobox.platform.tests.support.yatai import Yatai, start_yatai, yatai_server

__all__ = ["fresh_object_store", "object_store", "postgres_server", "yatai_server"]

Run = Callable[..., dict[str, Any]]


def runner(server: Yatai, home: Path) -> Run:
    """Runs a module against this server, with this BENTOML_HOME where the module takes one."""

    def run(name: str, *, check: bool = False, timeout: float = 180, **arguments: Any) -> dict[str, Any]:
        given: dict[str, Any] = {"endpoint": server.endpoint, "api_token": server.token, "retry_timeout": 30}
        if not name.endswith("_info"):
            given["bentoml_home"] = str(home)
        return run_module(name, given | arguments, check=check, timeout=timeout)

    return run


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def run(yatai_server: Yatai, home: Path) -> Run:
    return runner(yatai_server, home)


@pytest.fixture
def own_yatai(postgres_server: Postgres, object_store: ObjectStore) -> Iterator[Yatai]:
    """A server that the test may kill."""
    server = start_yatai(postgres_server, object_store)
    yield server
    server.close()


@pytest.fixture
def presigning_yatai(postgres_server: Postgres, object_store: ObjectStore) -> Iterator[Yatai]:
    """A server that advises presigned uploads."""
    server = start_yatai(postgres_server, object_store, strategy="presigned_url")
    yield server
    server.close()


@pytest.fixture
def storeless_yatai(postgres_server: Postgres, fresh_object_store: ObjectStore) -> Iterator[Yatai]:
    """A server whose object store the test may stop."""
    server = start_yatai(postgres_server, fresh_object_store)
    yield server
    server.close()


@pytest.fixture
def namespace(control_plane: ControlPlane) -> str:
    return control_plane.make_namespace(f"yatai-{uuid.uuid4().hex[:8]}")


@pytest.fixture(scope="session")
def real_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with the bento line:v1, made by BentoML itself."""
    root = tmp_path_factory.mktemp("bentoml")
    build_real_bento(root / "home", root / "project")
    return root / "home"
