# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the collection's playbooks as a person does, and tells what happened."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COLLECTION = "bentobox.platform"
CHECKOUT = Path(__file__).resolve().parents[3]
CALLBACKS = Path(__file__).resolve().parent.parent / "callback_plugins"


@dataclass
class Run:
    """A playbook's run, finished or going on."""

    name: str
    log: Path
    record: Path
    process: subprocess.Popen[bytes]
    begun: float = field(default_factory=time.monotonic)
    seconds: float = 0.0

    def wait(self, timeout: float) -> Run:
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(30)
            raise AssertionError(
                f"{self.name}: not finished after {timeout:.0f} s; the end of {self.log}:\n{self.tail()}"
            ) from None
        self.seconds = time.monotonic() - self.begun
        return self

    @property
    def events(self) -> list[dict[str, Any]]:
        if not self.record.exists():
            return []
        return [json.loads(line) for line in self.record.read_text().splitlines() if line.endswith("}")]

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    @property
    def recaps(self) -> list[dict[str, int]]:
        """Of each playbook that was run."""
        found = [event for event in self.events if event["event"] == "recap"]
        return [{key: value for key, value in event.items() if key != "event"} for event in found]

    @property
    def recap(self) -> dict[str, int]:
        assert self.recaps, f"{self.name} has no recap; the end of {self.log}:\n{self.tail()}"
        return self.recaps[-1]

    @property
    def changed(self) -> list[str]:
        """The tasks that say they changed something."""
        return [e["task"] for e in self.events if e["event"] == "result" and e["state"] == "ok" and e["changed"]]

    @property
    def failure(self) -> str:
        """The messages of failed tasks; empty when none failed."""
        failed = [e for e in self.events if e["event"] == "result" and e["state"] in ("failed", "unreachable")]
        return "\n".join(f"{e['task']}: {e['msg']}" for e in failed)

    def results(self, action: str) -> list[dict[str, Any]]:
        """What a module returned, in the order of its tasks."""
        wanted = f"{COLLECTION}.{action}"
        return [
            e["result"] for e in self.events if e["event"] == "result" and e["action"] == wanted and e["state"] == "ok"
        ]

    def started(self, action: str) -> bool:
        return any(e["event"] == "start" and e["action"] == f"{COLLECTION}.{action}" for e in self.events)

    def slowest(self, count: int = 5) -> list[tuple[float, str]]:
        done = [(e["seconds"], e["task"]) for e in self.events if e["event"] == "result"]
        return sorted(done, reverse=True)[:count]

    def ok(self) -> Run:
        assert self.process.returncode == 0, f"{self.name} failed ({self.log}):\n{self.failure or self.tail()}"
        return self

    def refused(self) -> str:
        """It must have failed; the messages of the failure."""
        assert self.process.returncode != 0, f"{self.name} succeeded ({self.log}) and should not have"
        return re.sub(r"\s+", " ", self.failure or self.output)

    def tail(self, lines: int = 40) -> str:
        return "\n".join(self.output.splitlines()[-lines:])


class Playbooks:
    def __init__(self, logs: Path, kubeconfig: Path, vars_file: Path) -> None:
        self.logs, self.kubeconfig, self.vars_file = logs, kubeconfig, vars_file
        self.runs: list[Run] = []
        self.config = logs / "ansible.cfg"  # nobody's settings but Ansible's own
        self.config.write_text("[defaults]\n")

    def start(
        self,
        playbook: str | Path,
        *arguments: str,
        extra: dict[str, Any] | None = None,
        verbose: int = 3,
        title: str = "",
    ) -> Run:
        command = ["ansible-playbook", "-i", "localhost,", "-c", "local", "-e", f"@{self.vars_file}"]
        command += ["-e", f"ansible_python_interpreter={sys.executable}"]
        if extra:
            command += ["-e", json.dumps(extra)]
        command += [f"-{'v' * verbose}"] if verbose else []
        command += [*arguments, str(playbook) if isinstance(playbook, Path) else f"{COLLECTION}.{playbook}"]
        name = title or (playbook.stem if isinstance(playbook, Path) else playbook)
        return self._begin(name, command, {"K8S_AUTH_KUBECONFIG": str(self.kubeconfig)})

    def make(self, verb: str, title: str, *, verbose: int = 3, **variables: str) -> Run:
        """README's commands run playbooks too, and are recorded in the same way."""
        return self._begin(title, ["make", verb], {"ANSIBLE_VERBOSITY": str(verbose), **variables})

    def command(self, title: str, command: list[str], variables: dict[str, str]) -> Run:
        """Any other program that is an ansible-playbook."""
        return self._begin(title, command, variables)

    def _begin(self, name: str, command: list[str], variables: dict[str, str]) -> Run:
        number = f"{len(self.runs) + 1:02}-{re.sub(r'[^a-z0-9]+', '-', name.lower()).strip('-')}"
        log, record = self.logs / f"{number}.log", self.logs / f"{number}.jsonl"
        environment = os.environ | {
            "ANSIBLE_CONFIG": str(self.config),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_CALLBACK_PLUGINS": str(CALLBACKS),
            "ANSIBLE_CALLBACKS_ENABLED": "record",
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "yaml",
            "ANSIBLE_RETRY_FILES_ENABLED": "0",
            "BENTOBOX_RECORD": str(record),
            **variables,
        }
        with log.open("wb") as out:
            process = subprocess.Popen(
                command,
                cwd=CHECKOUT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,
            )
        run = Run(name, log, record, process)
        self.runs.append(run)
        return run

    def run(self, playbook: str | Path, *arguments: str, timeout: float = 600, **options: Any) -> Run:
        return self.finish(self.start(playbook, *arguments, **options), timeout)

    @staticmethod
    def finish(run: Run, timeout: float) -> Run:
        run.wait(timeout)
        last = run.events[-1] if run.events else "nothing recorded"
        print(f"{run.name}: {run.seconds:.1f} s, exit {run.process.returncode}, {last}")
        return run
