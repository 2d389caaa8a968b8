# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A bento is built once, served, changed, scaled and taken away."""

from __future__ import annotations

import re

import pytest
from ansible_collections.bentobox.platform.tests.support.small_bentos import NAMESPACE, REGISTRY, SMALL, Lab, Obj

pytestmark = pytest.mark.lab


def test_build_is_real_and_found_again(lab: Lab, built: Obj) -> None:
    assert (built["changed"], built["built"]) == (True, True)
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", built["digest"])
    again = lab.run("image_build", bento=built["tag"], registry=REGISTRY)
    assert (again["changed"], again["digest"]) == (False, built["digest"])
    assert again["seconds"] < 10


def test_serves_scales_and_ends(lab: Lab, built: Obj, name: str) -> None:
    service = lab.client.get("v1", "Service", "traefik", "traefik")
    arguments: Obj = {
        "name": name, "bento": built["tag"], "resources": SMALL, "envs": {"GREETING": "good morning"},
        "ingress": {"enabled": True}, "ingress_address": service["spec"]["clusterIP"], "wait_timeout": 240,
        "probe": {"path": "/double", "method": "POST", "body": [1, 2.5], "expect": {"json": [2, 5.0]}},
    }  # fmt: skip
    first = lab.run("bento_deployment", **arguments)
    assert not first["failed"], first
    assert first["changed"] is True
    assert (first["image"], first["replicas"]) == (built["image"], {"api": 1, "runners": {}})
    assert first["urls"]["ingress"] == f"http://{first['host']}"
    assert (first["probe"]["status"], first["probe"]["json"]) == (200, [2, 5.0])
    again = lab.run("bento_deployment", **arguments)
    assert (again["changed"], again["failed"]) == (False, False)
    # A change is waited for: the answer is that of the new pods.
    greeting = {"path": "/greeting", "expect": {"json": "good evening"}}
    changed = lab.run("bento_deployment", **{**arguments, "envs": {"GREETING": "good evening"}, "probe": greeting})
    assert not changed["failed"], changed
    scaled = lab.run(
        "bento_deployment",
        **{**arguments, "envs": {}, "probe": None, "autoscaling": {"min_replicas": 2, "max_replicas": 3}},
    )
    assert not scaled["failed"], scaled
    assert scaled["replicas"]["api"] == 2
    wrong = lab.run("bento_deployment", **{**arguments, "probe": {"path": "/greeting", "expect": {"json": "ciao"}}})
    assert 'the body is not "ciao"' in wrong["msg"]
    gone = lab.run("bento_deployment", name=name, state="absent")
    assert gone["changed"] is True
    for api_version, kind in (("apps/v1", "Deployment"), ("v1", "Pod"), ("v1", "Service")):
        selector = f"yatai.ai/bento-deployment={name}"
        assert lab.client.list(api_version, kind, NAMESPACE, label_selector=selector) == []
    assert lab.run("bento_deployment", name=name, state="absent")["changed"] is False
