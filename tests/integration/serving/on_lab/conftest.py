# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Both modules on a lab with the whole stack: real kubelet, builder, registry, operator and ingress controller.

A file is what one worker of pytest takes (see ByFile), and tests wait for pods most of the time: so they are spread
over files that take about as long, and the names of what they make are their own.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator

import pytest
from ansible_collections.bentobox.platform.tests.support.small_bentos import NAMESPACE, REGISTRY, Lab, Obj


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Lab:
    kubeconfig = os.environ.get("BENTOBOX_LAB_KUBECONFIG")
    if not kubeconfig:
        pytest.fail("BENTOBOX_LAB_KUBECONFIG must name the kubeconfig of a lab with the Yatai stack", pytrace=False)
    return Lab(kubeconfig, tmp_path_factory.mktemp("bentos"))


@pytest.fixture
def bento(lab: Lab) -> Iterator[str]:
    """A name of its own; what is made under it is removed."""
    name = f"serving{secrets.token_hex(3)}"
    yield name
    for request in lab.client.list("resources.yatai.ai/v1alpha1", "BentoRequest", NAMESPACE):
        if request["spec"]["bentoTag"].startswith(f"{name}:"):
            lab.client.delete("resources.yatai.ai/v1alpha1", "BentoRequest", request["metadata"]["name"], NAMESPACE)


@pytest.fixture(scope="module")
def built(lab: Lab) -> Iterator[Obj]:
    """One bento with its image, for all deployments of a file."""
    tag = lab.push(f"served{secrets.token_hex(3)}", "v1")
    result = lab.run("image_build", bento=tag, registry=REGISTRY, timeout=300)
    assert not result["failed"], result
    yield result
    lab.run("image_build", bento=tag, state="absent")


@pytest.fixture
def name(lab: Lab) -> Iterator[str]:
    """Of a BentoDeployment that is removed at the end."""
    name = f"lab{secrets.token_hex(3)}"
    yield name
    lab.client.delete("serving.yatai.ai/v2alpha1", "BentoDeployment", name, NAMESPACE)
