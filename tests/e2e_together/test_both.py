# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Both platforms on one cluster: they share what both need, and one gateway asks for one token."""

from __future__ import annotations

import json
import re

import pytest
from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Playbooks, Run
from ansible_collections.bentobox.platform.tests.e2e.helpers.raised import Lab
from ansible_collections.bentobox.platform.tests.e2e_inference.client import API, Client
from ansible_collections.bentobox.platform.tests.support.modules import run_module

from lab.sample_models import BENTO_PATH, FLOWER

SHARED = "cert_manager,metrics_server,object_store"


@pytest.fixture(scope="module")
def client(installed: Run, lab: Lab, cluster: Cluster) -> Client:
    """With the token that make up has left for tenant-a, and one of another tenant."""
    edge = cluster.get("/api/v1/namespaces/istio-system/services/istio-ingressgateway")
    authority = cluster.secret("inference-gateway", "predict-gateway-tls")["ca.crt"]
    where = {"kubeconfig": str(lab.path("kubeconfig")), "ttl": 3600}
    stranger = run_module("jwt_token", {**where, "subject": "e2e", "tenant": "tenant-b"})["token"]
    tokens = {"tenant-a": lab.path("token").read_text().strip(), "tenant-b": stranger}
    return Client({API: edge["spec"]["clusterIP"]}, authority, tokens)


def test_make_up_ends_in_both_predictions_with_time_and_memory(installed: Run) -> None:
    said = installed.output
    assert '{"predictions":["setosa"]}' in said
    assert '"species":["setosa"]' in said
    [summary] = re.findall(r"== up: all of it took .*", said)
    assert re.search(r"took \d+ s, .*GiB", summary), summary
    print(summary)


def test_one_gateway_and_one_token_for_both(client: Client) -> None:
    assert client.ask().json == {"predictions": ["setosa"]}
    answer = client.ask(BENTO_PATH, FLOWER)
    assert (answer.status, answer.json["species"]) == (200, ["setosa"])


def test_the_same_rules_for_both(client: Client) -> None:
    assert client.ask(BENTO_PATH, FLOWER, tenant=None).status == client.ask(tenant=None).status == 401
    assert client.ask(BENTO_PATH, FLOWER, tenant="tenant-b").status == client.ask(tenant="tenant-b").status == 403


def test_make_up_again_changes_nothing(installed: Run, lab: Lab, playbooks: Playbooks) -> None:
    run = playbooks.finish(playbooks.make("up", "make up, again", verbose=0, **lab.variables_of_make), 900).ok()
    assert [recap["changed"] for recap in run.recaps] == [0, 0, 0, 0], run.changed
    print(f"make up again: {run.seconds:.1f} s")


def test_one_goes_and_the_other_stays(installed: Run, lab: Lab, playbooks: Playbooks, cluster: Cluster) -> None:
    models = dict(json.loads(lab.command("models")))
    extra = {**models, "bentobox_purge": True}
    playbooks.run("uninstall_inference", "--skip-tags", SHARED, extra=extra, timeout=600).ok()
    assert not cluster.namespaces() & {"istio-system", "kserve", "knative-serving", "inference-gateway", "tenant-a"}
    publish = dict(json.loads(lab.command("sample")))
    for playbook, more in (("site", {}), ("publish_bento", publish)):
        run = playbooks.run(playbook, title=f"{playbook}, after", extra=more, verbose=0).ok()
        assert run.recap["changed"] == 0, run.changed
