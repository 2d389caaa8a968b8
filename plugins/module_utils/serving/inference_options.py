# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the module inference_service, for the module and for the action plugin that runs it in-process."""

from __future__ import annotations

from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.kube.options import kube_argument_spec


def inference_argument_spec() -> dict[str, Any]:
    amounts = {"requests": {"type": "dict"}, "limits": {"type": "dict"}}
    return {
        **kube_argument_spec(),
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "model_format": {"type": "str"},
        "model_format_version": {"type": "str"},
        "storage_uri": {"type": "str"},
        "runtime": {"type": "str"},
        "runtime_version": {"type": "str"},
        "protocol_version": {"type": "str", "choices": ["v1", "v2", "grpc-v1", "grpc-v2"]},
        "resources": {"type": "dict", "options": amounts},
        "env": {"type": "dict"},
        "args": {"type": "list", "elements": "str"},
        "spec": {"type": "dict"},
        "min_replicas": {"type": "int"},
        "max_replicas": {"type": "int"},
        "scale_target": {"type": "int"},
        "scale_metric": {"type": "str", "choices": ["concurrency", "rps", "cpu", "memory"]},
        "container_concurrency": {"type": "int"},
        "request_timeout": {"type": "int"},
        "service_account": {"type": "str"},
        "canary_percent": {"type": "int"},
        "promote": {"type": "bool", "default": False},
        "rollback": {"type": "bool", "default": False},
        "deployment_mode": {"type": "str", "choices": ["Serverless", "RawDeployment"]},
        "annotations": {"type": "dict"},
        "labels": {"type": "dict"},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 600},
        "unschedulable_timeout": {"type": "int", "default": 60},
        "take_ownership": {"type": "bool", "default": False},
    }
