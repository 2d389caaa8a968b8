# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Nobody talks to a model past the mesh."""

from __future__ import annotations

import json

from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster

from .client import Client

ASK = (
    "import sys,urllib.request\n"
    "try: print('answered', urllib.request.urlopen(sys.argv[1], timeout=10).status)\n"
    "except Exception as error: print('refused', type(error).__name__)"
)


def test_plain_text_to_a_model_is_refused(client: Client, cluster: Cluster) -> None:
    assert client.chat().status == 200
    [pod] = cluster.pods("tenant-a", "serving.kserve.io/inferenceservice=language")
    container = {
        "name": "stranger",
        "image": "docker.io/library/python:3.11-slim",
        "command": ["python3", "-c", ASK, f"http://{pod['status']['podIP']}:8080/healthz"],
    }
    spec = {"restartPolicy": "Never", "containers": [container]}
    cluster.kubectl("delete", "pod", "stranger", "--ignore-not-found")
    overrides = json.dumps({"spec": spec})
    cluster.kubectl("run", "stranger", f"--image={container['image']}", "--restart=Never", f"--overrides={overrides}")
    try:
        cluster.kubectl(
            "wait", "pod/stranger", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=180s", timeout=200
        )
        assert "refused" in cluster.kubectl("logs", "stranger")
    finally:
        cluster.kubectl("delete", "pod", "stranger", "--wait=false")
