# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that ask the inference platform in the lab."""

from __future__ import annotations

import base64
import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from lab import inference
from lab.errors import LabError
from lab.node.kubectl import Kubectl
from lab.settings import Settings


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
