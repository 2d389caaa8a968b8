# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the module preflight, and what they ask for."""

from __future__ import annotations

from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.preflight.address import endpoint
from ansible_collections.bentobox.platform.plugins.module_utils.preflight.compatibility import pair
from ansible_collections.bentobox.platform.plugins.module_utils.preflight.model import Component, Place, Wanted

CHECKS = [
    "versions_agree",
    "compatibility",
    "helm",
    "charts",
    "kubernetes_version",
    "kubernetes_apis",
    "nodes",
    "permissions",
    "namespaces",
    "ingress_class",
    "storage_class",
    "endpoints",
]

ARGUMENTS: dict[str, Any] = {
    "components": {"type": "list", "elements": "dict", "default": []},
    "agree": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "components": {"type": "list", "elements": "str", "required": True},
            "reason": {"type": "str", "required": True},
        },
    },
    "allow_version_mismatch": {"type": "bool", "default": False},
    "compatibility": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "component": {"type": "str", "required": True},
            "version": {"type": "str", "required": True},
            "with": {"type": "str", "required": True},
            "supported": {"type": "dict", "options": {"min": {"type": "str"}, "max": {"type": "str"}}},
            "verified": {"type": "list", "elements": "str", "default": []},
            "expected": {"type": "dict", "default": {}},
            "source": {"type": "str", "required": True},
        },
    },
    "ingress_class": {"type": "str", "default": ""},
    "ingress_managed": {"type": "bool", "default": True},
    "ingress_controller": {"type": "str", "default": ""},
    "storage_classes": {"type": "dict", "default": {}},
    "endpoints": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": {
            "name": {"type": "str", "required": True},
            "address": {"type": "str", "required": True},
            "default_port": {"type": "int", "default": 443},
            "variable": {"type": "str", "default": ""},
        },
    },
    "namespaces": {"type": "dict", "default": {}},
    "helm_releases": {"type": "dict", "default": {}},
    "take_ownership": {"type": "list", "elements": "str", "default": []},
    "architectures": {"type": "list", "elements": "str", "default": []},
    "ignore": {"type": "list", "elements": "str", "choices": CHECKS, "default": []},
    "helm_binary": {"type": "str", "default": "helm"},
    "helm_minimum": {"type": "str", "default": "3.14"},
    "probe_image": {"type": "str", "default": ""},
    "probe_image_pull_secrets": {"type": "list", "elements": "str", "default": [], "no_log": False},
    "probe_namespace": {"type": "str", "default": "default"},
    "probe_timeout": {"type": "int", "default": 120},
    "api_timeout": {"type": "int", "default": 20},
}


def wanted(params: dict[str, Any]) -> Wanted:
    return Wanted(
        components=tuple(Component.of(entry) for entry in params["components"]),
        agree=tuple((tuple(group["components"]), group["reason"]) for group in params["agree"]),
        allow_version_mismatch=params["allow_version_mismatch"],
        pairs=tuple(pair(entry) for entry in params["compatibility"]),
        ingress_class=params["ingress_class"],
        ingress_managed=params["ingress_managed"],
        ingress_controller=params["ingress_controller"],
        storage_classes={str(store): str(name or "") for store, name in params["storage_classes"].items()},
        endpoints=tuple(
            endpoint(item["name"], item["address"], item["default_port"], item["variable"])
            for item in params["endpoints"]
        ),
        places=tuple(
            Place(
                component=str(component),
                namespace=str(namespace),
                helm_releases=tuple(params["helm_releases"].get(component, ())),
                take_ownership=component in params["take_ownership"],
            )
            for component, namespace in params["namespaces"].items()
        ),
        helm_binary=params["helm_binary"],
        helm_minimum=params["helm_minimum"],
        architectures=tuple(params["architectures"]),
        ignore=frozenset(params["ignore"]),
    )
