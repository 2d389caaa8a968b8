# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an API server refuses: the message says what to change, and when that is changed the next run finishes."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import (
    ApiError,
    ConfigError,
    Forbidden,
    KubeError,
    Unavailable,
)
from ansible_collections.bentobox.platform.tests.support.process import free_port
from ansible_collections.bentobox.platform.tests.support.tokens import service_account_token
from ansible_collections.bentobox.platform.tests.support.webhook import Webhook

from .conftest import Engine, Reaction
from .samples import config, crd, custom, deployment


def service(name: str = "v") -> dict[str, Any]:
    spec = {"selector": {"app": "d"}, "ports": [{"port": 80, "protocol": "TCP"}]}
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": name}, "spec": spec}


def test_a_quota_is_named(engine: Engine) -> None:
    kubectl = engine.plane.run_kubectl
    kubectl("create", "namespace", engine.name)
    kubectl("-n", engine.name, "create", "quota", "tight", "--hard=services=0")
    engine(config("old", x="1"))
    with pytest.raises(Forbidden) as caught:
        engine(config(x="1"), service())
    message = str(caught.value)
    assert message.startswith(f"apply Service {engine.name}/v: ")
    assert "exceeded quota: tight, requested: services=1, used: services=0, limited: services=0" in message
    assert "raise that ResourceQuota, or ask for less" in message
    assert "grant" not in message
    assert engine.get("ConfigMap", "old")  # nothing is pruned by a run that did not get that far
    kubectl("-n", engine.name, "delete", "quota", "tight")
    _, done, _, _ = engine.steps(config(x="1"), service())
    assert done["objects"]["created"] == [f"Service {engine.name}/v"]
    assert done["objects"]["pruned"] == [f"ConfigMap {engine.name}/old"]


@pytest.mark.parametrize("what", ["annotation", "data", "object", "request"])
def test_what_is_too_large_is_said_so(engine: Engine, what: str) -> None:
    group = f"{engine.name}.example.com"
    small = [config("other", x="1"), config(x="1"), crd("widgets", "Widget", group), custom("Widget", group=group)]
    small[2]["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["x-kubernetes-preserve-unknown-fields"] = True
    large = copy.deepcopy(small)
    if what == "annotation":
        large[1]["metadata"]["annotations"] = {"a": "x" * 263_000}
    elif what == "data":
        large[1]["data"]["x"] = "x" * 1_100_000
    else:
        large[3]["text"] = "x" * (1_700_000 if what == "object" else 3_300_000)
    with pytest.raises(ApiError) as caught:
        engine(*large)
    message = str(caught.value)
    key = "Widget" if what in ("object", "request") else "ConfigMap"
    assert message.startswith(f"apply {key} {engine.name}/")
    assert "it is too large for the API" in message
    assert len(message) < 1000
    engine.steps(*small)


def test_the_missing_right_is_named(engine: Engine) -> None:
    kubectl, name = engine.plane.run_kubectl, engine.name
    kubectl("create", "namespace", name)

    def grant(role: str, verbs: str, resources: str) -> None:
        kubectl("create", "clusterrole", f"{name}-{role}", f"--verb={verbs}", f"--resource={resources}")
        kubectl("create", "clusterrolebinding", f"{name}-{role}", f"--clusterrole={name}-{role}", f"--user={name}")

    options = {"impersonate_user": name, "impersonate_groups": ["system:authenticated"]}
    grant("read", "get,list", "namespaces,secrets,configmaps,services,deployments.apps")
    grant("write", "create,patch", "secrets,configmaps,deployments.apps")
    manifests = [config(x="1"), service(), deployment()]
    with pytest.raises(Forbidden) as caught:
        engine(*manifests, **options)
    assert str(caught.value).startswith(f"apply Service {name}/v: ")
    assert f"; grant these credentials the verb 'patch' on 'services' in namespace {name} (" in str(caught.value)
    grant("services", "create,patch", "services")
    done = engine(*manifests, **options)
    assert sorted(done["objects"]["created"]) == [f"Deployment {name}/d", f"Service {name}/v"]
    # The same when something leaves the component, and for a group of its own.
    with pytest.raises(Forbidden, match=f"delete Deployment {name}/d: .*the verb 'delete' on 'deployments.apps' in"):
        engine(*manifests[:2], **options)
    grant("delete", "delete", "deployments.apps")
    done = engine(*manifests[:2], **options)
    assert done["objects"]["pruned"] == [f"Deployment {name}/d"]
    # And for what is listed all over the cluster.
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": "r"}, "rules": []}
    with pytest.raises(Forbidden, match=r"the verb 'list' on 'roles.rbac.authorization.k8s.io' in the whole cluster"):
        engine(*manifests[:2], role, **options)


def test_an_expired_token_is_told_at_once(engine: Engine) -> None:
    kubectl, name = engine.plane.run_kubectl, engine.name
    kubectl("create", "namespace", name)
    kubectl("-n", name, "create", "serviceaccount", "robot")
    kubectl("create", "clusterrolebinding", name, "--clusterrole=cluster-admin", f"--serviceaccount={name}:robot")
    account = engine.client.get("v1", "ServiceAccount", "robot", name)
    tokens = [
        service_account_token(
            engine.plane.folder / "pki/sa.key", name, "robot", account["metadata"]["uid"], seconds=age
        )
        for age in (-3600, 3600)
    ]
    for check in (True, False):
        with pytest.raises(Forbidden, match=r"is wrong or has expired\. Renew it in the kubeconfig, or set") as caught:
            engine(config(x="1"), api_key=tokens[0], check=check)
        assert tokens[0] not in str(caught.value)
    assert engine.get("Secret", name) is None
    done = engine(config(x="1"), api_key=tokens[1])
    assert len(done["objects"]["created"]) == 2


def test_the_wrong_context(engine: Engine, tmp_path: Path) -> None:
    content = yaml.safe_load(engine.plane.kubeconfig.read_text())
    cluster = {**content["clusters"][0]["cluster"], "server": f"https://127.0.0.1:{free_port()}"}
    content["clusters"].append({"name": "dead", "cluster": cluster})
    content["contexts"].append({"name": "dead", "context": {"cluster": "dead", "user": "user"}})
    content["current-context"] = "dead"
    file = tmp_path / "kubeconfig"
    file.write_text(yaml.safe_dump(content))
    with pytest.raises(ConfigError, match=r"the kubeconfig has no context 'nope' \(it has: dead, test\)"):
        engine(config(x="1"), kubeconfig=str(file), context="nope")
    with pytest.raises(Unavailable, match=r"cannot reach .*; check that 'kubeconfig', 'context' or 'host' name the"):
        engine(config(x="1"), kubeconfig=str(file), wait_timeout=1)
    done = engine(config(x="1"), kubeconfig=str(file), context="test")
    assert done["changed"]


def test_an_authority_nobody_knows(engine: Engine, tmp_path: Path) -> None:
    content = yaml.safe_load(engine.plane.kubeconfig.read_text())
    authority = content["clusters"][0]["cluster"].pop("certificate-authority")
    with pytest.raises(Unavailable, match="set 'ca_cert' to the authority that signed it"):
        engine(config(x="1"), kubeconfig=content)  # at once, not after wait_timeout
    done = engine(config(x="1"), kubeconfig=content, ca_cert=authority)
    assert done["changed"]


class TestWebhooks:
    def manifests(self, engine: Engine, webhook: Webhook) -> list[dict[str, Any]]:
        group = f"{engine.name}.example.com"
        guard = webhook.configuration(engine.name, group, "widgets")
        return [config(x="1"), crd("widgets", "Widget", group), guard, custom("Widget", group=group, size=1)]

    def test_one_that_is_late_is_waited_for(self, engine: Engine, tmp_path: Path) -> None:
        webhook = Webhook(tmp_path, engine.plane.authority)
        manifests = self.manifests(engine, webhook)
        with pytest.raises(ApiError) as caught:
            engine(*manifests, wait_timeout=3)
        assert f'apply Widget {engine.name}/x: Internal error occurred: failed calling webhook "check.' in str(
            caught.value
        )
        assert "see whether what serves that webhook runs, or raise wait_timeout" in str(caught.value)
        engine.said = Reaction("an admission webhook does not answer yet (check.", webhook.start)
        try:
            done = engine(*manifests, wait_timeout=60)
            assert done["objects"]["created"] == [f"Widget {engine.name}/x"]
            assert not engine(*manifests)["changed"]
            webhook.stop()
            with pytest.raises(ApiError, match=f"delete Widget {engine.name}/x: .*failed calling webhook"):
                engine(state="absent", wait_timeout=2)
            engine.said = Reaction("an admission webhook does not answer yet (check.", webhook.start)
            done = engine(state="absent", wait_timeout=60)
            assert len(done["objects"]["pruned"]) == 4
        finally:
            webhook.stop()

    def test_one_that_refuses_is_not_asked_again(self, engine: Engine, tmp_path: Path) -> None:
        webhook = Webhook(tmp_path, engine.plane.authority, refuse="size must be 2")
        manifests = self.manifests(engine, webhook)
        webhook.start()
        try:
            with pytest.raises(KubeError, match=r"denied the request: size must be 2; correct the manifest, or"):
                engine(*manifests, wait_timeout=600)
            webhook.refuse = ""
            assert engine(*manifests)["objects"]["created"] == [f"Widget {engine.name}/x"]
        finally:
            webhook.stop()
