# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inference platform is told to serve in the lab, and the lines that ask it."""

from __future__ import annotations

import base64
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.bentobox.platform.plugins.modules import bento_deployment

from lab import cli, inference
from lab.artifacts.sample import TAG_PREFIX
from lab.errors import LabError
from lab.node.kubectl import Kubectl
from lab.settings import Settings

ROLES = Path(inference.__file__).parents[1] / "roles"


def sample(*, bento: bool) -> dict[str, Any]:
    return inference.models(Path("/iris"), Path("/resnet"), bento=bento)


def names(*, bento: bool) -> list[str]:
    return [model["name"] for model in sample(bento=bento)["bentobox_models"]]


def test_the_bento_is_served_where_both_platforms_are() -> None:
    assert names(bento=False) == ["sklearn-iris", "language", "pytorch-resnet"]
    assert names(bento=True) == ["sklearn-iris", "language", "pytorch-resnet", "iris-classifier"]


def test_the_bento_is_the_one_that_is_published() -> None:
    """As playbook publish_bento.yml names it, where the operator looks by default."""
    assert inference.BENTO["service"] == TAG_PREFIX.replace("_", "-")
    defaults = yaml.safe_load((ROLES / "yatai_deployment/defaults/main.yml").read_text())
    assert inference.BENTO["namespace"] in defaults["yatai_deployment_bento_namespaces"]


def test_every_model_belongs_to_a_tenant_and_says_what_serves_it() -> None:
    told = sample(bento=True)
    tenants = {tenant["name"] for tenant in told["bentobox_tenants"]}
    for model in told["bentobox_models"]:
        assert model["tenant"] in tenants
        assert ("service" in model) != ("backends" in model)


def test_a_line_can_be_pasted_and_holds_no_token() -> None:
    line = inference.line(Path("/a folder/ca.crt"), "10.0.0.1", Path("/a folder/token"), "/v1/models/m", {"a": "it's"})
    words = shlex.split(line)
    assert words[words.index("--cacert") + 1] == "/a folder/ca.crt"
    assert words[words.index("--resolve") + 1] == "api.inference.local:443:10.0.0.1"
    assert """-H @<(printf 'Authorization: Bearer %s' "$(cat '/a folder/token')")""" in line
    assert json.loads(words[words.index("-d") + 1]) == {"a": "it's"}
    assert words[-1] == "https://api.inference.local/v1/models/m"


class Cluster(Kubectl):
    """What kubectl would answer."""

    def __init__(self, *routes: str, there: bool = True) -> None:
        self.routes, self.there = routes, there

    def get(self, *args: str) -> dict[str, Any]:
        if not self.there:
            raise LabError("namespaces not found")
        answers: dict[str, dict[str, Any]] = {
            "service": {"spec": {"clusterIP": "10.0.0.1"}},
            "secret": {"data": {"ca.crt": base64.b64encode(b"PEM").decode()}},
        }
        items = [{"metadata": {"name": route}} for route in self.routes]
        return answers.get(args[2], {"items": items})


def test_only_what_is_routed_is_asked(settings: Settings) -> None:
    settings.state.mkdir(parents=True)
    [line] = inference.curl(settings, Cluster("tenant-a-sklearn-iris"))
    assert line.endswith("/v1/models/sklearn-iris:predict")
    assert (settings.state / "inference-ca.crt").read_text() == "PEM"
    lines = inference.curl(settings, Cluster("tenant-a-sklearn-iris", "tenant-a-iris-classifier"))
    assert [line.rsplit("/", 1)[1] for line in lines] == ["sklearn-iris:predict", "predict"]
    assert len({line.split(" -d ")[0] for line in lines}) == 1, "the same gateway, the same token"


def test_a_platform_that_is_not_there(settings: Settings) -> None:
    with pytest.raises(LabError, match="is the inference platform installed"):
        inference.curl(settings, Cluster(there=False))


def test_what_the_bento_reserves_beside_the_other_platform() -> None:
    """As the module takes it, for the runner that the bento has."""
    given = {"name": "n", "resources": cli.SMALL["deployment_resources"], "runners": cli.SMALL["deployment_runners"]}
    validated = ArgumentSpecValidator(bento_deployment.argument_spec()).validate(given)
    assert not validated.error_messages, validated.error_messages
    [runner] = given["runners"]
    assert runner["name"] == TAG_PREFIX
