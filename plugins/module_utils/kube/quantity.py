# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Quantities: the API server writes them its own way ("0.1" comes back as "100m"), which is no difference.

Only where the schema of one of Kubernetes' own kinds says quantity. In a custom resource "1" and "1000m" are two
strings: nobody writes them anew there, and their controller may tell them apart.
"""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

# resource.Quantity: a sign, digits with a point somewhere, and one suffix.
_QUANTITY = re.compile(r"([+-]?)(\d+\.?\d*|\.\d+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d{1,3})?")
_SUFFIXES = {
    **{
        suffix: Fraction(10) ** (3 * power - 9)
        for power, suffix in enumerate(("n", "u", "m", "", "k", "M", "G", "T", "P", "E"))
    },
    **{f"{letter}i": Fraction(1024) ** power for power, letter in enumerate("KMGTPE", 1)},
}
# The server caps them at 2^63-1 and rounds up to nano: beyond that, it is asked.
_MOST, _LEAST = Fraction(2) ** 63 - 1, Fraction(1, 10**9)

# Kinds that hold the specification of a Pod, or a template of one.
_PODS = {
    ("", "Pod"), ("", "PodTemplate"), ("", "ReplicationController"), ("apps", "Deployment"), ("apps", "DaemonSet"),
    ("apps", "StatefulSet"), ("apps", "ReplicaSet"), ("batch", "Job"), ("batch", "CronJob"),
}  # fmt: skip
_CONTAINERS = {"containers", "initContainers", "ephemeralContainers"}
_CLAIM = (("spec", "resources", "requests", "*"), ("spec", "resources", "limits", "*"))
_PLACES: dict[tuple[str, str], tuple[tuple[str, ...], ...]] = {
    ("", "PersistentVolumeClaim"): _CLAIM,
    ("", "PersistentVolume"): (("spec", "capacity", "*"),),
    ("", "ResourceQuota"): (("spec", "hard", "*"),),
    ("", "LimitRange"): (("spec", "limits", "*", "*"),),
    ("apps", "StatefulSet"): tuple(("spec", "volumeClaimTemplates", *place) for place in _CLAIM),
    ("autoscaling", "HorizontalPodAutoscaler"): (
        ("spec", "metrics", "*", "target", "value"),
        ("spec", "metrics", "*", "target", "averageValue"),
    ),
    ("node.k8s.io", "RuntimeClass"): (("overhead", "podFixed", "*"),),
}


def value_of(text: Any) -> Fraction | None:
    """The number, or None for what is not surely one to the API server."""
    if isinstance(text, bool):
        return None
    if isinstance(text, (int, float)):
        text = repr(text)  # as JSON writes it
    if not isinstance(text, str):
        return None
    match = _QUANTITY.fullmatch(text)
    if match is None:
        return None
    sign, digits, suffix = match[1], match[2], match[3] or ""
    scale = _SUFFIXES.get(suffix)
    if scale is None:
        scale = Fraction(10) ** int(suffix[1:])
    number = Fraction(f"0{digits}" if digits[0] == "." else digits.removesuffix(".")) * scale
    if number > _MOST or number % _LEAST:
        return None
    return -number if sign == "-" else number


def same(kind: tuple[str, str], path: tuple[str, ...], want: Any, live: Any) -> bool:
    """Whether two unequal values at this place (names of fields; places in lists are left out) are one quantity."""
    if not is_quantity(kind, path):
        return False
    first = value_of(want)
    return first is not None and first == value_of(live)


def is_quantity(kind: tuple[str, str], path: tuple[str, ...]) -> bool:
    """Whether the schema of this (group, kind) has a quantity at this place."""
    return (kind in _PODS and _in_pod(path)) or any(
        len(place) == len(path) and all(want in ("*", have) for want, have in zip(place, path, strict=True))
        for place in _PLACES.get(kind, ())
    )


def _in_pod(path: tuple[str, ...]) -> bool:
    """Anywhere below the specification of the Pod, which is the last 'spec' before it."""
    holder = path[-3:-1]
    if holder in (("resources", "requests"), ("resources", "limits")):
        above = path[-4] if len(path) > 3 else ""
        # Of a container, of the Pod as a whole, or of the claim of an ephemeral volume.
        return above in _CONTAINERS or above == "spec"
    if path[-2:] in (("emptyDir", "sizeLimit"), ("resourceFieldRef", "divisor")):
        return True
    return path[-3:-1] == ("spec", "overhead")
