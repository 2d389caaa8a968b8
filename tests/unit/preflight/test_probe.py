# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Addresses, the probe's pod, and its script run for real."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.preflight import probe
from ansible_collections.bentobox.platform.plugins.module_utils.preflight.address import endpoint
from ansible_collections.bentobox.platform.plugins.module_utils.preflight.model import Endpoint
from ansible_collections.bentobox.platform.tests.support.process import free_port


@pytest.mark.parametrize(
    ("address", "host", "port"),
    [
        ("db.example.com", "db.example.com", 5432),
        (" db.example.com:6432 ", "db.example.com", 6432),
        ("https://s3.example.com", "s3.example.com", 443),
        ("http://s3.example.com:9000/path", "s3.example.com", 9000),
        ("http://s3.example.com", "s3.example.com", 80),
        ("postgresql://db/yatai", "db", 5432),
        ("10.0.0.1:1", "10.0.0.1", 1),
        ("[fd00::1]:5432", "fd00::1", 5432),
    ],
)
def test_address(address: str, host: str, port: int) -> None:
    assert endpoint("x", address, 5432, "v") == Endpoint("x", host, port, "v")


@pytest.mark.parametrize("address", ["", "http://", ":5432", "db:port", "db:99999", "[fd00::1"])
def test_no_address(address: str) -> None:
    with pytest.raises(ValueError, match="of postgresql"):
        endpoint("postgresql", address, 5432, "v")


def test_script_says_what_it_reaches(tmp_path: Path) -> None:
    result = tmp_path / "result"
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoints = (
            Endpoint("there", "127.0.0.1", server.getsockname()[1], ""),
            Endpoint("closed", "127.0.0.1", free_port(), ""),
            Endpoint("nameless", "does-not-exist.invalid", 80, ""),
        )
        pod = probe.pod("p", "default", "image", [], endpoints)
        command = pod["spec"]["containers"][0]["command"]
        assert command[0] == "python3"
        subprocess.run(
            [sys.executable, *command[1:]], env={**os.environ, "RESULT": str(result)}, check=True, timeout=60
        )
    outcome = probe.parse(result.read_text(), endpoints)
    assert outcome["there"] == ""
    assert "refused" in outcome["closed"]
    assert outcome["nameless"]


def test_endpoint_the_script_did_not_get_to_is_not_reached() -> None:
    endpoints = (Endpoint("a", "a", 1, ""), Endpoint("b", "fd00::1", 2, ""))
    assert probe.parse("", endpoints) == dict.fromkeys(("a", "b"), "the probe did not get to it")
    assert probe.parse("a:1 connected\n[fd00::1]:2 No route to host", endpoints) == {"a": "", "b": "No route to host"}


def test_pod_may_do_nothing() -> None:
    pod = probe.pod("p", "default", "image", ["pull"], (Endpoint("a", "a", 1, ""),))
    spec = pod["spec"]
    context = spec["containers"][0]["securityContext"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["restartPolicy"] == "Never"
    assert spec["activeDeadlineSeconds"] <= 600
    assert spec["imagePullSecrets"] == [{"name": "pull"}]
    assert context["runAsNonRoot"] is True
    assert context["allowPrivilegeEscalation"] is False
    assert context["capabilities"] == {"drop": ["ALL"]}
