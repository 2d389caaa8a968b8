# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What we record is a real ApplySet: kubectl can take it over; component_info reads it."""

from __future__ import annotations

import os
from pathlib import Path

import yaml
from ansible_collections.bentobox.platform.plugins.module_utils.kube.applyset import PART_OF, TOOL, TOOLING, applyset_id
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
