# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ApplySets, generated Secrets, references and checksums."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube import applyset, secrets
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import ConfigError, RenderError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.objects import KEEP, Key, kept


def secret(data: dict[str, str] | None = None, name: str = "s", **more: Any) -> dict[str, Any]:
    encoded = {key: secrets.encode(value) for key, value in (data or {}).items()}
    metadata = {"name": name, "namespace": "n"}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": encoded, **more}


def test_the_id_is_that_of_kep_3659() -> None:
    # The enhancement's own formula, and the value kubectl's own tests have for a Secret.
    assert applyset.applyset_id("my-set", "test") == "applyset-0eFHV8ySqp7XoShsGvyWFQD3s96yqwHmzc4e0HR1dsY-v1"
    by_hand = base64.urlsafe_b64encode(hashlib.sha256(b"mySet.test.Secret.").digest()).rstrip(b"=").decode()
    assert applyset.applyset_id("mySet", "test") == f"applyset-{by_hand}-v1"
    assert len(applyset.applyset_id("a" * 200, "b" * 60)) <= 63  # it is the value of a label


def test_the_parent_names_kinds_and_namespaces() -> None:
    kinds = {"Deployment.apps", "ConfigMap", "Secret"}
    parent = applyset.parent("c", "n", kinds, {"n", "z", "b", ""}, "1.2", "2025.07")
    annotations = parent["metadata"]["annotations"]
    assert annotations[applyset.GROUP_KINDS] == "ConfigMap,Deployment.apps,Secret"
    assert annotations[applyset.NAMESPACES] == "b,z"
    assert annotations[applyset.TOOLING].startswith("bentobox.platform/v")
    assert applyset.recorded(parent) == (kinds, {"b", "z"})
    assert applyset.recorded(None) == (set(), set())
    assert applyset.split_group_kind("Deployment.apps") == ("apps", "Deployment")
    assert applyset.split_group_kind("A.b.c.io") == ("b.c.io", "A")
    assert applyset.split_group_kind("ConfigMap") == ("", "ConfigMap")
    assert applyset.NAMESPACES not in applyset.parent("c", "n", kinds, {"n"}, None, None)["metadata"]["annotations"]


def test_a_foreign_record_is_not_taken() -> None:
    ours = applyset.parent("c", "n", set(), set(), None, None)
    applyset.check_parent(None, "c", "n")
    applyset.check_parent(ours, "c", "n")
    with pytest.raises(ConfigError, match="Secret n/s exists and is not the record of a component"):
        applyset.check_parent(secret(), "s", "n")
    ours["metadata"]["annotations"][applyset.TOOLING] = "kubectl/v1.33.0"
    with pytest.raises(ConfigError, match=r"is managed by kubectl/v1\.33\.0; to take it over"):
        applyset.check_parent(ours, "c", "n")
    applyset.check_parent(ours, "c", "n", take_ownership=True)
    with pytest.raises(ConfigError, match="is not the record of a component"):
        applyset.check_parent(secret(), "s", "n", take_ownership=True)


def test_what_is_kept() -> None:
    assert kept({"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c"}})
    assert not kept(secret())
    for value, expected in (("true", True), ("false", False), ("", False)):
        assert kept(secret(metadata={"name": "s", "annotations": {KEEP: value}})) is expected


def test_a_member_keeps_its_labels() -> None:
    labelled = applyset.member(secret(metadata={"name": "s", "labels": {"a": "b"}}), "id")
    assert labelled["metadata"]["labels"] == {"a": "b", applyset.PART_OF: "id"}


def test_generated_values_are_made_once() -> None:
    item = {"name": "g", "keys": {"a": {"length": 12}, "b": None}}
    made, new = secrets.generated(item, "n", "id", None)
    assert new == ["a", "b"]
    values = {key: secrets.decode(value) or "" for key, value in made["data"].items()}
    assert [len(values["a"]), len(values["b"])] == [12, 32]
    assert values["a"].isalnum()
    again, new = secrets.generated(item, "n", "id", made)
    assert (again["data"], new) == (made["data"], [])
    more, new = secrets.generated({**item, "keys": {**item["keys"], "c": {}}}, "n", "id", made)
    assert new == ["c"]
    assert {key: more["data"][key] for key in "ab"} == made["data"]
    assert secrets.generated(item, "n", "id", None)[0]["data"] != made["data"]
    with pytest.raises(RenderError, match="g/a: a length of 3 is too short"):
        secrets.generated({"name": "g", "keys": {"a": {"length": 3}}}, "n", "id", None)


def test_string_data_becomes_data() -> None:
    folded = secrets.fold_string_data(secret({"a": "1", "b": "2"}, stringData={"b": "3"}))
    assert folded == secret({"a": "1", "b": "3"})
    with pytest.raises(RenderError, match=r"Secret s: stringData\.port is not a string"):
        secrets.fold_string_data(secret(stringData={"port": 5432}))


def test_references_are_found_and_replaced() -> None:
    text = "postgres://u:${secret:db/pg/password}@h/?k=${secret:own/key} ${HOME} ${secret:}"
    obj = secret({"url": text, "plain": "x"})
    obj["data"]["binary"] = base64.b64encode(b"\xff\xfe").decode()
    wanted = {("db", "pg", "password"), ("n", "own", "key")}
    assert secrets.references(obj) == wanted
    done = secrets.resolve(obj, {("db", "pg", "password"): "p&1", ("n", "own", "key"): "k"})
    assert secrets.decode(done["data"]["url"]) == "postgres://u:p&1@h/?k=k ${HOME} ${secret:}"
    assert done["data"]["binary"] == obj["data"]["binary"]
    assert secrets.references(secret({"a": "${HOME}"})) == set()


def test_references_outside_secrets_are_refused() -> None:
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "${secret:s/k}"}}
    with pytest.raises(RenderError, match=r"ConfigMap c: .* is only replaced in Secrets"):
        secrets.references(config)
    assert secrets.references({**config, "data": {"a": "${secret} ${other:x}"}}) == set()


def test_a_reference_to_a_missing_key_names_the_keys_there_are() -> None:
    with pytest.raises(ConfigError, match=r"that Secret has no key 'c' \(it has: a, b\)"):
        secrets.read_reference(("n", "s", "c"), lambda _ns, _name: secret({"a": "hunter2", "b": "hunter2"}))
    assert secrets.read_reference(("n", "s", "c"), lambda _ns, _name: None) is None


def test_a_checksum_changes_exactly_with_the_content() -> None:
    key = Key("", "Secret", "n", "s")

    def of(obj: dict[str, Any] | None) -> str:
        return secrets.checksum({key: secrets.content(obj)})

    assert of(secret({"a": "1"})) == of(secret(stringData={"a": "1"})) == of({**secret({"a": "1"}), "metadata": {}})
    assert of(secret({"a": "1"})) != of(secret({"a": "2"}))
    assert of(None) == of(secret())
    deployment = {"kind": "Deployment", "metadata": {"name": "d"}, "spec": {"template": {"spec": {}}}}
    annotated = secrets.annotate(deployment, "x")
    assert annotated["spec"]["template"]["metadata"]["annotations"] == {secrets.CHECKSUM: "x"}
    with pytest.raises(RenderError, match="Service s has no pod template"):
        secrets.annotate({"kind": "Service", "metadata": {"name": "s"}, "spec": {}}, "x")
