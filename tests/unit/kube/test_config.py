# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading kubeconfigs and connection options."""

from __future__ import annotations

import base64
import os
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.bentobox.platform.plugins.module_utils.kube.config import Connection, load, resolve
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import ConfigError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.options import (
    KUBE_OPTIONS,
    kube_argument_spec,
    kubeconfig_secrets,
)
from ansible_collections.bentobox.platform.plugins.module_utils.kube.transport import proxy_for

PEM = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in list(os.environ):
        if name.startswith("K8S_AUTH_") or name == "KUBECONFIG" or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))


def kubeconfig(user: dict[str, Any], cluster: dict[str, Any] | None = None, name: str = "c") -> dict[str, Any]:
    return {
        "current-context": name,
        "clusters": [{"name": name, "cluster": {"server": f"https://{name}:6443", **(cluster or {})}}],
        "users": [{"name": name, "user": user}],
        "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
    }


def write(path: Path, config: dict[str, Any]) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(config))
    return str(path)


def test_token_password_and_certificates() -> None:
    encoded = base64.b64encode(PEM.encode()).decode()
    assert resolve({"kubeconfig": kubeconfig({"token": "t"})}).token == "t"
    basic = resolve({"kubeconfig": kubeconfig({"username": "u", "password": "p"})})
    assert (basic.username, basic.password) == ("u", "p")
    pair = {"client-certificate-data": encoded, "client-key-data": encoded}
    cert = resolve({"kubeconfig": kubeconfig(pair, {"certificate-authority-data": encoded, "tls-server-name": "k"})})
    assert (cert.client_cert, cert.client_key, cert.ca, cert.server_name) == (PEM, PEM, PEM, "k")
    assert cert.verify
    assert not resolve({"kubeconfig": kubeconfig({}, {"insecure-skip-tls-verify": True})}).verify


def test_files_are_relative_to_the_kubeconfig(tmp_path: Path) -> None:
    for name in ("ca", "crt", "key"):
        (tmp_path / f"{name}.pem").write_text(PEM + name)
    (tmp_path / "token").write_text("from-file\n")
    user = {"client-certificate": "crt.pem", "client-key": "key.pem"}
    connection = resolve(
        {"kubeconfig": write(tmp_path / "config", kubeconfig(user, {"certificate-authority": "ca.pem"}))}
    )
    assert (connection.ca, connection.client_cert, connection.client_key) == (PEM + "ca", PEM + "crt", PEM + "key")
    connection = resolve({"kubeconfig": write(tmp_path / "config", kubeconfig({"tokenFile": "token"}))})
    assert (connection.token, connection.token_file) == ("from-file", str(tmp_path / "token"))


def test_several_files_are_merged_and_the_first_wins(tmp_path: Path) -> None:
    first = write(tmp_path / "a", kubeconfig({"token": "1"}, name="a"))
    other = kubeconfig({"token": "2"}, name="b")
    other["users"].append({"name": "a", "user": {"token": "not me"}})
    second = write(tmp_path / "b", other)
    both = f"{first}{os.pathsep}{tmp_path}/missing{os.pathsep}{second}"
    assert resolve({"kubeconfig": both}).token == "1"
    assert resolve({"kubeconfig": both, "context": "b"}).host == "https://b:6443"
    assert resolve({"kubeconfig": both, "context": "a"}).token == "1"


def test_options_replace_credentials_as_a_whole(tmp_path: Path) -> None:
    (tmp_path / "ca").write_text(PEM)
    config = kubeconfig({"username": "u", "password": "p"})
    connection = resolve(
        {
            "kubeconfig": config,
            "api_key": "t",
            "host": "https://other",
            "ca_cert": str(tmp_path / "ca"),
            "validate_certs": False,
            "proxy": "http://p:1",
            "impersonate_user": "bob",
            "impersonate_groups": ["x"],
        }
    )
    assert connection == Connection(
        host="https://other",
        token="t",
        ca=PEM,
        verify=False,
        proxy="http://p:1",
        impersonate_user="bob",
        impersonate_groups=["x"],
    )


def test_the_cluster_is_never_guessed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    with pytest.raises(ConfigError, match="no cluster given: set 'kubeconfig'"):
        resolve({})
    monkeypatch.setenv("KUBECONFIG", write(tmp_path / "config", kubeconfig({"token": "env"})))
    assert resolve({}).token == "env"
    # With a host and no kubeconfig, nothing is taken from files that happen to be there.
    assert resolve({"host": "https://h", "api_key": "t"}) == Connection(host="https://h", token="t")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"current-context": ""}, "no current context"),
        ({"contexts": []}, r"no context 'c' \(it has: none\)"),
        ({"users": [{"name": "z", "user": {}}]}, r"no user 'c' \(it has: z\)"),
        ({"clusters": [{"name": "c", "cluster": {}}]}, "names no server"),
    ],
)
def test_a_broken_kubeconfig_is_told(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        resolve({"kubeconfig": {**kubeconfig({"token": "t"}), **change}})


def test_errors_hold_no_secret(tmp_path: Path) -> None:
    broken = tmp_path / "config"
    broken.write_text("users:\n- name: a\n  user: {token: hunter2\n")
    with pytest.raises(ConfigError, match="is not valid YAML") as caught:
        load(str(broken))
    assert "hunter2" not in str(caught.value)
    with pytest.raises(ConfigError, match="client-key-data in the kubeconfig is not base64") as caught:
        resolve({"kubeconfig": kubeconfig({"client-key-data": "hunter2\x00!", "client-certificate-data": ""})})
    assert "hunter2" not in str(caught.value)
    with pytest.raises(ConfigError, match="the token holds a control character") as caught:
        resolve({"host": "https://h", "api_key": "hunter2\n"})
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in repr(Connection(host="h", token="hunter2", password="hunter2"))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"cannot read .*/nowhere \(kubeconfig\): No such file"):
        resolve({"kubeconfig": str(tmp_path / "nowhere")})


def test_an_exec_plugin_is_run(tmp_path: Path) -> None:
    script = tmp_path / "plugin"
    credential = (
        '{"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential", "status": {"token": "dyn"}}'
    )
    script.write_text(f"#!{sys.executable}\nprint('''{credential}''')\n")
    script.chmod(0o700)
    user = {
        "exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(script), "interactiveMode": "Never"}
    }
    connection = resolve({"kubeconfig": kubeconfig(user)})
    assert (connection.token, connection.dynamic) == ("dyn", True)


def test_a_failing_exec_plugin_is_an_error(tmp_path: Path) -> None:
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(tmp_path / "none")}}
    with pytest.raises(ConfigError, match="credential plugin"):
        resolve({"kubeconfig": kubeconfig(user)})


def test_secrets_of_an_inline_kubeconfig_are_found() -> None:
    config = kubeconfig({"token": "t1", "password": "p1", "client-key-data": "k1", "username": "bob"})
    assert kubeconfig_secrets(config) == {"t1", "p1", "k1"}
    assert kubeconfig_secrets("/path") == set()


def test_options_are_those_of_the_fragment() -> None:
    from ansible_collections.bentobox.platform.plugins.doc_fragments.kubernetes import (  # noqa: PLC0415
        ModuleDocFragment,
    )

    documented = yaml.safe_load(ModuleDocFragment.DOCUMENTATION)["options"]
    spec = kube_argument_spec()
    assert list(spec) == list(documented) == KUBE_OPTIONS
    for name, option in spec.items():
        assert option["type"] == documented[name]["type"], name
        assert option.get("aliases", []) == documented[name].get("aliases", []), name
        assert f"E({option['fallback'][1][0]})" in str(documented[name]["description"]), name
    assert {name for name, option in spec.items() if option.get("no_log")} == {"api_key", "password"}


@pytest.mark.parametrize(
    ("host", "no_proxy", "proxied"),
    [
        ("k8s.example.com", "", True),
        ("k8s.example.com", "example.com", False),
        ("k8s.example.com", ".example.com", False),
        ("k8s.example.com", "*.example.com,other", False),
        ("k8s.example.com", "ample.com", True),
        ("k8s.example.com", "k8s.example.com:6443", False),
        ("k8s.example.com", "*", False),
        ("10.1.2.3", "10.0.0.0/8", False),
        ("10.1.2.3", "10.1.2.3", False),
        ("10.1.2.3", "192.168.0.0/16", True),
        ("127.0.0.1", "", False),
        ("localhost", "", False),
        ("::1", "", False),
    ],
)
def test_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch, host: str, no_proxy: str, proxied: bool) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", no_proxy)
    assert proxy_for("https", host, 6443) == ("http://proxy:3128" if proxied else None)
