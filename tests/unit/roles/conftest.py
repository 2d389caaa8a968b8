# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from ansible.plugins.loader import init_plugin_loader
from ansible_collections.bentobox.platform.tests.unit.roles.rendering import (
    COLLECTION,
    LAB_RELEASE,
    RENDERED_RELEASE,
    Role,
)

from lab.artifacts import ensure, ensure_rendered


@pytest.fixture(scope="session", autouse=True)
def plugins() -> None:
    """Ansible finds the collection's lookup as it does in a run.

    Python imported the collection before Ansible could, so what Ansible's own importer notes down is added.
    """
    init_plugin_loader([])
    import_module("ansible_collections.bentobox.platform").__dict__.setdefault("_collection_meta", {})
    package = import_module("ansible_collections.bentobox.platform.plugins.lookup")
    if getattr(package, "__file__", None) is None:
        package.__file__ = str(COLLECTION / "plugins/lookup/__synthetic__")


@pytest.fixture(scope="session")
def site() -> dict[str, Any]:
    """The charts and the helm program of this machine's cache, as `make up` and the lab use them."""
    charts = ensure(["charts"], stack="all").charts_dir
    return {"artifacts_dir": str(charts.parent), "helm_binary": str(ensure(["programs"]).bin("helm"))}


@pytest.fixture(scope="session")
def rendered_artifacts(site: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> str:
    """Charts and files of the release that no lab runs: its own, and those that the lab has in the same version."""
    folder = tmp_path_factory.mktemp("release")
    for artifacts in (ensure_rendered().parent, Path(site["artifacts_dir"])):
        for path in artifacts.glob("*/*"):
            link = folder / path.parent.name / path.name
            link.parent.mkdir(exist_ok=True)
            if not link.exists():
                link.symlink_to(path)
    return str(folder)


@pytest.fixture
def role(site: dict[str, Any], request: pytest.FixtureRequest) -> Callable[..., Role]:
    """Makes a role that takes its charts from the cache; variables without the role's prefix."""

    def make(name: str, **variables: Any) -> Role:
        given = {f"{name}_{key}": value for key, value in variables.items()}
        rendered = variables.get("release") == RENDERED_RELEASE
        artifacts = request.getfixturevalue("rendered_artifacts") if rendered else site["artifacts_dir"]
        here = {f"{name}_release": LAB_RELEASE, f"{name}_artifacts_dir": artifacts}
        return Role(name, **{**here, f"{name}_helm_binary": site["helm_binary"], **given})

    return make
