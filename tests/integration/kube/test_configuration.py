# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Generated Secrets, references to Secrets, and checksums of configuration."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import ConfigError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.secrets import CHECKSUM, decode

from .conftest import Engine
from .samples import config, deployment, secret

GENERATE = [{"name": "made", "keys": {"password": {"length": 24}, "salt": {}}}]


def values(engine: Engine, name: str) -> dict[str, str]:
    live = engine.get("Secret", name)
    assert live is not None
    return {key: decode(value) or "" for key, value in live["data"].items()}


def checksum(engine: Engine, name: str = "d") -> str:
    live = engine.get("Deployment", name, "apps/v1")
    assert live is not None
    return live["spec"]["template"]["metadata"]["annotations"][CHECKSUM]


def test_generated_secrets_are_made_once_and_never_shown(engine: Engine) -> None:
    results = engine.steps(generate_secrets=GENERATE)
    made = values(engine, "made")
    assert {key: len(value) for key, value in made.items()} == {"password": 24, "salt": 32}
    # A further key is added, what is there stays; a key that is no longer declared stays as well.
    results += engine.steps(generate_secrets=[{"name": "made", "keys": {"extra": {}}}])
    extended = values(engine, "made")
    assert made.items() <= extended.items()
    assert len(extended) == 3
    results.append(engine(generate_secrets=GENERATE, diff=True))
    results += engine.steps(state="absent")
    assert values(engine, "made") == extended
    results += engine.steps(generate_secrets=GENERATE)
    assert values(engine, "made") == extended
    results += engine.steps(state="absent", purge=True)
    assert engine.get("Secret", "made") is None
    for value in extended.values():
        assert value not in str(results)
        assert value not in str(engine.said)


def test_values_a_person_put_there_are_not_overwritten(engine: Engine) -> None:
    engine.plane.run_kubectl("create", "namespace", engine.name)
    engine.plane.run_kubectl("-n", engine.name, "create", "secret", "generic", "made", "--from-literal=password=mine")
    engine.steps(generate_secrets=GENERATE)
    assert values(engine, "made")["password"] == "mine"
    assert len(values(engine, "made")["salt"]) == 32


def test_references_are_resolved_when_applied(engine: Engine) -> None:
    text = "postgres://u:${secret:made/password}@h/?again=${secret:made/salt}"
    _, done, _, _ = engine.steps(secret(url=text), generate_secrets=GENERATE)
    made = values(engine, "made")
    assert values(engine, "s") == {"url": f"postgres://u:{made['password']}@h/?again={made['salt']}"}
    assert made["password"] not in str(done)
    # The source changes: what refers to it follows, in one run.
    engine.plane.run_kubectl(
        "-n", engine.name, "patch", "secret", "made", "--type=merge", "-p", '{"stringData": {"password": "new-one"}}'
    )
    _, done, _, _ = engine.steps(secret(url=text), generate_secrets=GENERATE)
    assert done["objects"]["updated"] == [f"Secret {engine.name}/s"]
    assert "new-one" in values(engine, "s")["url"]


def test_a_reference_to_nothing(engine: Engine) -> None:
    manifest = secret(a="${secret:elsewhere/other/key}")
    with pytest.raises(
        ConfigError, match=r"refers to Secret elsewhere/other, which does not exist; install the component"
    ):
        engine(manifest)
    # Check mode cannot know: another component may make it before.
    checked = engine(manifest, check=True)
    assert f"Secret {engine.name}/s" in checked["predicted"]


def test_a_checksum_restarts_exactly_when_the_content_changes(engine: Engine) -> None:
    of = [{"kind": "ConfigMap", "name": "a"}, {"kind": "Secret", "name": "s"}, {"kind": "Secret", "name": "foreign"}]
    options: dict[str, Any] = {"config_checksum": [{"name": "d", "of": of}], "generate_secrets": GENERATE}
    text = "${secret:made/password}"
    engine.steps(config(x="1"), secret(p=text), deployment(), **options)
    first = checksum(engine)
    # Nothing that is not content counts: labels, other objects.
    labelled = config(x="1")
    labelled["metadata"]["labels"] = {"new": "label"}
    engine.steps(labelled, secret(p=text), deployment(), config("other", y="1"), **options)
    assert checksum(engine) == first
    engine.steps(config(x="2"), secret(p=text), deployment(), **options)
    second = checksum(engine)
    assert second != first
    # A Secret that is not of this component: its live content.
    engine.plane.run_kubectl("-n", engine.name, "create", "secret", "generic", "foreign", "--from-literal=k=1")
    engine.steps(config(x="2"), secret(p=text), deployment(), **options)
    third = checksum(engine)
    assert third != second
    # The value behind a reference.
    engine.plane.run_kubectl(
        "-n", engine.name, "patch", "secret", "made", "--type=merge", "-p", '{"stringData": {"password": "new-one"}}'
    )
    engine.steps(config(x="2"), secret(p=text), deployment(), **options)
    assert checksum(engine) != third
    engine.steps(config(x="1"), secret(p=text), deployment(), **options)


def test_check_on_an_empty_cluster_predicts_and_writes_nothing(engine: Engine) -> None:
    options: dict[str, Any] = {
        "config_checksum": [{"name": "d", "of": [{"kind": "Secret", "name": "s"}]}],
        "generate_secrets": GENERATE,
        "namespaces": [f"{engine.name}-more"],
    }
    results = engine.steps(secret(p="${secret:made/password}"), deployment(), config(x="1"), **options)
    assert len(results[0]["objects"]["created"]) == 7
    assert results[1]["predicted"] == []
