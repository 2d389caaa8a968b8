# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Deployments that cannot come up say why."""

from __future__ import annotations

import pytest
from ansible_collections.bentobox.platform.tests.support.small_bentos import NAMESPACE, SMALL, Lab, Obj

pytestmark = pytest.mark.lab


def test_crash_loop_tells_the_last_words(lab: Lab, built: Obj, name: str) -> None:
    failed = lab.run(
        "bento_deployment", name=name, bento=built["bento"], resources=SMALL, envs={"CRASH": "weights are gone"},
        wait_timeout=240,
    )  # fmt: skip
    assert failed["failed"]
    assert "container main of Pod" in failed["msg"]
    assert "cannot load the model: weights are gone" in failed["msg"]
    assert "not ready after" not in failed["msg"]
    # Corrected, it comes up.
    good = lab.run("bento_deployment", name=name, bento=built["bento"], resources=SMALL, wait_timeout=240)
    assert not good["failed"], good


def test_image_that_cannot_be_pulled(lab: Lab, name: str, bento: str) -> None:
    image = f"127.0.0.1:5000/{bento}:nowhere"
    made = {
        "apiVersion": "resources.yatai.ai/v1alpha1", "kind": "Bento",
        "metadata": {"name": bento, "namespace": NAMESPACE}, "spec": {"tag": f"{bento}:v1", "image": image},
    }  # fmt: skip
    lab.client.apply(made)
    failed = lab.run("bento_deployment", name=name, bento=bento, resources=SMALL, wait_timeout=240)
    lab.client.delete("resources.yatai.ai/v1alpha1", "Bento", bento, NAMESPACE)
    assert failed["failed"]
    assert f"cannot get its image {image}" in failed["msg"]
    assert "not ready after" not in failed["msg"]


def test_no_node_is_large_enough(lab: Lab, built: Obj, name: str) -> None:
    huge = {"requests": {"cpu": "900", "memory": "64Mi"}, "limits": {"cpu": "900", "memory": "256Mi"}}
    failed = lab.run(
        "bento_deployment", name=name, bento=built["bento"], resources=huge, wait_timeout=240, unschedulable_timeout=10
    )
    assert failed["failed"]
    assert "cannot be scheduled" in failed["msg"]
    assert "Insufficient cpu" in failed["msg"]
