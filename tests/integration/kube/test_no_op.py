# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is as it should be costs no request, whatever way the API server writes it; what is not is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.bentobox.platform.plugins.module_utils.kube import apply
from ansible_collections.bentobox.platform.plugins.module_utils.kube.fields import unchanged

from .conftest import Engine
from .samples import Obj, config


def palette() -> list[Obj]:
    return yaml.safe_load((Path(__file__).parent / "palette.yaml").read_text())


def patches(engine: Engine, mark: int) -> list[str]:
    return sorted({event["objectRef"]["resource"] for event in engine.plane.requests(mark) if event["verb"] == "patch"})


def test_what_the_server_writes_its_own_way_needs_no_request(engine: Engine) -> None:
    engine(*palette())
    mark = engine.plane.mark()
    done = engine(*palette())
    assert not done["changed"]
    assert patches(engine, mark) == []
    engine(state="absent")


def test_a_real_difference_of_quantities_is_applied(engine: Engine) -> None:
    engine(*palette())
    changed = json.loads(json.dumps(palette()))  # aliases of YAML are one object in Python
    by_kind: dict[str, Any] = {obj["kind"]: obj for obj in changed}
    by_kind["Deployment"]["spec"]["template"]["spec"]["containers"][0]["resources"]["requests"]["cpu"] = "1001m"
    by_kind["ResourceQuota"]["spec"]["hard"]["requests.cpu"] = "100001m"
    by_kind["HorizontalPodAutoscaler"]["spec"]["metrics"][0]["pods"]["target"]["averageValue"] = "0.2"
    by_kind["NetworkPolicy"]["spec"]["ingress"][0]["ports"][0]["protocol"] = "UDP"
    done = engine(*changed)
    name = engine.name
    assert sorted(done["objects"]["updated"]) == [
        f"Deployment {name}/deployment",
        f"HorizontalPodAutoscaler {name}/horizontalpodautoscaler",
        f"NetworkPolicy {name}/networkpolicy",
        f"ResourceQuota {name}/resourcequota",
    ]
    assert not engine(*changed)["changed"]
    engine(state="absent")


def test_what_differs_is_compared_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of thousands of objects that is most of the time on our side."""
    engine(config("same", x="1"), config("other", x="1"))
    compared: list[str] = []

    def counted(desired: Obj, live: Obj, manager: str) -> bool:
        compared.append(desired["metadata"]["name"])
        return unchanged(desired, live, manager)

    monkeypatch.setattr(apply, "unchanged", counted)
    done = engine(config("same", x="1"), config("other", x="2"))
    assert done["objects"]["updated"] == [f"ConfigMap {engine.name}/other"]
    assert sorted(name for name in compared if name != engine.name) == ["other", "same"]
