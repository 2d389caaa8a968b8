# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds that end badly say why, and can be made good."""

from __future__ import annotations

import pytest
from ansible_collections.bentobox.platform.tests.support.small_bentos import NAMESPACE, REGISTRY, Lab

pytestmark = pytest.mark.lab


def test_bad_requirements_and_the_corrected_bento(lab: Lab, bento: str) -> None:
    tag = lab.push(bento, "v1", "RUN pip install no-such-package-anywhere==9.9.9")
    failed = lab.run("image_build", bento=tag, registry=REGISTRY, timeout=300)
    assert failed["failed"]
    assert "container builder of Pod" in failed["msg"]
    assert "No matching distribution found for no-such-package-anywhere==9.9.9" in failed["msg"]
    assert len(failed["msg"].splitlines()) <= 42
    assert "\x1b" not in failed["msg"]
    lab.push(bento, "v1", "RUN echo better", force=True)
    built = lab.run("image_build", bento=tag, registry=REGISTRY, timeout=300)
    assert not built["failed"], built
    assert (built["changed"], built["built"]) == (True, True)


def test_unknown_bento(lab: Lab, bento: str) -> None:
    failed = lab.run("image_build", bento=f"{bento}:v1")
    assert f"Yatai has no bento {bento}:v1: push it first" in failed["msg"]
    assert lab.client.get_or_none("resources.yatai.ai/v1alpha1", "BentoRequest", f"{bento}--v1", NAMESPACE) is None
    # The builder itself tries for ever, and its condition flaps.
    failed = lab.run("image_build", bento=f"{bento}:v1", check_bento=False, timeout=120)
    assert "yatai-image-builder says:" in failed["msg"]
    assert "push the bento first" in failed["msg"]
    assert "no image after" not in failed["msg"]


def test_registry_that_refuses_the_push(lab: Lab, bento: str) -> None:
    tag = lab.push(bento, "v1")
    secret = {
        "apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": bento, "namespace": NAMESPACE},
        "stringData": {".dockerconfigjson": '{"auths": {"mirror.lab.svc.cluster.local:5000": {"auth": "YTpi"}}}'},
    }  # fmt: skip
    # The lab's mirror takes no pushes.
    image = f"mirror.lab.svc.cluster.local:5000/{bento}:v1"
    lab.client.apply(secret)
    failed = lab.run("image_build", bento=tag, image=image, docker_config_secret=bento, insecure=True, timeout=200)
    lab.client.delete("v1", "Secret", bento, NAMESPACE)
    assert failed["failed"]
    assert "container builder of Pod" in failed["msg"]
    assert "error checking push permissions" in failed["msg"] or "error pushing image" in failed["msg"]
