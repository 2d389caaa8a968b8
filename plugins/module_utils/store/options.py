# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Options of every module that talks to an object store; the doc fragment `store` describes them."""

from __future__ import annotations

from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.bentobox.platform.plugins.module_utils.store.client import (
    BOTO3_IMPORT_ERROR,
    GCS_ENDPOINT,
    Target,
)

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
}
STORE_REQUIRED_TOGETHER = [("access_key", "secret_key")]
STORE_REQUIRED_IF = [
    ("provider", "minio", ("endpoint", "access_key")),
    ("provider", "generic", ("endpoint", "access_key")),
    ("provider", "gcs", ("access_key",)),
]


def require_boto3(module: AnsibleModule) -> None:
    if BOTO3_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("boto3"), exception=BOTO3_IMPORT_ERROR)


def target(params: dict[str, Any]) -> Target:
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
