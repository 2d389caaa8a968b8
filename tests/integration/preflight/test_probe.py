# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reaching services from inside a real cluster."""

from __future__ import annotations

import os
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.plugins.module_utils.preflight.probe import LABEL
from ansible_collections.bentobox.platform.tests.support.modules import run_module

pytestmark = pytest.mark.lab
IMAGE = "docker.io/library/python:3.11-slim"


@pytest.fixture(name="kubeconfig")
def _kubeconfig() -> str:
    path = os.environ.get("BENTOBOX_LAB_KUBECONFIG", "")
    if not path:
        pytest.fail("set BENTOBOX_LAB_KUBECONFIG to the kubeconfig of a running lab (`make up`)")
    return path


def look(kubeconfig: str, *addresses: str, **options: Any) -> dict[str, str]:
    """What is said about each address that is not reached."""
    endpoints = [{"name": address, "address": address, "variable": "some_host"} for address in addresses]
    options = {"probe_image": IMAGE, "ignore": ["helm"], **options}
    result = run_module("preflight", {"kubeconfig": kubeconfig, "endpoints": endpoints, **options}, timeout=300)
    found = [finding for finding in result["findings"] if finding["check"] == "endpoints"]
    assert result["failed"] == any(finding["level"] == "error" for finding in found), result
    return {
        next((address for address in addresses if address in finding["what"]), ""): finding["what"] for finding in found
    }


def probes(kubeconfig: str) -> list[str]:
    client = Client.from_params({"kubeconfig": kubeconfig})
    pods = client.list("v1", "Pod", "default", label_selector=f"{LABEL}=probe")
    return [pod["metadata"]["name"] for pod in pods if not pod["metadata"].get("deletionTimestamp")]


def test_pods_say_what_they_reach(kubeconfig: str) -> None:
    there = "kubernetes.default.svc.cluster.local:443"
    said = look(kubeconfig, there, "does-not-exist.invalid:80", "kubernetes.default.svc.cluster.local:1")
    assert there not in said
    assert "does-not-exist.invalid:80" in said
    assert len(said) == 2
    assert probes(kubeconfig) == []


def test_image_that_cannot_be_pulled_is_an_error(kubeconfig: str) -> None:
    said = look(kubeconfig, "kubernetes.default.svc.cluster.local:443", probe_image="example.invalid/nothing:1")
    (what,) = said.values()
    assert "example.invalid/nothing:1" in what
    assert probes(kubeconfig) == []
