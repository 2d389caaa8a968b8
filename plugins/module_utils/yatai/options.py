# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that the Yatai modules share (documented in the fragment bentobox.platform.yatai), and clients from them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any, Protocol

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib
from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.options import (
    kube_argument_spec,
    protect,
    with_connection,
)

from .client import YataiClient
from .errors import YataiError
from .manifest import HAS_YAML
from .progress import silent
from .transfer import TransferOptions
from .transport import HAS_URLLIB3, HttpWire, KubernetesWire, is_kubernetes, make_pool

DEFAULT_ENDPOINT = "kubernetes://yatai-system/yatai:80"


def secret_reference(name: str, key: str | None = None, namespace: str = "yatai-system") -> dict[str, Any]:
    options: dict[str, Any] = {
        "name": {"type": "str", "default": name},
        "namespace": {"type": "str", "default": namespace},
    }
    if key:
        options["key"] = {"type": "str", "default": key, "no_log": False}
    # The name of a Secret is no secret.
    return {"type": "dict", "options": options, "apply_defaults": True, "no_log": False}


def yatai_argument_spec() -> dict[str, Any]:
    return kube_argument_spec() | {
        "endpoint": {"type": "str", "default": DEFAULT_ENDPOINT, "fallback": (env_fallback, ["YATAI_ENDPOINT"])},
        "api_token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["YATAI_API_TOKEN"])},
        "token_secret": secret_reference("yatai-api-token", "token"),
        "organization": {"type": "str"},
        "yatai_validate_certs": {"type": "bool", "default": True},
        "yatai_ca_cert": {"type": "path"},
        "retry_timeout": {"type": "int", "default": 120},
    }


def push_argument_spec() -> dict[str, Any]:
    """What bento_push and model_push take besides the shared options."""
    return {
        "tag": {"type": "str"},
        "path": {"type": "path"},
        "strategy": {"type": "str", "default": "auto", "choices": ["auto", "proxy", "presigned"]},
        "verify": {"type": "str", "default": "size", "choices": ["size", "digest", "none"]},
        "force": {"type": "bool", "default": False},
        "labels": {"type": "dict", "default": {}},
        "purge_labels": {"type": "bool", "default": False},
        "part_size": {"type": "int", "default": 64},
        "parallel": {"type": "int", "default": 4},
        "stall_timeout": {"type": "int", "default": 120},
        "bentoml_home": {"type": "path", "default": "~/bentoml", "fallback": (env_fallback, ["BENTOML_HOME"])},
    }


PUSH_CONSTRAINTS: dict[str, Any] = {"mutually_exclusive": [["tag", "path"]], "required_one_of": [["tag", "path"]]}


def info_argument_spec() -> dict[str, Any]:
    """What bento_info and model_info take besides the shared options."""
    return {"tag": {"type": "str"}, "query": {"type": "str"}, "limit": {"type": "int", "default": 0}}


INFO_CONSTRAINTS: dict[str, Any] = {"mutually_exclusive": [["tag", "query"]]}


def yatai_options(spec: dict[str, Any], **more: Any) -> dict[str, Any]:
    """What an AnsibleModule with the shared options takes."""
    return {"argument_spec": yatai_argument_spec() | spec, **with_connection(more)}


def prepare(module: Any) -> None:
    """Masks secrets; ends the module when a library is missing."""
    protect(module)
    for there, name in ((HAS_URLLIB3, "urllib3"), (HAS_YAML, "PyYAML")):
        if not there:
            module.fail_json(msg=missing_required_lib(name))


def make_module(spec: dict[str, Any], **more: Any) -> AnsibleModule:
    """A module with the shared options, prepared."""
    module = AnsibleModule(**yatai_options(spec, **more), supports_check_mode=True)
    prepare(module)
    return module


class Host(Protocol):
    """What is needed of an AnsibleModule: its options, and the values that it masks in all output."""

    params: dict[str, Any]
    no_log_values: set[str]


class Connections:
    """Clients made when first needed, so that a plain http endpoint with a token needs no cluster."""

    def __init__(self, host: Host) -> None:
        self.host, self.params = host, host.params
        self._kube: Client | None = None

    @property
    def kube(self) -> Client:
        if self._kube is None:
            self._kube = Client.from_params(self.params)
        return self._kube

    def secret_value(self, reference: dict[str, Any], key: str | None = None) -> str:
        """One value out of a Secret, '' when there is none; from here on it is masked in all output."""
        secret = self.kube.get_or_none("v1", "Secret", reference["name"], reference["namespace"])
        data = (secret or {}).get("data") or {}
        value = base64.b64decode(data.get(key or reference["key"]) or "").decode()
        self.mask(value)
        return value

    def mask(self, value: str) -> None:
        if value:
            self.host.no_log_values.add(value)

    def token(self) -> str:
        if self.params["api_token"]:
            return self.params["api_token"]
        reference = self.params["token_secret"]
        where = f"Secret {reference['namespace']}/{reference['name']} (key {reference['key']})"
        try:
            token = self.secret_value(reference)
        except KubeError as exc:
            raise YataiError(f"api_token is not given and the token cannot be read from {where}: {exc}") from exc
        if not token:
            raise YataiError(
                f"api_token is not given and {where} holds no token: run bentobox.platform.yatai_account first"
            )
        return token

    def client(self, token: str = "") -> YataiClient:
        endpoint = self.params["endpoint"]
        connections = max(8, int(self.params.get("parallel") or 0) + 4)
        if is_kubernetes(endpoint):
            wire: Any = KubernetesWire(endpoint, self.kube, KubeError)
        else:
            wire = HttpWire(endpoint, self.params["yatai_validate_certs"], self.params["yatai_ca_cert"], connections)
        return YataiClient(wire, token, self.params["organization"] or "", self.params["retry_timeout"])

    def transfer(self, say: Callable[[str], None] = silent) -> TransferOptions:
        params = self.params
        parallel = max(1, int(params.get("parallel") or 1))
        return TransferOptions(
            part_size=max(1, int(params.get("part_size") or 1)) << 20,
            parallel=parallel,
            stall_timeout=float(params["stall_timeout"]),
            verify=params["verify"],
            # Models are pushed side by side, each with parts of its own.
            store_pool=make_pool(params["yatai_validate_certs"], params["yatai_ca_cert"], 4 * parallel),
            say=say,
        )


def text_labels(labels: dict[str, Any] | None) -> dict[str, str]:
    """Yatai's labels are text: 1 and true become what YAML shows."""
    return {
        str(key): str(value).lower() if isinstance(value, bool) else str(value) for key, value in (labels or {}).items()
    }
