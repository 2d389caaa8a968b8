# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What we record is a real ApplySet: kubectl can take it over; component_info reads it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.bentobox.platform.plugins.module_utils.kube.applyset import PART_OF, TOOL, TOOLING, applyset_id
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import ConfigError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.inventory import installed

from .conftest import Engine
from .samples import config, crd, custom, deployment


def test_kubectl_takes_over(engine: Engine, tmp_path: Path) -> None:
    group = f"{engine.name}.example.com"
    definition = crd("widgets", "Widget", group)
    engine(config("stays", x="1"), config("goes", x="1"), definition, custom("Widget", group=group, size=1))
    left = [config("stays", x="1"), custom("Widget", group=group, size=1)]
    for obj in left:
        obj["metadata"] |= {"namespace": engine.namespace}
    definition.pop("status")
    file = tmp_path / "left.yaml"
    file.write_text(yaml.safe_dump_all([definition, *left]))
    apply = ["apply", "-n", engine.namespace, "--prune", f"--applyset=secret/{engine.name}", "-f", str(file)]
    environment = {**os.environ, "KUBECTL_APPLYSET": "true"}
    # Another tool's set is refused, as the enhancement wants it; saying so on the parent hands it over.
    refused = engine.plane.run_kubectl(*apply, env=environment, check=False)
    assert "managed by tooling" in refused.stderr
    engine.plane.run_kubectl(
        "-n", engine.namespace, "annotate", "--overwrite", "secret", engine.name, f"{TOOLING}=kubectl/v1.33.13"
    )
    done = engine.plane.run_kubectl(*apply, env=environment)
    assert "configmap/goes pruned" in done.stdout, done.stdout + done.stderr
    assert engine.get("ConfigMap", "goes") is None
    assert engine.get("ConfigMap", "stays")
    assert engine.get("Widget", "x", f"{group}/v1")


def kubectl_apply(engine: Engine, folder: Path, *manifests: dict[str, Any], check: bool = True) -> Any:
    """What the other tool makes of the same manifests, in the same ApplySet."""
    file = folder / "manifests.yaml"
    file.write_text(yaml.safe_dump_all([{k: v for k, v in obj.items() if k != "status"} for obj in manifests]))
    arguments = ["apply", "--server-side", "--prune", f"--applyset=secret/{engine.name}", "-n", engine.name]
    environment = {**os.environ, "KUBECTL_APPLYSET": "true"}
    return engine.plane.run_kubectl(*arguments, "-f", str(file), env=environment, check=check)


def annotate(engine: Engine, tooling: str) -> None:
    where = ("-n", engine.name, "annotate", "--overwrite", "secret", engine.name)
    engine.plane.run_kubectl(*where, f"{TOOLING}={tooling}")


def without_bookkeeping(objects: list[dict[str, Any] | None]) -> list[dict[str, Any]]:
    """The objects as they are, but for who manages which field."""
    noise = ("managedFields", "resourceVersion")
    return [
        {**obj, "metadata": {key: value for key, value in obj["metadata"].items() if key not in noise}}
        for obj in objects
        if obj
    ]


def test_handed_over_to_kubectl_and_back(engine: Engine, tmp_path: Path) -> None:
    group = f"{engine.name}.example.com"
    # Quantities as the server writes them: any second manager's "0.1" conflicts with the "100m" that is there.
    workload = deployment(resources={"requests": {"cpu": "100m"}})
    manifests = [crd("widgets", "Widget", group), custom("Widget", group=group, size=1), config(x="1"), workload]

    def live() -> list[dict[str, Any]]:
        definition = engine.client.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"widgets.{group}")
        found = [("Widget", "x", f"{group}/v1"), ("ConfigMap", "a", "v1"), ("Deployment", "d", "apps/v1")]
        objects = without_bookkeeping([definition, *(engine.get(*entry) for entry in found)])
        return [{key: value for key, value in obj.items() if key != "status"} for obj in objects]

    asked = {"version": "1.2.3", "create_namespace_labels": {"team": "ml"}}
    engine(*manifests, **asked)
    before = live()
    annotate(engine, "kubectl/v1.33.13")
    done = kubectl_apply(engine, tmp_path, *manifests)
    assert "pruned" not in done.stdout
    assert live() == before
    found = installed(engine.client, engine.name, None)[0]
    assert (found["managed_by"][:8], found["drifted"], found["missing"]) == ("kubectl/", [], [])
    # It is kubectl's now, and that is said.
    with pytest.raises(ConfigError, match=r"is managed by kubectl/v1\.33.*; .* set 'take_ownership: true'"):
        engine(*manifests, **asked)
    # Handed back in the same way, nothing at all is to be done.
    annotate(engine, TOOL)
    mark = engine.plane.mark()
    back = engine(*manifests, **asked)
    assert not back["changed"], back["objects"]
    assert engine.plane.writes(mark) == []
    # Taken back in one step, only the record changes: it says whose it is.
    annotate(engine, "kubectl/v1.33.13")
    kubectl_apply(engine, tmp_path, *manifests)
    _, done, _, _ = engine.steps(*manifests, take_ownership=True, **asked)
    assert done["objects"]["updated"] == [f"Secret {engine.name}/{engine.name}"]
    assert live() == before


def test_what_kubectl_began_is_taken_over(engine: Engine, tmp_path: Path) -> None:
    engine.plane.run_kubectl("create", "namespace", engine.name)
    kubectl_apply(engine, tmp_path, config(x="1"), config("goes", x="1"), deployment())
    uid = (engine.get("Deployment", "d", "apps/v1") or {})["metadata"]["uid"]
    for check in (True, False):
        with pytest.raises(ConfigError, match="is managed by kubectl/"):
            engine(config(x="1"), deployment(), check=check)
        with pytest.raises(ConfigError, match="is managed by kubectl/"):
            engine(state="absent", check=check)
    _, done, _, _ = engine.steps(config(x="1"), deployment(), take_ownership=True)
    assert done["objects"]["pruned"] == [f"ConfigMap {engine.name}/goes"]  # it was in that set
    assert done["objects"]["created"] == []
    assert (engine.get("Deployment", "d", "apps/v1") or {})["metadata"]["uid"] == uid
    found = installed(engine.client, engine.name, None)[0]
    assert (found["managed_by"], found["objects_count"], found["drifted"]) == (TOOL, 2, [])
    # From now on it needs no asking, and kubectl is refused.
    engine.steps(deployment())
    assert "managed by tooling" in kubectl_apply(engine, tmp_path, config(x="1"), check=False).stderr


def test_members_carry_the_label_and_others_do_not(engine: Engine) -> None:
    engine(config(x="1"), deployment(), generate_secrets=[{"name": "made", "keys": {"a": {}}}])
    identifier = applyset_id(engine.name, engine.namespace)
    for kind, name, api_version in (("ConfigMap", "a", "v1"), ("Deployment", "d", "apps/v1")):
        live = engine.get(kind, name, api_version)
        assert live is not None
        assert live["metadata"]["labels"][PART_OF] == identifier
    made = engine.get("Secret", "made")
    assert made is not None
    assert PART_OF not in made["metadata"]["labels"]  # or pruning by kubectl would lose it


def test_what_is_installed(engine: Engine) -> None:
    assert installed(engine.client, engine.name, None) == []
    engine(config(x="1"), deployment(), version="1.2.3", release="2025.07")
    found = installed(engine.client, engine.name, engine.namespace)
    assert found == [
        {
            "name": engine.name,
            "namespace": engine.namespace,
            "version": "1.2.3",
            "release": "2025.07",
            "digest": found[0]["digest"],
            "managed_by": TOOL,
            "complete": True,
            "objects": [f"ConfigMap {engine.name}/a", f"Deployment {engine.name}/d"],
            "objects_count": 2,
            "ready": False,
            "not_ready": found[0]["not_ready"],
            "drift_known": True,
            "drifted": [],
            "missing": [],
        }
    ]
    assert found[0]["not_ready"][0].startswith(f"Deployment {engine.name}/d: ")
    engine(config(x="1"), version="1.2.4", release="2025.07")
    again = installed(engine.client, engine.name, None)[0]
    assert (again["version"], again["ready"], again["objects_count"]) == ("1.2.4", True, 1)
    assert engine.name in [entry["name"] for entry in installed(engine.client, None, None)]
    engine(state="absent")
    assert installed(engine.client, engine.name, None) == []
