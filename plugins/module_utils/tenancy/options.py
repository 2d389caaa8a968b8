# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the module tenant, and the tenant they mean."""

from __future__ import annotations

import json
from typing import Any

from .errors import TenancyError
from .spec import LEVELS, Jwt, Limits, Members, Mesh, Platform, Quantities, Storage, Tenant

QUOTA = {
    "requests.cpu": "4",
    "requests.memory": "8Gi",
    "limits.cpu": "24",
    "limits.memory": "16Gi",
    "pods": "20",
}
DEFAULT = {"cpu": "1", "memory": "1Gi"}
DEFAULT_REQUEST = {"cpu": "20m", "memory": "64Mi"}
_PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "k"}  # members of a JWK that nobody may publish


def tenant_argument_spec() -> dict[str, Any]:
    texts = {"type": "list", "elements": "str", "default": []}
    members = {"users": texts, "groups": texts, "service_accounts": texts}
    return {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "labels": {"type": "dict", "default": {}},
        "quota": {"type": "dict", "default": dict(QUOTA)},
        "limits": {
            "type": "dict",
            "apply_defaults": True,
            "options": {
                "default": {"type": "dict", "default": dict(DEFAULT)},
                "default_request": {"type": "dict", "default": dict(DEFAULT_REQUEST)},
                "max": {"type": "dict", "default": {}},
                "min": {"type": "dict", "default": {}},
            },
        },
        "members": {
            "type": "dict",
            "apply_defaults": True,
            "options": {level: {"type": "dict", "apply_defaults": True, "options": members} for level in LEVELS},
        },
        "mesh": {"type": "bool", "default": True},
        "mesh_mtls": {"type": "str", "choices": ["STRICT", "PERMISSIVE"], "default": "STRICT"},
        "mesh_cni": {"type": "bool", "default": False},
        "jwt": {
            "type": "dict",
            "apply_defaults": True,
            "options": {
                "issuer": {"type": "str", "default": "bentobox"},
                "audiences": {"type": "list", "elements": "str"},
                "jwks": {"type": "raw"},
                "configmap": {"type": "str", "default": "jwks"},
                "namespace": {"type": "str", "default": "jwt-issuer"},
            },
        },
        "storage": {
            "type": "dict",
            "options": {
                "secret": {"type": "str", "required": True, "no_log": False},
                "namespace": {"type": "str", "required": True},
                "endpoint": {"type": "str"},
                "region": {"type": "str"},
                "secure": {"type": "bool"},
            },
        },
        "service_account": {"type": "str", "default": "models"},
        "pod_security": {"type": "str", "choices": ["privileged", "baseline", "restricted"]},
        "allowed_namespaces": texts,
        "egress_cidrs": texts,
        "platform": {
            "type": "dict",
            "apply_defaults": True,
            "options": {
                "dns": {"type": "str", "default": Platform.dns},
                "mesh": {"type": "str", "default": Platform.mesh},
                "serving": {"type": "str", "default": Platform.serving},
                "monitoring": {"type": "str", "default": Platform.monitoring},
                "gateways": {"type": "list", "elements": "str", "default": list(Platform.gateways)},
                "routes": {"type": "list", "elements": "str", "default": list(Platform.routes)},
            },
        },
        "purge": {"type": "bool", "default": False},
        "take_ownership": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 300},
    }


def tenant_of(params: dict[str, Any], jwks: str, storage: Storage | None) -> Tenant:
    """jwks and storage: as found, see lookup.py."""
    limits, platform = params["limits"], params["platform"]
    return Tenant(
        name=params["name"],
        labels={str(name): str(value) for name, value in params["labels"].items()},
        quota=quantities(params["quota"]),
        limits=Limits(**{name: quantities(values) for name, values in limits.items()}),
        members={level: _members(found) for level, found in params["members"].items()},
        mesh=_mesh(params, jwks) if params["mesh"] else None,
        storage=storage,
        platform=Platform(
            dns=platform["dns"],
            mesh=platform["mesh"],
            serving=platform["serving"],
            monitoring=platform["monitoring"],
            gateways=tuple(platform["gateways"]),
            routes=tuple(platform["routes"]),
        ),
        pod_security=params["pod_security"] or "",
        service_account=params["service_account"],
        allowed_namespaces=tuple(params["allowed_namespaces"]),
        egress_cidrs=tuple(params["egress_cidrs"]),
    )


def quantities(values: dict[str, Any] | None) -> Quantities:
    """As texts: YAML makes a number of 20."""
    return {str(name): str(value) for name, value in (values or {}).items() if value is not None}


def _members(found: dict[str, list[str]]) -> Members:
    return Members(tuple(found["users"]), tuple(found["groups"]), tuple(found["service_accounts"]))


def _mesh(params: dict[str, Any], jwks: str) -> Mesh:
    jwt = params["jwt"]
    audiences = (params["name"],) if jwt["audiences"] is None else tuple(jwt["audiences"])
    return Mesh(Jwt(jwt["issuer"], audiences, jwks), mtls=params["mesh_mtls"], cni=params["mesh_cni"])


def public_keys(value: Any, what: str) -> str:
    """A JWK Set, as a text or a dictionary, written in one way. what: option or object, for errors."""
    try:
        jwks = json.loads(value) if isinstance(value, str) else value
        keys = jwks["keys"]
        private = any(_PRIVATE & set(key) for key in keys)
    except (ValueError, TypeError, KeyError):
        raise TenancyError(f"{what} is no JWK Set ({{'keys': [...]}}); give what jwt_key returns as jwks") from None
    if private:
        raise TenancyError(f"{what} holds a private key, which everybody could read then; give the public ones only")
    if not keys:
        raise TenancyError(f"{what} holds no key, so that no token would ever be accepted; make one with jwt_key")
    return json.dumps(jwks, sort_keys=True, separators=(",", ":"))
