# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import pytest
from ansible.plugins.loader import init_plugin_loader
from ansible_collections.bentobox.platform.tests.unit.roles.rendering import COLLECTION, LAB_RELEASE, Role

from lab.artifacts import ensure


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


@pytest.fixture
def role(site: dict[str, Any]) -> Callable[..., Role]:
    """Makes a role that takes its charts from the cache; variables without the role's prefix."""

    def make(name: str, **variables: Any) -> Role:
        given = {f"{name}_{key}": value for key, value in variables.items()}
        here = {f"{name}_release": LAB_RELEASE, f"{name}_artifacts_dir": site["artifacts_dir"]}
        return Role(name, **{**here, f"{name}_helm_binary": site["helm_binary"], **given})

    return make
