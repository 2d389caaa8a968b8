# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keeps secret values out of everything a person or a log sees."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
from typing import Any

from .objects import Obj

# A new key each run: equal values look equal within one diff, and a weak password cannot be guessed from its hash.
_RUN_KEY = os.urandom(32)
_SHORTEST = 4  # shorter values would be replaced all over a text
_SENSITIVE = ("password", "secret", "token", "key", "credential", "dsn", "auth")
# Where Kubernetes refers to a Secret there are its name and those of its keys, which are none themselves.
_REFERENCES = ("secretKeyRef", "secretRef", "imagePullSecrets")
_VOLUME = ("secretName", "items")


def digest(value: str | bytes) -> str:
    raw = value.encode() if isinstance(value, str) else value
    return "sha256:" + hmac.new(_RUN_KEY, raw, hashlib.sha256).hexdigest()[:12]


def redact(obj: Any) -> Any:
    """The object, with the values of a Secret as hashes."""
    if not isinstance(obj, dict) or obj.get("kind") != "Secret":
        return obj
    safe = dict(obj)
    for field in ("data", "stringData"):
        if isinstance(obj.get(field), dict):
            safe[field] = {key: digest(_plain(value, field)) for key, value in obj[field].items()}
    metadata = obj.get("metadata")
    if isinstance(metadata, dict) and "annotations" in metadata:
        last = "kubectl.kubernetes.io/last-applied-configuration"
        annotations = {key: value for key, value in (metadata["annotations"] or {}).items() if key != last}
        safe["metadata"] = {**metadata, "annotations": annotations}
    return safe


def _plain(value: Any, field: str) -> bytes:
    text = value if isinstance(value, str) else repr(value)
    if field == "data":
        try:
            return base64.b64decode(text)
        except (binascii.Error, ValueError):
            pass
    return text.encode()


def secret_values(obj: Obj) -> set[str]:
    """Every form in which this Secret's values could turn up in a text."""
    found: set[str] = set()
    if obj.get("kind") != "Secret":
        return found
    for field in ("data", "stringData"):
        for value in (obj.get(field) or {}).values():
            if isinstance(value, str):
                found |= {value, _plain(value, field).decode("utf-8", "replace")}
    return {value for value in found if len(value) >= _SHORTEST}


def sounds_secret(name: str) -> bool:
    """Not the name of a Secret, as in SECRET_NAME."""
    lowered = name.lower()
    return any(word in lowered for word in _SENSITIVE) and not lowered.endswith("name")


def sensitive(values: Any, inside: bool = False) -> set[str]:
    """Values of a tree that look secret by the name they have."""
    found: set[str] = set()
    if isinstance(values, dict):
        named = _VOLUME if "secretName" in values else ()
        for key, value in values.items():
            if key in _REFERENCES:
                found |= sensitive(_nameless(value))
            elif key not in named:
                found |= sensitive(value, inside or sounds_secret(str(key)))
    elif isinstance(values, list):
        for value in values:
            found |= sensitive(value, inside)
    elif inside and isinstance(values, str) and len(values) >= _SHORTEST:
        found.add(values)
    return found


def _nameless(reference: Any) -> Any:
    if isinstance(reference, list):
        return [_nameless(entry) for entry in reference]
    if isinstance(reference, dict):
        return {key: value for key, value in reference.items() if key not in ("name", "key")}
    return reference


def scrub(text: str, values: set[str]) -> str:
    for value in sorted(values, key=len, reverse=True):
        text = text.replace(value, "********")
    return text
