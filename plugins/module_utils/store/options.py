# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of every module that talks to an object store; the doc fragment `store` describes them."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule, env_fallback, missing_required_lib
from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.plugins.module_utils.store import relay
from ansible_collections.bentobox.platform.plugins.module_utils.store.client import (
    BOTO3_IMPORT_ERROR,
    GCS_ENDPOINT,
    Store,
    Target,
)
from ansible_collections.bentobox.platform.plugins.module_utils.store.errors import Invalid

STORE_ARGUMENTS: dict[str, Any] = {
    "provider": {"type": "str", "choices": ["s3", "minio", "gcs", "generic"], "default": "generic"},
    "endpoint": {"type": "str"},
    "region": {"type": "str", "default": "us-east-1"},
    "access_key": {"type": "str", "no_log": False},
    "secret_key": {"type": "str", "no_log": True},
    "session_token": {"type": "str", "no_log": True},
    "path_style": {"type": "bool"},
    "validate_certs": {"type": "bool", "default": True},
    "ca_cert": {"type": "path"},
    "timeout": {"type": "int", "default": 30},
    "cluster": {
        "type": "dict",
        "options": {
            "kubeconfig": {"type": "path", "fallback": (env_fallback, ["K8S_AUTH_KUBECONFIG"])},
            "context": {"type": "str", "fallback": (env_fallback, ["K8S_AUTH_CONTEXT"])},
            "namespace": {"type": "str", "required": True},
            # a name, not the secret itself
            "secret": {"type": "str", "required": True, "no_log": False},
        },
    },
}
STORE_REQUIRED_TOGETHER = [("access_key", "secret_key")]
STORE_MUTUALLY_EXCLUSIVE = [("cluster", "endpoint"), ("cluster", "access_key")]


def require_boto3(module: AnsibleModule) -> None:
    if BOTO3_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("boto3"), exception=BOTO3_IMPORT_ERROR)


def open_store(params: dict[str, Any]) -> Store:
    """The store that the options name, directly or by its Secret in a cluster."""
    if cluster := params["cluster"]:
        kube = Client.from_params({"kubeconfig": cluster["kubeconfig"], "context": cluster["context"]})
        return relay.open_store(kube, _target(params), cluster["namespace"], cluster["secret"])
    needed = {"s3": (), "gcs": ("access_key",)}.get(params["provider"], ("endpoint", "access_key"))
    if missing := [option for option in needed if not params[option]]:
        raise Invalid(
            f"preparing requests to provider {params['provider']}",
            f"{', '.join(missing)} is missing" if len(missing) == 1 else f"{' and '.join(missing)} are missing",
            f"Set {' and '.join(missing)}, or cluster to take them from a Secret.",
        )
    return Store(_target(params))


def _target(params: dict[str, Any]) -> Target:
    provider = params["provider"]
    return Target(
        provider=provider,
        endpoint=params["endpoint"] or (GCS_ENDPOINT if provider == "gcs" else None),
        region=params["region"],
        access_key=params["access_key"],
        secret_key=params["secret_key"],
        session_token=params["session_token"],
        path_style=provider != "s3" if params["path_style"] is None else params["path_style"],
        validate_certs=params["validate_certs"],
        ca_cert=params["ca_cert"],
        timeout=params["timeout"],
    )
