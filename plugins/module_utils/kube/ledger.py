# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a component's record knows besides the ApplySet's own annotations: what was asked, and what that made ours.

Names and owned fields only, no values: enough to say later what is missing or was changed by somebody else, and no
second copy of the manifests.
"""

from __future__ import annotations

import base64
import binascii
import gzip
import hashlib
import json
import zlib
from dataclasses import dataclass, field
from typing import Any

from .applyset import split_group_kind
from .fields import Fields
from .objects import Key, Obj
from .render import Item

FIELD = "ledger"  # of the record's data
_LIMIT = 700 << 10  # bytes: a Secret may hold 1 MiB
_ASKED = ("generate_secrets", "config_checksum", "namespaces", "create_namespace_labels")
_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@dataclass
class Ledger:
    """objects: each with the fields that applying made ours, or None while they are not known."""

    objects: dict[Key, Fields | None] = field(default_factory=dict)
    generated: set[Key] = field(default_factory=set)  # Secrets that were made once: their values are nobody's business
    complete: bool = True  # whether the fields are known

    @property
    def names(self) -> tuple[set[Key], set[Key]]:
        return set(self.objects), self.generated


def digest(items: list[Item], params: dict[str, Any]) -> str:
    """Of what was asked. Values of Secrets are left out first: a weak one could be guessed from a hash of it."""
    objects = sorted(items, key=lambda item: (item.phase, item.weight, item.key))
    told = [[item.phase, item.weight, _without_values(item.obj)] for item in objects]
    asked = {name: params.get(name) or None for name in _ASKED}
    return f"sha256:{hashlib.sha256(_line([told, asked])).hexdigest()}"


def _line(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str).encode() + b"\n"


def _without_values(obj: Obj) -> Obj:
    if obj.get("kind") != "Secret":
        return obj
    held = {name for where in ("data", "stringData") for name in obj.get(where) or {}}
    told = {key: value for key, value in obj.items() if key not in ("data", "stringData")}
    metadata = dict(obj["metadata"])
    metadata["annotations"] = {
        key: value for key, value in (metadata.get("annotations") or {}).items() if key != _LAST_APPLIED
    }
    return {**told, "metadata": metadata, "data": sorted(held)}


def encode(ledger: Ledger) -> str | None:
    """As the record's data holds it: gzip, for whoever wants to read it. None when it would not fit."""
    packed = gzip.compress(_text(ledger, with_fields=True), 6, mtime=0)
    if len(packed) > _LIMIT:
        packed = gzip.compress(_text(ledger, with_fields=False), 6, mtime=0)
    return base64.b64encode(packed).decode() if len(packed) <= _LIMIT else None


def _text(ledger: Ledger, *, with_fields: bool) -> bytes:
    """Objects by kind, namespace and name, each with the number of its shape: many own the same fields."""
    shapes: dict[str, int] = {}
    objects: dict[str, dict[str, dict[str, int | None]]] = {}
    for key, fields in sorted(ledger.objects.items()):
        number = None
        if with_fields and fields is not None:
            number = shapes.setdefault(json.dumps(fields, sort_keys=True, separators=(",", ":")), len(shapes))
        objects.setdefault(key.group_kind, {}).setdefault(key.namespace, {})[key.name] = number
    generated = [[key.namespace, key.name] for key in sorted(ledger.generated)]
    return _line({"objects": objects, "generated": generated, "shapes": [json.loads(shape) for shape in shapes]})


def decode(live: Obj | None) -> Ledger | None:
    """What a record holds; None when it holds nothing that can be read (made by another tool, or too large)."""
    packed = ((live or {}).get("data") or {}).get(FIELD)
    if not packed:
        return None
    try:
        found = json.loads(gzip.decompress(base64.b64decode(packed)))
        result = Ledger(generated={Key("", "Secret", place, name) for place, name in found["generated"]})
        for text, places in found["objects"].items():
            group, kind = split_group_kind(text)
            for place, names in places.items():
                for name, number in names.items():
                    result.objects[Key(group, kind, place, name)] = None if number is None else found["shapes"][number]
    except (binascii.Error, OSError, EOFError, zlib.error, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return None  # somebody wrote into it; the next run writes it anew
    result.complete = None not in result.objects.values()
    return result
