# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a role would hand to the engine: its task's arguments, templated by Ansible itself, and what they render to."""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from ansible_collections.bentobox.platform.plugins.module_utils.kube.fetch import read_manifest_file
from ansible_collections.bentobox.platform.plugins.module_utils.kube.helm import render
from ansible_collections.bentobox.platform.plugins.module_utils.kube.patches import apply_patches, drop
from ansible_collections.bentobox.platform.plugins.module_utils.kube.render import flatten, normalise

COLLECTION = Path(__file__).resolve().parents[3]
ROLES = COLLECTION / "roles"
LAB_RELEASE = "lab-2025.07"
RENDERED_RELEASE = "2026.11"  # its charts are rendered, but nothing of it runs
KUBE_VERSION = "1.33.13"
# Helm and the large resource definitions take seconds: what the same arguments make is kept.
_RENDERED: dict[str, list[dict[str, Any]]] = {}
# What has no default because nobody can guess it.
NEEDED = {"yatai_deployment": {"yatai_deployment_domain_suffix": "apps.example.com"}}


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else None


class Role:
    """One role with its defaults, and what the caller says differently."""

    def __init__(self, name: str, **variables: Any) -> None:
        self.name = name
        self.path = ROLES / name
        self.loader = DataLoader()
        self.loader.set_basedir(str(self.path))
        self.variables: dict[str, Any] = {
            **self._trusted("defaults/main.yml"),
            **NEEDED.get(name, {}),
            **variables,
            **self._trusted("vars/main.yml"),
            "role_path": str(self.path),
            "ansible_search_path": [str(self.path)],
        }

    def _trusted(self, file: str) -> dict[str, Any]:
        """As Ansible reads its own files: what is in them may be templates."""
        return self.loader.load_from_file(str(self.path / file), trusted_as_template=True) or {}

    def value(self, template: Any) -> Any:
        return plain(Templar(loader=self.loader, variables=self.variables).template(template))

    def variable(self, name: str) -> Any:
        return self.value(self.variables[name])

    def component(self, tasks: str = "present") -> dict[str, Any]:
        """The arguments of the role's one component task."""
        found = [
            task["bentobox.platform.component"]
            for task in self.loader.load_from_file(str(self.path / f"tasks/{tasks}.yml"), trusted_as_template=True)
            if "bentobox.platform.component" in task
        ]
        assert len(found) == 1, f"{self.name}: {len(found)} component tasks"
        return without_omitted(self.value(found[0]))

    def template(self, name: str) -> list[dict[str, Any]]:
        trusted = self.loader.load_from_file(str(self.path / "vars/main.yml"), trusted_as_template=True)
        assert trusted, self.name
        text = (self.path / "templates" / name).read_text(encoding="utf-8")
        expression = {"__text": "{{ lookup('ansible.builtin.template', '" + name + "') }}"}
        assert text.strip(), name
        path = Path(tempfile.mkdtemp()) / "expression.yml"
        path.write_text(yaml.safe_dump(expression), encoding="utf-8")
        try:
            loaded = self.loader.load_from_file(str(path), trusted_as_template=True)
            return [item for item in yaml.safe_load_all(self.value(loaded["__text"])) if item]
        finally:
            shutil.rmtree(path.parent)

    def objects(self, fresh: bool = False, tasks: str = "present") -> list[dict[str, Any]]:
        """All objects of the component, from templates, files and charts, dropped and patched as the engine does it."""
        args = self.component(tasks)
        key = json.dumps(args, sort_keys=True)
        if fresh or key not in _RENDERED:
            _RENDERED[key] = self._objects(args)
        return _RENDERED[key]

    @staticmethod
    def _objects(args: dict[str, Any]) -> list[dict[str, Any]]:
        objects = flatten(args.get("manifests") or [], "manifests")
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o700)
            for file in args.get("files") or []:
                objects += flatten(read_manifest_file(file, Path(folder)), file["path"])
            for chart in args.get("charts") or []:
                objects += flatten(
                    render(
                        chart,
                        binary=args["helm_binary"],
                        namespace=args["namespace"],
                        kube_version=KUBE_VERSION,
                        api_versions=[],
                        folder=Path(folder),
                    ),
                    chart["name"],
                )
        for item in objects:
            item["metadata"].setdefault("namespace", args["namespace"])
        objects = drop(objects, args.get("drop") or [], args["namespace"])
        return [normalise(item) for item in apply_patches(objects, args.get("patch") or [], args["namespace"])]


def plain(value: Any) -> Any:
    """Without Ansible's tags."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (str, int, float)) and not is_omitted(value):
        return json.loads(json.dumps(value))
    return value


def without_omitted(value: Any) -> Any:
    """As Ansible hands arguments over: those that are to be left out are not there."""
    if isinstance(value, dict):
        return {key: without_omitted(item) for key, item in value.items() if not is_omitted(item)}
    if isinstance(value, list):
        return [without_omitted(item) for item in value if not is_omitted(item)]
    return value


def is_omitted(value: Any) -> bool:
    return "omit" in type(value).__name__.lower() or (isinstance(value, str) and value.startswith("__omit_place"))


def find(objects: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    found = [item for item in objects if item["kind"] == kind and item["metadata"]["name"] == name]
    assert len(found) == 1, (
        f"{len(found)} of {kind}/{name} among {[(i['kind'], i['metadata']['name']) for i in objects]}"
    )
    return found[0]


def pods(objects: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """The pod specifications in them, each with a name for messages."""
    kinds = {"Deployment", "StatefulSet", "DaemonSet", "Job"}
    return [
        (f"{item['kind']}/{item['metadata']['name']}", item["spec"]["template"]["spec"])
        for item in objects
        if item["kind"] in kinds
    ]


def containers(objects: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{name}: {container['name']}", container)
        for name, pod in pods(objects)
        for container in [*pod.get("initContainers", []), *pod["containers"]]
    ]
