# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Builds that do not end by themselves, or not for long."""

from __future__ import annotations

import pytest
from ansible_collections.bentobox.platform.tests.support.small_bentos import NAMESPACE, Lab

pytestmark = pytest.mark.lab


def test_timeout_ends_the_build(lab: Lab, bento: str) -> None:
    tag = lab.push(bento, "v1", "RUN echo now we wait && sleep 900")
    failed = lab.run("image_build", bento=tag, timeout=30)
    assert failed["failed"]
    assert "no image after 30 s" in failed["msg"]
    assert "Last lines of container" in failed["msg"]
    left = [
        pod["metadata"]["name"]
        for pod in lab.client.list("v1", "Pod", NAMESPACE, label_selector=f"yatai.ai/bento-repository={bento}")
    ]
    assert left == []


def test_download_that_fails(lab: Lab, bento: str) -> None:
    failed = lab.run(
        "image_build", bento=f"{bento}:v1", timeout=200, bentoml_version="1.1.11",
        download_url="http://yatai.yatai-system.svc.cluster.local/api/v1/nothing?X-Amz-Signature=topsecret",
    )  # fmt: skip
    assert failed["failed"]
    assert "container bento-downloader of Pod" in failed["msg"]
    assert "download_url" in failed["msg"]
    assert "topsecret" not in failed["msg"]
    assert "building again (3 of 3)" in str(failed["warnings"])
