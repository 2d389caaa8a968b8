# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may do what in a tenant's namespace.

Roles of our own, not Kubernetes' view, edit and admin: those of them that write may delete NetworkPolicies, and none of
them knows models. No level may change what keeps tenants apart: policies, quota, limits, and who is a member. Whoever
may run Pods can read every Secret of the namespace by mounting it, whatever is said here.
"""

from __future__ import annotations

from typing import Any

from .spec import LEVELS, Members, Tenant

Obj = dict[str, Any]

_READ = ["get", "list", "watch"]
_WRITE = ["create", "update", "patch", "delete", "deletecollection"]
_MODELS = ["inferenceservices", "inferencegraphs", "trainedmodels", "servingruntimes"]


def _rule(group: str, resources: list[str], verbs: list[str]) -> Obj:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}


_VIEW = [
    _rule("serving.kserve.io", [*_MODELS, "inferenceservices/status"], _READ),
    _rule("serving.knative.dev", ["services", "routes", "configurations", "revisions"], _READ),
    _rule("apps", ["deployments", "replicasets", "statefulsets"], _READ),
    _rule("autoscaling", ["horizontalpodautoscalers"], _READ),
    _rule(
        "",
        ["pods", "pods/log", "services", "endpoints", "events", "configmaps", "persistentvolumeclaims",
         "resourcequotas", "limitranges", "serviceaccounts"],
        _READ,
    ),
    _rule("networking.k8s.io", ["networkpolicies"], _READ),
]  # fmt: skip
_EDIT = [
    *_VIEW,
    _rule("serving.kserve.io", _MODELS, _WRITE),
    _rule("", ["configmaps", "persistentvolumeclaims"], _WRITE),
    _rule("", ["pods"], ["delete"]),
]
_ADMIN = [
    *_EDIT,
    _rule("", ["secrets"], [*_READ, *_WRITE]),
    _rule("", ["pods/exec", "pods/portforward"], ["create", "get"]),
    _rule("rbac.authorization.k8s.io", ["roles", "rolebindings"], _READ),
]
RULES = {"view": _VIEW, "edit": _EDIT, "admin": _ADMIN}


def access(tenant: Tenant) -> list[Obj]:
    """A Role and its RoleBinding for each level that somebody has."""
    objects: list[Obj] = []
    for level in LEVELS:
        subjects = _subjects(tenant.members.get(level) or Members(), tenant.name)
        if subjects:
            objects += _pair(f"tenant-{level}", tenant.name, RULES[level], subjects)
    return objects


def _pair(name: str, namespace: str, rules: list[Obj], subjects: list[Obj]) -> list[Obj]:
    metadata = {"name": name, "namespace": namespace}
    group = "rbac.authorization.k8s.io"
    return [
        {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": metadata, "rules": rules},
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": group, "kind": "Role", "name": name},
            "subjects": subjects,
        },
    ]


def _subjects(members: Members, namespace: str) -> list[Obj]:
    """Sorted, and each once: their order means nothing."""
    group = {"apiGroup": "rbac.authorization.k8s.io"}
    accounts = {account if "/" in account else f"{namespace}/{account}" for account in members.service_accounts}
    places = [account.split("/") for account in sorted(accounts)]
    return [
        *({**group, "kind": "User", "name": name} for name in sorted(set(members.users))),
        *({**group, "kind": "Group", "name": name} for name in sorted(set(members.groups))),
        *({"kind": "ServiceAccount", "namespace": place, "name": name} for place, name in places),
    ]
