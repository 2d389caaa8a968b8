# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection options of every Kubernetes module of this collection (documented in the fragment ``kubernetes``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.module_utils.basic import env_fallback

KUBE_CONSTRAINTS: dict[str, Any] = {
    "mutually_exclusive": [["api_key", "username"], ["api_key", "client_cert"]],
    "required_together": [["username", "password"], ["client_cert", "client_key"]],
}
KUBE_OPTIONS = [
    "kubeconfig",
    "context",
    "host",
    "api_key",
    "username",
    "password",
    "validate_certs",
    "ca_cert",
    "client_cert",
    "client_key",
    "proxy",
    "impersonate_user",
    "impersonate_groups",
]

# Keys of a kubeconfig whose values must never be shown (an inline kubeconfig arrives as a plain dict).
_SECRET_KEYS = {
    "token",
    "password",
    "client-key-data",
    "client-certificate-data",
    "id-token",
    "refresh-token",
    "access-token",
    "client-secret",
}


def _env(name: str) -> tuple[Any, list[str]]:
    return (env_fallback, [f"K8S_AUTH_{name}"])


def kube_argument_spec() -> dict[str, Any]:
    """The same names, aliases and environment variables as kubernetes.core, so that AWX credentials just work."""
    return {
        "kubeconfig": {"type": "raw", "fallback": _env("KUBECONFIG")},
        "context": {"type": "str", "fallback": _env("CONTEXT")},
        "host": {"type": "str", "fallback": _env("HOST")},
        "api_key": {"type": "str", "no_log": True, "fallback": _env("API_KEY")},
        "username": {"type": "str", "fallback": _env("USERNAME")},
        "password": {"type": "str", "no_log": True, "fallback": _env("PASSWORD")},
        "validate_certs": {"type": "bool", "aliases": ["verify_ssl"], "fallback": _env("VERIFY_SSL")},
        "ca_cert": {"type": "path", "aliases": ["ssl_ca_cert"], "fallback": _env("SSL_CA_CERT")},
        "client_cert": {"type": "path", "aliases": ["cert_file"], "fallback": _env("CERT_FILE")},
        # A path, not the key itself: hiding it would only make errors unreadable.
        "client_key": {"type": "path", "aliases": ["key_file"], "no_log": False, "fallback": _env("KEY_FILE")},
        "proxy": {"type": "str", "fallback": _env("PROXY")},
        "impersonate_user": {"type": "str", "fallback": _env("IMPERSONATE_USER")},
        "impersonate_groups": {"type": "list", "elements": "str", "fallback": _env("IMPERSONATE_GROUPS")},
    }


def with_connection(more: dict[str, Any]) -> dict[str, Any]:
    """A module's constraints and those of the connection."""
    return more | {kind: pairs + more.get(kind, []) for kind, pairs in KUBE_CONSTRAINTS.items()}


def kubeconfig_secrets(kubeconfig: Any) -> set[str]:
    """Secret values inside an inline kubeconfig."""
    found: set[str] = set()
    if isinstance(kubeconfig, dict):
        for key, value in kubeconfig.items():
            if key in _SECRET_KEYS and isinstance(value, str) and value:
                found.add(value)
            else:
                found |= kubeconfig_secrets(value)
    elif isinstance(kubeconfig, list):
        for value in kubeconfig:
            found |= kubeconfig_secrets(value)
    return found


def protect(module: Any) -> None:
    """Teach an AnsibleModule to mask what an inline kubeconfig holds, in its result and its errors."""
    module.no_log_values.update(kubeconfig_secrets(module.params.get("kubeconfig")))


def progress(module: Any) -> Callable[[str], None]:
    """Shows a line while the module runs. Only what stands for an AnsibleModule in the controller's process can."""
    show: Callable[[str], None] = getattr(module, "show", lambda _text: None)
    return show
