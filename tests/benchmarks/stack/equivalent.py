# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The same components as tasks of kubernetes.core: the same charts with the same values, the same objects.

In doubt in favour of the other side: it neither looks for Secrets that are made once nor computes checksums, has the
values of Secrets written out, all manifests of a component in one task, and charts that we patch as charts that are
rendered and patched already.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.bentobox.platform.plugins.module_utils.kube import secrets
from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.plugins.module_utils.kube.desired import build

Obj = dict[str, Any]


class Equivalent:
    def __init__(self, kubeconfig: Path, folder: Path) -> None:
        self.kubeconfig, self.folder = kubeconfig, folder
        self.client = Client.from_params({"kubeconfig": str(kubeconfig)})

    def __enter__(self) -> Equivalent:
        return self

    def __exit__(self, *_: object) -> None:
        """Helm forgets the releases, and the objects are as before: nothing but the engine's."""
        for secret in self.client.list("v1", "Secret", label_selector="owner=helm"):
            self.client.delete("v1", "Secret", secret["metadata"]["name"], secret["metadata"]["namespace"])

    def playbook(self, recorded: Path) -> Path:
        """Of all components that were recorded, in their order."""
        components = [json.loads(file.read_text()) for file in sorted(recorded.iterdir())]
        file = self.folder / "kubernetes-core.yml"
        tasks = [task for params in components for task in self.tasks(params)]
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": tasks}
        file.write_text(yaml.safe_dump([play], sort_keys=False))
        return file

    def tasks(self, params: dict[str, Any]) -> list[dict[str, Any]]:
        """Its charts are handed over to Helm at once, which the module only does for releases that are there."""
        tasks: list[dict[str, Any]] = []
        for chart in params["charts"]:
            rewritten = params["drop"] or params["patch"]
            options = {
                "name": chart.get("release_name") or chart["name"],
                "release_namespace": chart.get("namespace") or params["namespace"],
                "chart_ref": str(self._static(chart, params)) if rewritten else chart["ref"],
                "release_values": chart["values"],
                "wait": params["wait"],
                "timeout": f"{params['wait_timeout']}s",
                "binary_path": params["helm_binary"],
            }
            self._hand_over(options)
            tasks.append({"name": f"Chart {chart['name']} of {params['name']}", "kubernetes.core.helm": options})
        objects = self._objects({**params, "charts": []})
        if objects:
            wait = {"wait": params["wait"], "wait_timeout": params["wait_timeout"]}
            options = {"definition": objects, "namespace": params["namespace"], **wait}
            tasks.append({"name": f"Manifests of {params['name']}", "kubernetes.core.k8s": options})
        return tasks

    def _hand_over(self, options: dict[str, Any]) -> None:
        values = self.folder / "values.yaml"
        values.write_text(yaml.safe_dump(options["release_values"]))
        command = [options["binary_path"], "upgrade", "--install", options["name"], options["chart_ref"]]
        command += ["--namespace", options["release_namespace"], "--values", str(values), "--take-ownership"]
        command += ["--kubeconfig", str(self.kubeconfig), "--wait", "--timeout", options["timeout"]]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def _objects(self, params: dict[str, Any]) -> list[Obj]:
        """What the engine would apply, with the Secrets' values that are in the cluster."""
        lists = {
            name: [{**entry, "optional": True} for entry in params[name] or []] for name in ("drop", "patch")
        }  # each was meant for one of several charts
        items = build({**params, **lists}, self.client, check_mode=True).items
        return [self._resolved(secrets.fold_string_data(item.obj)) for item in items]

    def _resolved(self, obj: Obj) -> Obj:
        def lookup(namespace: str, name: str) -> Obj | None:
            return self.client.get_or_none("v1", "Secret", name, namespace)

        values = {ref: secrets.read_reference(ref, lookup) for ref in secrets.references(obj)}
        return secrets.resolve(obj, values) if values else obj

    def _static(self, chart: dict[str, Any], params: dict[str, Any]) -> Path:
        """A chart of what is left of that chart when it is rendered, pruned and patched."""
        folder = self.folder / "charts" / chart["name"]
        (folder / "templates").mkdir(parents=True)
        objects = self._objects({**params, "charts": [chart], "manifests": [], "files": []})
        about = {"apiVersion": "v2", "name": chart["name"], "version": chart.get("version") or "0.0.1"}
        (folder / "Chart.yaml").write_text(yaml.safe_dump(about))
        (folder / "objects.yaml").write_text(yaml.safe_dump_all(objects))
        (folder / "templates" / "all.yaml").write_text('{{ .Files.Get "objects.yaml" }}\n')
        return folder
