# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Roles of the inference platform on a cluster where somebody else has installed a part of it already: refused by
name, with what to do about it, and nothing of theirs is written to."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bentobox.platform.tests.support.control_plane import ControlPlane
from ansible_collections.bentobox.platform.tests.support.modules import run_playbook

from .conftest import install_file

RELEASE = {"bentobox_release": "lab-2025.07"}


def refusal(plane: ControlPlane, folder: Path, artifacts: Any, role: str) -> tuple[str, list[str]]:
    """What the role says when it refuses, on one line, and what it has written."""
    tasks = [{"ansible.builtin.include_role": {"name": f"bentobox.platform.{role}"}}]
    variables = {**RELEASE, "bentobox_artifacts_dir": str(artifacts.charts_dir.parent)}
    mark = plane.mark()
    environment = {"kubeconfig": str(plane.kubeconfig)}
    group = {"module_defaults": {"group/bentobox.platform.kubernetes": environment}, "block": tasks}
    done = run_playbook(folder, [group], variables=variables, options=())
    assert done.returncode == 2, done.stdout + done.stderr
    return re.sub(r"\s+", " ", done.stdout), plane.writes(mark)


@pytest.fixture
def istiod(control_plane: ControlPlane) -> str:
    """Istio's control plane, as its own installer labels it."""
    namespace = control_plane.make_namespace("istio-of-others")
    labels = {"app": "istiod", "app.kubernetes.io/version": "1.20.0"}
    template = {
        "metadata": {"labels": {"app": "istiod"}},
        "spec": {"containers": [{"name": "discovery", "image": "x"}]},
    }
    spec = {"selector": {"matchLabels": {"app": "istiod"}}, "template": template}
    made = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "istiod", "labels": labels}}
    control_plane.run_kubectl("-n", namespace, "create", "-f", "-", input=json.dumps({**made, "spec": spec}))
    return f"{namespace}/istiod"


def test_istio_of_another_version(
    istiod: str, control_plane: ControlPlane, inference_artifacts: Any, tmp_path: Path
) -> None:
    said, written = refusal(control_plane, tmp_path, inference_artifacts, "istio")
    assert written == []
    assert f"in another version than 1.26.2, which release lab-2025.07 has: {istiod}" in said
    assert "Set istio_state to existing" in said


def test_gateway_api_of_somebody_else(control_plane: ControlPlane, inference_artifacts: Any, tmp_path: Path) -> None:
    install_file(control_plane, inference_artifacts, "gateway-api")
    said, written = refusal(control_plane, tmp_path, inference_artifacts, "gateway_api")
    assert written == []
    assert "gateway.networking.k8s.io: it exists already and was made by kubectl" in said
    assert "take_ownership" in said
