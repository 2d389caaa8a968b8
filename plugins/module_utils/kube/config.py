# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From connection options to a connection: reads kubeconfigs itself where the credentials are static.

Importing the ``kubernetes`` package costs half a second per task, so it is only done for kubeconfigs whose user needs
an exec plugin or an auth provider.
"""

from __future__ import annotations

import base64
import binascii
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import missing_required_lib

from .errors import ConfigError

try:
    import yaml
except ImportError:  # reported when it is needed
    yaml = None  # type: ignore[assignment]

# (key holding base64 data, key holding a path) in clusters and users
_FILES = ("certificate-authority", "client-certificate", "client-key", "tokenFile")


@dataclass
class Connection:
    """Everything needed to talk to one API server as one user. Secrets are kept out of repr()."""

    host: str
    token: str | None = field(default=None, repr=False)
    token_file: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    verify: bool = True
    ca: str | None = field(default=None, repr=False)  # PEM
    client_cert: str | None = field(default=None, repr=False)  # PEM
    client_key: str | None = field(default=None, repr=False)  # PEM
    server_name: str | None = None
    proxy: str | None = None
    impersonate_user: str | None = None
    impersonate_groups: list[str] = field(default_factory=list)
    dynamic: bool = False  # from an exec plugin or auth provider: ask again when the server says 401


def resolve(params: dict[str, Any]) -> Connection:
    """Options first, then the kubeconfig they name; never a guess about which cluster is meant."""
    kubeconfig = params.get("kubeconfig") or None
    if kubeconfig is None and not params.get("host"):
        kubeconfig = os.environ.get("KUBECONFIG") or str(Path("~/.kube/config").expanduser())
        if not any(Path(part).is_file() for part in kubeconfig.split(os.pathsep) if part):
            raise ConfigError(
                "no cluster given: set 'kubeconfig' (or K8S_AUTH_KUBECONFIG, KUBECONFIG), or 'host' with credentials; "
                f"{kubeconfig} does not exist"
            )
    connection = from_kubeconfig(load(kubeconfig), params.get("context")) if kubeconfig else Connection(host="")
    if params.get("host"):
        connection.host = params["host"]
    if not connection.host:
        raise ConfigError("the kubeconfig names no server for this context; set 'host'")
    _override(connection, params)
    return connection


def _override(connection: Connection, params: dict[str, Any]) -> None:
    """Options beat the kubeconfig; credentials are replaced as a whole, never mixed."""
    if params.get("api_key") or params.get("username") or params.get("client_cert"):
        connection.token, connection.token_file, connection.username, connection.password = None, None, None, None
        connection.client_cert, connection.client_key, connection.dynamic = None, None, False
    if params.get("api_key"):
        connection.token = params["api_key"]
    if params.get("username"):
        connection.username, connection.password = params["username"], params.get("password")
    if params.get("client_cert"):
        connection.client_cert = read(params["client_cert"], "client_cert")
        connection.client_key = read(params["client_key"], "client_key") if params.get("client_key") else None
    if params.get("ca_cert"):
        connection.ca = read(params["ca_cert"], "ca_cert")
    if params.get("validate_certs") is not None:
        connection.verify = bool(params["validate_certs"])
    if params.get("proxy"):
        connection.proxy = params["proxy"]
    if params.get("impersonate_user"):
        connection.impersonate_user = params["impersonate_user"]
        connection.impersonate_groups = list(params.get("impersonate_groups") or [])
    elif params.get("impersonate_groups"):
        raise ConfigError("impersonate_groups needs impersonate_user")
    for name, value in (("token", connection.token), ("host", connection.host)):
        if value and any(ord(char) < 32 for char in value):
            # urllib3 would put the offending header's value into its exception.
            raise ConfigError(f"the {name} holds a control character (a line end?)")


def read(path: str, option: str) -> str:
    try:
        return Path(path).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not text"
        raise ConfigError(f"cannot read {path} ({option}): {why}") from None


def load(kubeconfig: Any) -> dict[str, Any]:
    """A kubeconfig from a dict or from one or more files (the first to name a thing wins), with absolute paths."""
    if isinstance(kubeconfig, dict):
        return kubeconfig
    if yaml is None:
        raise ConfigError(missing_required_lib("PyYAML"))
    merged: dict[str, Any] = {"clusters": [], "users": [], "contexts": [], "current-context": ""}
    files = [Path(part).expanduser() for part in str(kubeconfig).split(os.pathsep) if part]
    for file in files:
        if len(files) > 1 and not file.exists():
            continue
        try:
            content = yaml.safe_load(read(str(file), "kubeconfig"))
        except yaml.YAMLError as error:
            # Only the place: the problem's text may quote a line that holds a token.
            mark = getattr(error, "problem_mark", None)
            where = f" at line {mark.line + 1}" if mark else ""
            raise ConfigError(f"{file} is not valid YAML{where}") from None
        if not isinstance(content, dict):
            raise ConfigError(f"{file} is not a kubeconfig")
        for section in ("clusters", "users", "contexts"):
            have = {entry.get("name") for entry in merged[section]}
            for entry in content.get(section) or []:
                if entry.get("name") not in have:
                    _absolute(entry.get(section[:-1]) or {}, file.parent)
                    merged[section].append(entry)
        merged["current-context"] = merged["current-context"] or content.get("current-context") or ""
    return merged


def _absolute(entry: dict[str, Any], base: Path) -> None:
    for key in _FILES:
        if entry.get(key):
            entry[key] = str(base / Path(str(entry[key])).expanduser())


def from_kubeconfig(config: dict[str, Any], context: str | None) -> Connection:
    name = context or config.get("current-context")
    if not name:
        raise ConfigError("the kubeconfig has no current context; set 'context'")
    ctx = _named(config, "context", name)
    cluster = _named(config, "cluster", ctx.get("cluster"))
    user = _named(config, "user", ctx.get("user")) if ctx.get("user") else {}
    connection = Connection(
        host=str(cluster.get("server") or ""),
        verify=not cluster.get("insecure-skip-tls-verify", False),
        ca=_material(cluster, "certificate-authority"),
        server_name=cluster.get("tls-server-name"),
        proxy=cluster.get("proxy-url"),
        impersonate_user=user.get("as"),
        impersonate_groups=list(user.get("as-groups") or []),
    )
    if user.get("exec") or user.get("auth-provider"):
        _dynamic(connection, config, name)
        return connection
    connection.token = user.get("token")
    if not connection.token and user.get("tokenFile"):
        connection.token_file = user["tokenFile"]
        connection.token = read(user["tokenFile"], "tokenFile").strip()
    connection.username, connection.password = user.get("username"), user.get("password")
    connection.client_cert = _material(user, "client-certificate")
    connection.client_key = _material(user, "client-key")
    return connection


def _named(config: dict[str, Any], kind: str, name: Any) -> dict[str, Any]:
    entries = config.get(kind + "s") or []
    for entry in entries:
        if entry.get("name") == name:
            return dict(entry.get(kind) or {})
    known = ", ".join(sorted(str(entry.get("name")) for entry in entries)) or "none"
    raise ConfigError(f"the kubeconfig has no {kind} '{name}' (it has: {known})")


def _material(entry: dict[str, Any], key: str) -> str | None:
    """PEM text from KEY-data or from the file KEY names."""
    if entry.get(f"{key}-data"):
        try:
            return base64.b64decode(entry[f"{key}-data"], validate=False).decode()
        except (binascii.Error, UnicodeDecodeError, TypeError):
            raise ConfigError(f"{key}-data in the kubeconfig is not base64 of a PEM text") from None
    return read(entry[key], key) if entry.get(key) else None


def _dynamic(connection: Connection, config: dict[str, Any], context: str) -> None:
    """Let the kubernetes package run the exec plugin or the auth provider."""
    try:
        from kubernetes import client  # noqa: PLC0415  # slow: only where needed
        from kubernetes import config as loader  # noqa: PLC0415
    except ImportError:
        raise ConfigError(
            missing_required_lib("kubernetes", reason="for a kubeconfig whose user has an exec plugin or auth provider")
        ) from None
    settings = client.Configuration()
    try:
        loader.load_kube_config_from_dict(config, context=context, client_configuration=settings, persist_config=False)
    except Exception as error:  # whatever a plugin does
        raise ConfigError(f"the kubeconfig's credential plugin failed: {type(error).__name__}: {error}") from None
    keys = settings.api_key or {}
    authorization = keys.get("BearerToken") or keys.get("authorization") or ""  # before version 36: the latter
    connection.token = authorization.removeprefix("Bearer ").strip() or None
    connection.client_cert = read(settings.cert_file, "client certificate") if settings.cert_file else None
    connection.client_key = read(settings.key_file, "client key") if settings.key_file else None
    connection.dynamic = True
    if not connection.token and not connection.client_cert:
        raise ConfigError("the kubeconfig's credential plugin gave neither a token nor a client certificate")
