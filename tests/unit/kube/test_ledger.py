# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a record knows: the digest of what was asked, names and owned fields; never a value, never too much."""

from __future__ import annotations

import base64
import gzip
import json
import random
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.ledger import FIELD, Ledger, decode, digest, encode
from ansible_collections.bentobox.platform.plugins.module_utils.kube.objects import Key
from ansible_collections.bentobox.platform.plugins.module_utils.kube.render import POST, Item

SHAPE = {"f:data": {"f:x": {}}, "f:metadata": {"f:labels": {"f:a/b": {}}}}


def item(kind: str, name: str, **fields: Any) -> Item:
    return Item({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "n"}, **fields})


def asked(*items: Item, **params: Any) -> str:
    return digest(list(items), params)


def record(ledger: Ledger) -> dict[str, Any]:
    return {"data": {FIELD: encode(ledger)}}


def key(name: str, kind: str = "ConfigMap", group: str = "") -> Key:
    return Key(group, kind, "n", name)


def test_the_digest_is_that_of_the_question() -> None:
    first, second = item("ConfigMap", "a", data={"x": "1"}), item("ConfigMap", "b")
    assert asked(first, second) == asked(second, first)
    assert asked(first) == asked(item("ConfigMap", "a", data={"x": "1"}), generate_secrets=[])
    different = [
        asked(first),
        asked(item("ConfigMap", "a", data={"x": "2"})),
        asked(Item(first.obj, POST)),
        asked(Item(first.obj, weight=1)),
        asked(first, namespaces=["m"]),
        asked(first, generate_secrets=[{"name": "s", "keys": {"a": {}}}]),
    ]
    assert len(set(different)) == len(different)


def test_the_digest_knows_no_secret() -> None:
    def of(**fields: Any) -> str:
        return asked(item("Secret", "s", **fields))

    assert of(stringData={"pin": "1234"}) == of(stringData={"pin": "9999"}) == of(data={"pin": "MTIzNA=="})
    assert of(data={"pin": "a"}) != of(data={"pin": "a", "puk": "b"})
    noted, plain = item("Secret", "s"), item("Secret", "s")
    plain.obj["metadata"]["annotations"] = {"a": "b"}
    noted.obj["metadata"]["annotations"] = {"a": "b", "kubectl.kubernetes.io/last-applied-configuration": "1234"}
    assert asked(noted) == asked(plain)


def test_what_is_written_is_read() -> None:
    objects = {
        key("a"): SHAPE,
        key("b"): SHAPE,
        Key("", "Namespace", "", "n"): {"f:metadata": {}},
        key("d", "Deployment", "apps"): {},
    }
    ledger = Ledger(dict(objects), {key("s", "Secret")})
    found = decode(record(ledger))
    assert found == ledger
    text = json.loads(gzip.decompress(base64.b64decode(record(ledger)["data"][FIELD])))
    assert len(text["shapes"]) == 3  # the same fields are written once
    unfinished = decode(record(Ledger({key("a"): None})))
    assert (unfinished and unfinished.objects, unfinished and unfinished.complete) == ({key("a"): None}, False)


def test_ten_thousand_objects_fit() -> None:
    shapes = [{**SHAPE, "f:spec": {f"f:{number}": {}}} for number in range(50)]
    ledger = Ledger({key(f"object-{number:05}"): shapes[number % 50] for number in range(10_000)})
    text = encode(ledger)
    assert text
    assert len(text) < 100_000
    assert decode(record(ledger)) == ledger


def test_what_does_not_fit_is_left_out() -> None:
    source = random.Random(1)
    many = {key(f"{source.getrandbits(64):x}"): {f"f:{source.getrandbits(512):x}": {}} for _number in range(12_000)}
    names_only = decode(record(Ledger(many)))
    assert names_only is not None
    assert (set(names_only.objects), names_only.complete) == (set(many), False)
    assert encode(Ledger({key(f"{source.getrandbits(512):x}"): None for _number in range(16_000)})) is None


def packed(text: bytes) -> dict[str, Any]:
    return {FIELD: base64.b64encode(gzip.compress(text)).decode()}


@pytest.mark.parametrize(
    "data",
    [
        None,
        {},
        {FIELD: "?"},
        {FIELD: "AAAA"},
        packed(b"[]"),
        packed(b'{"objects": {"ConfigMap": {"n": {"a": 7}}}, "generated": [], "shapes": []}'),
    ],
)
def test_what_cannot_be_read_counts_as_nothing(data: dict[str, Any] | None) -> None:
    assert decode({"data": data}) is None
    assert decode(None) is None
