# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets that are made once, references to Secrets, and checksums of configuration."""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
import secrets as random_source
import string
from collections.abc import Callable
from typing import Any, TypeAlias

from .errors import ConfigError, RenderError
from .objects import Key, Obj

REFERENCE = re.compile(r"\$\{secret:(?:(?P<ns>[a-z0-9-]+)/)?(?P<name>[a-z0-9.-]+)/(?P<key>[A-Za-z0-9._-]+)\}")
CHECKSUM = "bentobox.platform/config-checksum"
GENERATED_BY = "bentobox.platform/generated-by"
_ALPHABET = string.ascii_letters + string.digits

# The text keeps pylint of older releases from judging `|` between an alias and None.
Lookup: TypeAlias = Callable[[str, str], "Obj | None"]


def encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def decode(data: str) -> str | None:
    """None for what is not text: it holds no reference."""
    try:
        return base64.b64decode(data).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None


def random_text(length: int) -> str:
    return "".join(random_source.choice(_ALPHABET) for _place in range(length))


def generated(item: dict[str, Any], namespace: str, identifier: str, have: Obj | None) -> tuple[Obj, list[str]]:
    """(the Secret with every key it should have, names of the keys that are new). Existing values always stay."""
    data = dict((have or {}).get("data") or {})
    new = [key for key in item["keys"] if key not in data]
    for key in new:
        length = int((item["keys"][key] or {}).get("length") or 32)
        if length < 8:
            raise RenderError(f"generate_secrets: {item['name']}/{key}: a length of {length} is too short; 8 at least")
        data[key] = encode(random_text(length))
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": item["name"],
            "namespace": item.get("namespace") or namespace,
            "labels": {"app.kubernetes.io/managed-by": "bentobox.platform", GENERATED_BY: identifier},
        },
        "type": "Opaque",
        "data": data,
    }
    return secret, new


def fold_string_data(obj: Obj) -> Obj:
    """stringData into data: the API server does the same, but would leave us owning a field nobody can read back."""
    if obj.get("kind") != "Secret" or not obj.get("stringData"):
        return obj
    data = dict(obj.get("data") or {})
    for key, value in obj["stringData"].items():
        if not isinstance(value, str):
            raise RenderError(
                f"Secret {obj['metadata'].get('name')}: stringData.{key} is not a string; quote it in the template"
            )
        data[key] = encode(value)
    folded = {field: value for field, value in obj.items() if field != "stringData"}
    return {**folded, "data": data}


def references(obj: Obj) -> set[tuple[str, str, str]]:
    """(namespace, name, key) of every ${secret:...} in a (folded) Secret."""
    if obj.get("kind") != "Secret":
        text = json.dumps(obj) if "${secret:" in str(obj) else ""
        if REFERENCE.search(text):
            name = obj["metadata"].get("name")
            raise RenderError(f"{obj.get('kind')} {name}: ${{secret:...}} is only replaced in Secrets")
        return set()
    own = obj["metadata"].get("namespace") or ""
    found = set()
    for value in (obj.get("data") or {}).values():
        for match in REFERENCE.finditer(decode(value) or ""):
            found.add((match["ns"] or own, match["name"], match["key"]))
    return found


def resolve(obj: Obj, values: dict[tuple[str, str, str], str]) -> Obj:
    """The Secret with its references replaced."""
    if not references(obj):
        return obj
    own = obj["metadata"].get("namespace") or ""
    data = {}
    for key, value in obj["data"].items():
        text = decode(value)
        if text is None or "${secret:" not in text:
            data[key] = value
            continue
        data[key] = encode(REFERENCE.sub(lambda match: values[(match["ns"] or own, match["name"], match["key"])], text))
    return {**obj, "data": data}


def read_reference(reference: tuple[str, str, str], lookup: Lookup) -> str | None:
    """The value, or None when the Secret is not there. A Secret without the key is always an error."""
    namespace, name, key = reference
    secret = lookup(namespace, name)
    if secret is None:
        return None
    raw = (secret.get("data") or {}).get(key)
    if raw is None:
        known = ", ".join(sorted(secret.get("data") or {})) or "none"
        raise ConfigError(f"${{secret:{namespace}/{name}/{key}}}: that Secret has no key '{key}' (it has: {known})")
    text = decode(raw)
    if text is None:
        raise ConfigError(f"${{secret:{namespace}/{name}/{key}}}: its value is not text")
    return text


def content(obj: Obj | None) -> Any:
    """What a workload reads of a ConfigMap or Secret; a missing one counts as empty."""
    folded = fold_string_data(obj) if obj else {}
    return {field: folded.get(field) or {} for field in ("data", "binaryData")}


def checksum(contents: dict[Key, Any]) -> str:
    text = json.dumps({str(key): value for key, value in contents.items()}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def annotate(obj: Obj, value: str) -> Obj:
    """The workload with the checksum on its Pod template: it restarts exactly when the value changes."""
    template = (obj.get("spec") or {}).get("template")
    if not isinstance(template, dict):
        raise RenderError(f"config_checksum: {obj.get('kind')} {obj['metadata'].get('name')} has no pod template")
    metadata = dict(template.get("metadata") or {})
    metadata["annotations"] = {**(metadata.get("annotations") or {}), CHECKSUM: value}
    return {**obj, "spec": {**obj["spec"], "template": {**template, "metadata": metadata}}}
