# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Certificates are renewed while requests go on."""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
from datetime import UTC, datetime

from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.support.waiting import eventually

from .client import API, Client
from .load import steady

CERTIFICATES = "/apis/cert-manager.io/v1/namespaces/{}/certificates"


def served(client: Client) -> str:
    """The certificate that the edge shows, as a digest."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with (
        socket.create_connection((client.addresses[API], 443), 10) as plain,
        context.wrap_socket(plain, server_hostname=API) as connection,
    ):
        return hashlib.sha256(connection.getpeercert(binary_form=True) or b"").hexdigest()


def renew(cluster: Cluster, namespace: str, name: str) -> None:
    """What `cmctl renew` does: the condition Issuing, beside those that are there."""
    found = cluster.get(f"{CERTIFICATES.format(namespace)}/{name}")["status"]["conditions"]
    now = datetime.now(tz=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    issuing = {"type": "Issuing", "status": "True", "reason": "ManuallyTriggered", "lastTransitionTime": now}
    issuing["message"] = "renewed by a test"
    patch = json.dumps({"status": {"conditions": [*found, issuing]}})
    cluster.kubectl(
        "-n", namespace, "patch", "certificate", name, "--subresource=status", "--type=merge", f"--patch={patch}"
    )


def test_renewed_without_a_failed_request(client: Client, cluster: Cluster) -> None:
    """All of the path: the edge, and both Gateways behind it."""
    assert client.chat().status == 200
    before = served(client)
    all_of_them = [
        (namespace, item["metadata"]["name"], item["spec"]["secretName"])
        for namespace in ("istio-system", "inference-gateway")
        for item in cluster.items(CERTIFICATES.format(namespace))
    ]
    assert len(all_of_them) >= 3, all_of_them
    old = {one: cluster.secret(one[0], one[2])["tls.crt"] for one in all_of_them}
    with steady(client.chat):
        for namespace, name, _secret in all_of_them:
            renew(cluster, namespace, name)
        for one in all_of_them:
            eventually(lambda one=one: cluster.secret(one[0], one[2])["tls.crt"] != old[one], f"{one} is new", 60, 1)
        eventually(lambda: served(client) != before, "the edge shows the new one", 120, 1)
        for _number in range(5):
            assert client.chat().status == 200
