# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""component_info: what was asked for, what of it somebody else changed, and what is missing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.applyset import PART_OF
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.inventory import installed
from ansible_collections.bentobox.platform.plugins.module_utils.kube.ledger import decode
from ansible_collections.bentobox.platform.tests.support.modules import run_module

from .conftest import Engine
from .samples import config, crd, custom, deployment, secret

GENERATE = [{"name": "made", "keys": {"password": {}}}]


def info(engine: Engine) -> dict[str, Any]:
    return installed(engine.client, engine.name, engine.namespace)[0]


def kubectl(engine: Engine, *arguments: str) -> None:
    engine.plane.run_kubectl("-n", engine.name, *arguments)


def replicas(count: int) -> dict[str, Any]:
    obj = deployment()
    obj["spec"]["replicas"] = count
    return obj


def test_what_others_change_is_named_repaired_and_shown(engine: Engine) -> None:
    manifests = [replicas(1), config(x="1", y="1"), secret(p="hunter2-canary", q="1")]
    engine(*manifests, generate_secrets=GENERATE)
    assert info(engine)["drifted"] == []
    # What we did not set is not drift, whoever sets it.
    kubectl(engine, "annotate", "deployment/d", "who=me")
    kubectl(engine, "label", "configmap/a", "who=me")
    assert info(engine)["drifted"] == []
    kubectl(engine, "scale", "deployment/d", "--replicas=3")
    kubectl(engine, "set", "image", "deployment/d", "c=busybox:9", "--field-manager=image-bot")
    kubectl(engine, "set", "env", "deployment/d", "A-", "--field-manager=cleaner")
    kubectl(engine, "patch", "secret", "s", "--type=merge", "-p", '{"stringData": {"p": "theirs-canary"}}')
    kubectl(engine, "patch", "configmap", "a", "--type=merge", "-p", '{"data": {"y": null}}')
    found = info(engine)
    place = engine.name
    container = '.spec.template.spec.containers[name="c"]'
    assert found["drifted"] == [
        {"object": f"ConfigMap {place}/a", "fields": [{"field": ".data.y", "manager": ""}]},
        {"object": f"Secret {place}/s", "fields": [{"field": ".data.p", "manager": "kubectl-patch"}]},
        {
            "object": f"Deployment {place}/d",
            "fields": [
                {"field": ".spec.replicas", "manager": "kubectl"},
                {"field": f'{container}.env[name="A"]', "manager": ""},
                {"field": f"{container}.image", "manager": "image-bot"},
            ],
        },
    ]
    assert "canary" not in json.dumps(found)
    # A program's value is not overwritten silently, it would be there again at once. What people did by hand is.
    with pytest.raises(KubeError, match=r"d: image-bot, kubectl manages fields .*'take_ownership: true'"):
        engine(*manifests, generate_secrets=GENERATE, check=True)
    kubectl(engine, "set", "image", "deployment/d", "c=busybox:8")
    assert {"field": f"{container}.image", "manager": "kubectl-set"} in info(engine)["drifted"][-1]["fields"]
    _, done, _, _ = engine.steps(*manifests, generate_secrets=GENERATE, diff=True)
    assert sorted(done["objects"]["updated"]) == [f"ConfigMap {place}/a", f"Deployment {place}/d", f"Secret {place}/s"]
    shown = {entry["before_header"]: entry for entry in done["diff"]}[f"Deployment {place}/d"]
    assert ("replicas: 3" in shown["before"], "replicas: 1" in shown["after"]) == (True, True)
    assert ("busybox:8" in shown["before"], "busybox:1.36" in shown["after"]) == (True, True)
    assert "canary" not in json.dumps(done)
    assert info(engine)["drifted"] == []


def test_what_is_missing(engine: Engine) -> None:
    group = f"{engine.name}.example.com"
    manifests = [crd("widgets", "Widget", group), custom("Widget", group=group, size=1), config(x="1"), config("b")]
    engine(*manifests, generate_secrets=GENERATE)
    assert info(engine)["missing"] == []
    kubectl(engine, "delete", "configmap/a", "secret/made")
    # Without its label it is no member, and yet it is there: somebody took a field of ours.
    kubectl(engine, "label", "configmap/b", f"{PART_OF}-")
    found = info(engine)
    assert found["missing"] == [f"ConfigMap {engine.name}/a", f"Secret {engine.name}/made"]
    label = {"field": f".metadata.labels.{PART_OF}", "manager": ""}
    assert found["drifted"] == [{"object": f"ConfigMap {engine.name}/b", "fields": [label]}]
    engine.plane.run_kubectl("delete", "crd", f"widgets.{group}")
    assert info(engine)["missing"][1:3] == [
        f"Secret {engine.name}/made", f"CustomResourceDefinition widgets.{group}",
    ]  # fmt: skip
    assert f"Widget {engine.name}/x" in info(engine)["missing"]
    engine(*manifests, generate_secrets=GENERATE)
    assert (info(engine)["missing"], info(engine)["drifted"]) == ([], [])


def test_the_digest_tells_what_was_asked_and_no_secret(engine: Engine) -> None:
    asked = [config(x="1"), secret(p="hunter2"), deployment()]
    first = engine(*asked, check=True)["digest"]
    assert engine(*asked)["digest"] == info(engine)["digest"] == first
    assert engine(*reversed(asked))["digest"] == first
    assert engine(config(x="1"), secret(p="another"), deployment())["digest"] == first
    other = engine(config(x="2"), secret(p="another"), deployment())["digest"]
    assert other == info(engine)["digest"] != first
    # Written in another way it is another question with the same answer: only the record changes, and says so.
    same = deployment(resources={"requests": {"cpu": "100m", "memory": "1Gi"}})
    _, done, _, _ = engine.steps(config(x="2"), secret(p="another"), same)
    assert info(engine)["digest"] == done["digest"] != other
    assert engine(state="absent")["digest"] == ""


def test_a_run_that_is_refused_half_way_says_so_until_one_gets_through(engine: Engine) -> None:
    engine(config(x="1"))
    wrong = deployment()
    wrong["spec"]["selector"] = {"matchLabels": {"not": "there"}}
    with pytest.raises(KubeError, match="selector"):
        engine(config(x="2"), config("b", x="1"), wrong)
    found = info(engine)
    assert (found["complete"], found["drift_known"], found["drifted"]) == (False, False, [])
    assert found["missing"] == [f"Deployment {engine.name}/d"]
    _, done, _, _ = engine.steps(config(x="2"), config("b", x="1"), deployment())
    assert done["objects"]["created"] == [f"Deployment {engine.name}/d"]
    found = info(engine)
    assert (found["complete"], found["drift_known"], found["missing"]) == (True, True, [])


def test_the_record_holds_no_value_and_survives_meddling(engine: Engine) -> None:
    manifests = [config(x="canary-config"), secret(p="canary-secret"), deployment(image="canary:1")]
    assert "ledger:" not in json.dumps(engine(*manifests, diff=True)["diff"])
    record = engine.get("Secret", engine.name)
    ledger = decode(record)
    assert ledger is not None
    assert len(ledger.objects) == 3
    assert "canary" not in str(ledger)
    for data in ('{"ledger": "AAAA"}', "null"):
        kubectl(engine, "patch", "secret", engine.name, "--type=merge", "-p", f'{{"data": {data}}}')
        found = info(engine)
        assert (found["drift_known"], found["missing"]) == (False, [])
        _, done, _, _ = engine.steps(*manifests)
        assert done["objects"]["updated"] == [f"Secret {engine.name}/{engine.name}"]
        assert info(engine)["drift_known"]


def test_one_list_for_each_kind_of_all_components(engine: Engine) -> None:
    engine(*(config(f"c{number}") for number in range(30)), deployment())
    other = Engine(engine.plane, f"{engine.name}-b")
    other(config(x="1"), deployment(), secret(p="1"))
    mark = engine.plane.mark()
    result = run_module("component_info", engine.plane.params())
    assert {engine.name, other.name} <= {entry["name"] for entry in result["components"]}
    listed = [event["requestURI"].split("?")[0] for event in engine.plane.requests(mark) if event["verb"] == "list"]
    listed.remove("/api/v1/secrets")  # once for the records, once for Secrets
    assert sorted(listed) == sorted(set(listed))
    assert {"/api/v1/secrets", "/api/v1/configmaps", "/apis/apps/v1/deployments"} <= set(listed)
    assert engine.plane.writes(mark) == []
