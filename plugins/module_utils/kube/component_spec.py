# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the module component, for the module itself and for the action plugin that runs it in-process."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from .options import kube_argument_spec


def component_params(**options: Any) -> dict[str, Any]:
    """For modules that make a component of their own: these options, and the defaults of all others."""
    defaults = {name: deepcopy(option.get("default")) for name, option in component_argument_spec().items()}
    return {**defaults, **options}


def component_argument_spec() -> dict[str, Any]:
    return {
        **kube_argument_spec(),
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "version": {"type": "str"},
        "release": {"type": "str"},
        "manifests": {"type": "list", "elements": "raw", "default": []},
        "charts": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "name": {"type": "str", "required": True},
                "release_name": {"type": "str"},
                "namespace": {"type": "str"},
                "ref": {"type": "str", "required": True},
                "version": {"type": "str"},
                "digest": {"type": "str"},
                "values": {"type": "dict", "default": {}},
                "include_crds": {"type": "bool", "default": True},
                "skip_schema_validation": {"type": "bool", "default": False},
            },
        },
        "files": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {"path": {"type": "path"}, "url": {"type": "str"}, "sha256": {"type": "str"}},
            "required_one_of": [["path", "url"]],
            "mutually_exclusive": [["path", "url"]],
        },
        "drop": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "kind": {"type": "str", "required": True},
                "name": {"type": "str", "default": "*"},
                "namespace": {"type": "str"},
                "optional": {"type": "bool", "default": False},
            },
        },
        "patch": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "kind": {"type": "str", "required": True},
                "name": {"type": "str", "default": "*"},
                "namespace": {"type": "str"},
                "merge": {"type": "dict"},
                "json": {"type": "list", "elements": "dict"},
                "optional": {"type": "bool", "default": False},
            },
            "required_one_of": [["merge", "json"]],
        },
        "generate_secrets": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "no_log": False,
            "options": {
                "name": {"type": "str", "required": True},
                "namespace": {"type": "str"},
                # The names of keys and how long their values are to be; no value is ever given here.
                "keys": {"type": "dict", "required": True, "no_log": False},
            },
        },
        "config_checksum": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "kind": {"type": "str", "default": "Deployment"},
                "name": {"type": "str", "required": True},
                "namespace": {"type": "str"},
                "of": {
                    "type": "list",
                    "elements": "dict",
                    "required": True,
                    "options": {
                        "kind": {"type": "str", "choices": ["Secret", "ConfigMap"], "required": True},
                        "name": {"type": "str", "required": True},
                        "namespace": {"type": "str"},
                    },
                },
            },
        },
        "namespaces": {"type": "list", "elements": "str", "default": []},
        "create_namespace_labels": {"type": "dict", "default": {}},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 600},
        "wait_for": {
            "type": "list",
            "elements": "dict",
            "default": [],
            "options": {
                "api_version": {"type": "str", "required": True},
                "kind": {"type": "str", "required": True},
                "name": {"type": "str", "required": True},
                "namespace": {"type": "str"},
                "condition": {"type": "str"},
                "status": {"type": "str", "default": "True"},
            },
        },
        "purge": {"type": "bool", "default": False},
        "take_ownership": {"type": "bool", "default": False},
        "helm_binary": {"type": "str", "default": "helm"},
    }
