# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the API server adds inside of values that are owned as a whole.

Elsewhere a default is a field of its own, which nobody owns and no comparison looks at. Inside an atomic list or struct
it makes the value another one than what was applied, and applying again would add it again.
"""

from __future__ import annotations

from typing import Any

Kind = tuple[str, str]  # group, kind
Path = tuple[str, ...]

# Pods and what makes them; a custom resource may embed the same words with another schema.
_PODS = {"", "apps", "batch"}
_IN_PODS: dict[Path, Any] = {
    ("fieldRef", "apiVersion"): "v1",
    ("resourceFieldRef", "divisor"): "0",
    ("serviceAccountToken", "expirationSeconds"): 3600,
}
_CLAIM = ("spec", "volumeClaimTemplates")
_SCOPE: dict[Path, Any] = {("webhooks", "rules", "scope"): "*"}
_PLACES: dict[Kind, dict[Path, Any]] = {
    ("apps", "StatefulSet"): {
        (*_CLAIM, "apiVersion"): "v1",
        (*_CLAIM, "kind"): "PersistentVolumeClaim",
        (*_CLAIM, "status"): {"phase": "Pending"},
        (*_CLAIM, "spec", "volumeMode"): "Filesystem",
        (*_CLAIM, "metadata", "creationTimestamp"): None,
    },
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): _SCOPE,
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): _SCOPE,
    ("networking.k8s.io", "NetworkPolicy"): {
        ("spec", "ingress", "ports", "protocol"): "TCP",
        ("spec", "egress", "ports", "protocol"): "TCP",
    },
}
_NONE = object()


def is_default(kind: Kind, path: Path, value: Any) -> bool:
    """Whether the API server itself gives this value to a field at this place that was not set."""
    if kind[0] in _PODS and _IN_PODS.get(path[-2:], _NONE) == value:
        return True
    return _PLACES.get(kind, {}).get(path, _NONE) == value
