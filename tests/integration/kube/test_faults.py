# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong: each with a clear error, nothing taken over silently, nothing lost."""

from __future__ import annotations

import base64
import copy
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import (
    Conflict,
    Forbidden,
    KubeError,
    RenderError,
    Unavailable,
)

from .conftest import Engine
from .samples import config, crd, custom, deployment, secret


def test_a_conflict_names_the_other_manager_and_the_way_out(engine: Engine, other_tool: Callable[..., Any]) -> None:
    engine(deployment(), config(x="1"))
    other_tool("-n", engine.name, "set", "image", "deployment/d", "c=busybox:9", "--field-manager=their-tool")
    with pytest.raises(Conflict) as caught:
        engine(deployment(), config(x="1"))
    message = str(caught.value)
    assert f"apply Deployment {engine.name}/d: their-tool manages fields that this component sets" in message
    assert "image" in message
    assert "take_ownership: true" in message
    with pytest.raises(Conflict):
        engine(deployment(), config(x="1"), check=True)
    _, done, _, _ = engine.steps(deployment(), config(x="1"), take_ownership=True)
    assert done["objects"]["updated"] == [f"Deployment {engine.name}/d"]
    assert not engine(deployment(), config(x="1"))["changed"]


def test_what_another_tool_made_is_not_taken_silently(engine: Engine, other_tool: Callable[..., Any]) -> None:
    other_tool("create", "namespace", engine.name)
    other_tool("-n", engine.name, "create", "configmap", "a", "--from-literal=x=1")
    for check in (True, False):
        with pytest.raises(
            KubeError, match=r"a: it exists already and was made by kubectl-create; set 'take_ownership"
        ):
            engine(config(x="1"), check=check)
    engine.steps(config(x="1"), take_ownership=True)
    engine.steps(state="absent")
    assert engine.get("ConfigMap", "a") is None


def test_everything_that_is_others_is_told_before_anything_is_written(
    engine: Engine, other_tool: Callable[..., Any]
) -> None:
    names = [f"{engine.name}-{number}" for number in range(2)]
    for name in names:
        other_tool("create", "priorityclass", name, "--value=1")
    own = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": 1}
    manifests = [config(x="1"), *({**own, "metadata": {"name": name}} for name in names)]
    mark = engine.plane.mark()
    for check in (True, False):
        with pytest.raises(KubeError) as caught:
            engine(*manifests, check=check)
        for name in names:
            assert f"apply PriorityClass {name}: it exists already and was made by kubectl-create" in str(caught.value)
    assert engine.plane.writes(mark) == []
    engine.steps(*manifests, take_ownership=True)


def test_two_components_do_not_fight_over_an_object(engine: Engine) -> None:
    engine(config(x="1"))
    other = Engine(engine.plane, f"{engine.name}-b")
    other.namespace = engine.namespace
    with pytest.raises(KubeError, match=r"it belongs to another ApplySet \(applyset-"):
        other(config(x="1"))
    other.steps(config(x="1"), take_ownership=True)
    # It has moved: the first component no longer knows it, and does not delete it.
    engine(state="absent")
    assert other.get("ConfigMap", "a")


def test_a_foreign_secret_of_the_components_name_is_not_overwritten(
    engine: Engine, other_tool: Callable[..., Any]
) -> None:
    other_tool("create", "namespace", engine.name)
    other_tool("-n", engine.name, "create", "secret", "generic", engine.name, "--from-literal=x=hunter2")
    for options in ({}, {"state": "absent"}):
        with pytest.raises(KubeError, match="exists and is not the record of a component"):
            engine(config(x="1"), **options)
    with pytest.raises(RenderError, match="would replace the component's own record"):
        engine(secret(engine.name, a="b"))


def test_a_user_without_rights_is_told_which(engine: Engine) -> None:
    options = {"impersonate_user": "bob", "impersonate_groups": ["system:authenticated"]}
    with pytest.raises(Forbidden) as caught:
        engine(config(x="1"), **options)
    assert 'User "bob" cannot' in str(caught.value)
    assert '"secrets"' in str(caught.value)
    engine.plane.run_kubectl("create", "namespace", engine.name)
    rules = "--verb=get,list,patch,create"
    engine.plane.run_kubectl("-n", engine.name, "create", "role", "some", rules, "--resource=secrets")
    engine.plane.run_kubectl("-n", engine.name, "create", "rolebinding", "some", "--role=some", "--user=bob")
    engine.plane.run_kubectl(
        "create", "clusterrole", engine.name, "--verb=get,list", "--resource=configmaps,namespaces,secrets"
    )
    engine.plane.run_kubectl("create", "clusterrolebinding", engine.name, f"--clusterrole={engine.name}", "--user=bob")
    with pytest.raises(Forbidden, match=r'apply ConfigMap .*cannot patch resource "configmaps".*; grant'):
        engine(config(x="1"), **options)


def test_wrong_credentials(engine: Engine) -> None:
    with pytest.raises(Forbidden, match="the credentials were refused") as caught:
        engine(config(x="1"), api_key="hunter2-wrong")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("check", [True, False])
def test_unknown_fields_are_refused(engine: Engine, check: bool) -> None:
    engine.plane.run_kubectl("create", "namespace", engine.name)
    wrong = deployment()
    wrong["spec"]["replicsa"] = 2
    with pytest.raises(
        KubeError, match=r"apply Deployment .*replicsa.*correct the manifest: unknown fields are refused"
    ):
        engine(wrong, check=check)


def test_a_secret_that_is_refused_does_not_show_its_value(engine: Engine) -> None:
    wrong = {**secret(p="hunter2-canary"), "type": "kubernetes.io/dockerconfigjson", "hunter": "x"}
    with pytest.raises(KubeError) as caught:
        engine(wrong)
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patch": [{"kind": "Deployment", "name": "e", "merge": {"a": 1}}]}, "patch 1 matches nothing: Deployment e"),
        ({"drop": [{"kind": "Job", "name": "*"}]}, r"drop 1 matches nothing: Job \*"),
        ({"config_checksum": [{"name": "e", "of": [{"kind": "Secret", "name": "s"}]}]}, "there is no Deployment .*/e"),
        ({"files": [{"path": "/nowhere/x.yaml"}]}, "files: /nowhere/x.yaml does not exist"),
        ({"manifests": [custom("Nothing", group="none.example.com")]}, "the cluster has no kind Nothing in none"),
    ],
)
def test_mistakes_are_told_before_anything_is_written(engine: Engine, options: dict[str, Any], message: str) -> None:
    mark = engine.plane.mark()
    with pytest.raises(RenderError, match=message):
        engine(**{"manifests": [deployment(), config(x="1")], **options})
    assert engine.plane.writes(mark) == []
    assert engine.client.get_or_none("v1", "Namespace", engine.name) is None


def test_a_hanging_api_server_is_waited_for(engine: Engine) -> None:
    engine(config(x="0"))
    manifests = [config(f"c{number}", x="1") for number in range(30)]
    timer = threading.Timer(6, engine.plane.resume)
    engine.plane.pause()
    timer.start()
    try:
        started = time.monotonic()
        done = engine(*manifests)
        assert time.monotonic() - started > 5
    finally:
        timer.join()
    assert len(done["objects"]["created"]) == 30
    assert not engine(*manifests)["changed"]


def test_an_api_server_that_goes_away_is_waited_for(engine: Engine) -> None:
    engine(config(x="0"))
    engine.plane.stop_api()
    restart = threading.Timer(5, engine.plane.start_api)
    restart.start()
    try:
        done = engine(config(x="1"))
    finally:
        restart.join()
    assert done["objects"]["updated"] == [f"ConfigMap {engine.name}/a"]


def test_a_missing_api_server_is_named(engine: Engine) -> None:
    client = type(engine.client).from_params({"host": "https://127.0.0.1:1", "api_key": "hunter2"}, retry_for=0.5)
    with pytest.raises(Unavailable, match=r"cannot reach the API server https://127\.0\.0\.1:1: .*refused") as caught:
        client.version()
    assert "hunter2" not in str(caught.value)


def test_a_wrong_certificate_authority_is_told_at_once(engine: Engine) -> None:
    client = type(engine.client).from_params({"host": engine.plane.host, "api_key": "x"})
    started = time.monotonic()
    with pytest.raises(Unavailable, match="set 'ca_cert' to the authority that signed it"):
        client.version()
    assert time.monotonic() - started < 5


def test_an_interrupted_run_is_finished_by_the_next(engine: Engine) -> None:
    wrong = copy.deepcopy(deployment())
    wrong["spec"]["template"]["spec"]["containers"] = []
    manifests = [config("old", x="1")]
    engine(*manifests)
    with pytest.raises(KubeError):
        engine(config("new", x="1"), wrong)
    _, done, _, _ = engine.steps(config("new", x="1"), deployment())
    assert done["objects"]["pruned"] == [f"ConfigMap {engine.name}/old"]
    assert engine.get("ConfigMap", "new")
    engine(state="absent")
    assert engine.get("ConfigMap", "new") is None


def test_a_webhook_that_is_not_there_yet_is_waited_for(engine: Engine) -> None:
    group = f"{engine.name}.example.com"
    webhook = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": engine.name},
        "webhooks": [
            {
                "name": f"check.{group}",
                "failurePolicy": "Fail",
                "sideEffects": "None",
                "admissionReviewVersions": ["v1"],
                "timeoutSeconds": 2,
                "clientConfig": {"service": {"namespace": engine.name, "name": "none", "path": "/"}},
                "rules": [{"apiGroups": [group], "apiVersions": ["v1"], "operations": ["*"], "resources": ["widgets"]}],
            }
        ],
    }
    manifests = [crd("widgets", "Widget", group), webhook, custom("Widget", group=group, size=1)]
    with pytest.raises(KubeError, match=r"apply Widget .*failed calling webhook"):
        engine(*manifests, wait_timeout=4)
    assert any("an admission webhook does not answer yet" in line for line in engine.said)

    def serve() -> None:
        patch = [{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}]
        engine.client.patch(
            "admissionregistration.k8s.io/v1",
            "ValidatingWebhookConfiguration",
            engine.name,
            None,
            patch,
            content_type="application/json-patch+json",
            field_manager="somebody",
        )

    # It comes up while we are waiting.
    healed = copy.deepcopy(manifests)
    healed[1]["webhooks"][0].pop("failurePolicy")
    engine(*healed[:2])
    timer = threading.Timer(3, serve)
    timer.start()
    try:
        done = engine(*healed, wait_timeout=60)
    finally:
        timer.join()
    assert f"Widget {engine.name}/x" in done["objects"]["created"]
    # The webhook may be down again when the component goes: it must not keep it from going.
    engine.client.patch(
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
        engine.name,
        None,
        [{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}],
        content_type="application/json-patch+json",
    )
    engine(state="absent")


def test_a_conversion_webhook_can_be_taken_off(engine: Engine, other_tool: Callable[..., Any]) -> None:
    """As cert-manager's injector leaves it: it owns the webhook's caBundle."""
    group = f"{engine.name}.example.com"
    plain = crd("widgets", "Widget", group)
    plain.pop("status")
    converting = copy.deepcopy(plain)
    converting["metadata"]["annotations"] = {"cert-manager.io/inject-ca-from": "a/b"}
    converting["spec"]["conversion"] = {
        "strategy": "Webhook",
        "webhook": {
            "conversionReviewVersions": ["v1"],
            "clientConfig": {"service": {"namespace": engine.name, "name": "none"}},
        },
    }
    engine.steps(converting)
    bundle = base64.b64encode(engine.plane.authority.certificate.encode()).decode()
    engine.client.patch(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        f"widgets.{group}",
        None,
        {"spec": {"conversion": {"webhook": {"clientConfig": {"caBundle": bundle}}}}},
        field_manager="cainjector",
    )
    engine.steps(converting)  # the injector's field is left alone
    _, done, _, _ = engine.steps(plain)
    assert done["objects"]["updated"] == [f"CustomResourceDefinition widgets.{group}"]
    live = engine.client.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"widgets.{group}")
    assert live["spec"]["conversion"] == {"strategy": "None"}
    assert "cert-manager.io/inject-ca-from" not in (live["metadata"].get("annotations") or {})
    engine.steps(converting)
