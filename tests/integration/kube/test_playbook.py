# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""As users run it: ansible-playbook with the action plugin in-process, and the module on its own."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from .conftest import Engine
from .samples import config, deployment, secret

CANARY = "canary-hunter2-c0ffee"


class Playbook:
    """Runs tasks on localhost; what they registered comes back as a dict."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self.engine, self.folder = engine, folder
        self.output = ""

    def __call__(
        self, *tasks: dict[str, Any], arguments: tuple[str, ...] = (), fails: bool = False
    ) -> list[dict[str, Any]]:
        """What each task returned, in one play: starting Ansible costs more than all of them."""
        kept = self.folder / "results.json"
        kept.unlink(missing_ok=True)
        registered = [
            entry if "block" in entry else {**entry, "register": f"r{number}"} for number, entry in enumerate(tasks)
        ]
        names = [entry["register"] for entry in registered if "register" in entry]
        keep = {
            "ansible.builtin.copy": {
                "content": "{{ [" + ", ".join(names) + "] | to_json }}",
                "dest": str(kept),
                "mode": "0600",
            },
            "diff": False,
            "no_log": True,
        }
        play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [*registered, keep]}
        file = self.folder / "play.yml"
        file.write_text(yaml.safe_dump([play], sort_keys=False))
        program = shutil.which("ansible-playbook")
        assert program, "ansible-playbook is not on PATH"
        environment = {
            **os.environ,
            "K8S_AUTH_KUBECONFIG": str(self.engine.plane.kubeconfig),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_ASYNC_DIR": str(self.folder / "async"),
            "ANSIBLE_LOG_PATH": str(self.folder / "log"),
        }
        done = subprocess.run(
            [program, str(file), *arguments], env=environment, capture_output=True, text=True, timeout=900, check=False
        )
        self.output = done.stdout + done.stderr
        assert (done.returncode != 0) is fails, self.output
        return json.loads(kept.read_text()) if kept.exists() else []

    def seen(self) -> str:
        """All that the run left for eyes: output, log, and files of asynchronous tasks."""
        left = [path.read_text(errors="replace") for path in (self.folder / "async").rglob("*") if path.is_file()]
        return "\n".join([self.output, (self.folder / "log").read_text(errors="replace"), *left])

    def component(self, *manifests: Any, **options: Any) -> dict[str, Any]:
        name = self.engine.name
        return {"name": name, "namespace": name, "wait": False, "manifests": list(manifests), **options}


@pytest.fixture
def playbook(engine: Engine, tmp_path: Path) -> Playbook:
    return Playbook(engine, tmp_path)


def task(args: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"bentobox.platform.component": args, **more}


@pytest.mark.parametrize("more", [{}, {"async": 60, "poll": 1}], ids=["in-process", "module"])
def test_secrets_are_never_printed(playbook: Playbook, chart: Path, helm_binary: str, more: dict[str, Any]) -> None:
    sample = {"name": "sample", "ref": str(chart), "values": {"password": CANARY}}
    args = playbook.component(secret(p=CANARY), charts=[sample], helm_binary=helm_binary)
    refused = {**secret("t", p=CANARY), "type": "kubernetes.io/dockerconfigjson"}
    broken = {**sample, "values": {"password": CANARY, "broken": True}}
    fails = {"ignore_errors": True, **more}
    results = playbook(
        task(args, check_mode=True),
        task(args, **more),
        task({**args, "manifests": [secret(p=CANARY + "-2")]}, **more),
        # Failing in the server, in Helm, in the arguments, and while waiting.
        task({**args, "manifests": [refused]}, **fails),
        task({**args, "charts": [broken]}, **fails),
        task({**args, "no_such_option": 1}, **fails),
        task({**args, "manifests": [secret(p=CANARY), deployment()], "wait": True, "wait_timeout": 3}, **fails),
        task({**args, "state": "absent", "purge": True, "wait_timeout": 60}, **more),
        arguments=("-vvvv", "--diff"),
    )
    assert [bool(result.get("failed")) for result in results] == [False] * 3 + [True] * 4 + [False]
    assert [bool(result["changed"]) for result in results] == [True] * 3 + [False] * 4 + [True]
    assert "cannot go on with ********" in results[4]["msg"]
    assert "no_such_option" in results[5]["msg"]
    assert "not ready" in results[6]["msg"]
    assert CANARY not in json.dumps(results)
    # The lines Ansible quotes of the user's own playbook, near an error, are the user's own.
    shown = [line for line in playbook.seen().splitlines() if not re.search(r"\d+ .*(stringData|p|password): ", line)]
    assert CANARY not in "\n".join(shown)


def test_both_ways_of_running_give_the_same_result(playbook: Playbook) -> None:
    noise = {
        "timing",
        "ansible_job_id",
        "finished",
        "started",
        "results_file",
        "stdout",
        "stdout_lines",
        "stderr",
        "stderr_lines",
    }
    component = playbook.component
    arguments = [
        component(config(x="1"), deployment(), version="1"),
        component(config(x="1"), deployment(), version="1"),
        component(config(x="2"), version="1"),
        component(state="absent", purge=True, wait_timeout=60),
        component(state="absent", purge=True),
    ]
    both = []
    for more in ({}, {"async": 90, "poll": 1}):
        results = playbook(*(task(args, **more) for args in arguments), arguments=("--diff",))
        assert [result["changed"] for result in results] == [True, False, True, True, False]
        assert not any("invocation" in result for result in results)
        both.append([{name: result[name] for name in result if name not in noise} for result in results])
    assert both[0] == both[1]


def test_progress_is_shown_while_waiting(playbook: Playbook) -> None:
    args = {**playbook.component(deployment()), "wait": True, "wait_timeout": 12}
    playbook(task(args), fails=True)
    name = playbook.engine.name
    assert f"  {name}: workloads: 1 created" in playbook.output
    assert f"  {name}: 0 of 1 ready; Deployment {name}/d: 0/1" in playbook.output
    assert "raise wait_timeout" in playbook.output
    playbook(task({**args, "state": "absent"}))


@pytest.mark.parametrize("word", ["false", "no"])
def test_progress_can_be_silenced(playbook: Playbook, word: str) -> None:
    """By a variable, so it can be set wherever variables are set: -e, inventory, an AWX template."""
    silent = ("-e", f"bentobox_progress={word}")
    playbook(task({**playbook.component(deployment()), "wait": True, "wait_timeout": 2}), arguments=silent, fails=True)
    assert "raise wait_timeout" in playbook.output  # the error is not progress
    assert f"  {playbook.engine.name}: " not in playbook.output


def test_the_tasks_environment_and_module_defaults_count(playbook: Playbook, tmp_path: Path) -> None:
    nowhere, named = {"K8S_AUTH_KUBECONFIG": str(tmp_path / "nowhere")}, tmp_path / "names"
    playbook(task(playbook.component(config(x="1")), environment=nowhere), fails=True)
    assert "nowhere (kubeconfig): No such file" in playbook.output
    plane = playbook.engine.plane
    block = {
        "module_defaults": {"group/bentobox.platform.kubernetes": {"kubeconfig": str(plane.kubeconfig)}},
        "environment": nowhere,
        "block": [
            task(playbook.component(config(x="1"))),
            {"bentobox.platform.component_info": {"namespace": playbook.engine.name}, "register": "info"},
            {
                "ansible.builtin.copy": {
                    "content": "{{ info.components | map(attribute='name') | to_json }}",
                    "dest": str(named),
                    "mode": "0600",
                }
            },
        ],
    }
    playbook(block)
    names = json.loads(named.read_text())
    assert names == [playbook.engine.name]


def test_an_inline_kubeconfig_is_masked(playbook: Playbook) -> None:
    content = yaml.safe_load(playbook.engine.plane.kubeconfig.read_text())
    token = playbook.engine.plane.token
    args = {"kubeconfig": content}
    playbook(
        task({**playbook.component(config(x="1")), **args}),
        {"bentobox.platform.component_info": {**args}},
        {"bentobox.platform.service_probe": {**args, "api_path": "/version", "contains": "gitVersion"}},
        arguments=("-vvvv",),
    )
    assert token not in playbook.seen()


def test_templated_and_tagged_values(playbook: Playbook) -> None:
    """What comes out of templates carries Ansible's marks: it must be plain for the API and for the diff."""
    manifest = "{{ text | from_yaml_all | list }}"
    text = yaml.safe_dump_all([config(x="{{ 1 + 1 }}", day="2026-01-01"), secret(p="{{ word }}")])
    args = {**playbook.component(), "manifests": manifest, "version": "{{ word }}"}
    results = playbook(task(args, vars={"text": text, "word": "hunter2"}), arguments=("--diff",))
    assert results[0]["version"] == "hunter2"
    live = playbook.engine.get("ConfigMap", "a")
    assert live is not None
    assert live["data"] == {"x": "2", "day": "2026-01-01"}
