# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run of the whole Yatai stack that has nothing to do costs: seconds, tasks and requests to the API server.

Then the same charts and objects through kubernetes.core (see stack/equivalent.py) on the same cluster. An empty play
goes along with each, to tell what the machine's load did. Uses the lab named by LAB, raises it and installs the
platform when that is still to be done, and leaves it up. Writes docs/performance.md.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from ansible_collections.bentobox.platform.tests.benchmarks.engine.report import keep  # noqa: E402
from ansible_collections.bentobox.platform.tests.benchmarks.engine.tools import environment  # noqa: E402
from ansible_collections.bentobox.platform.tests.benchmarks.stack.equivalent import Equivalent  # noqa: E402
from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster  # noqa: E402
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import CALLBACKS, Playbooks, Run  # noqa: E402
from ansible_collections.bentobox.platform.tests.e2e.helpers.raised import Lab  # noqa: E402

GOAL_SECONDS, GOAL_RATIO = 10.0, 10.0
ROUNDS = int(os.environ.get("BENTOBOX_BENCH_ROUNDS", "5"))
ROLES = ("cert_manager", "metrics_server", "ingress", "postgresql", "object_store", "registry", "yatai")
ROLES += ("yatai_image_builder", "yatai_deployment")
RECORDER = Path(__file__).resolve().parent / "stack" / "callback_plugins"
FLOOR = """\
- name: Nothing
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Do nothing
      ansible.builtin.debug:
        msg: nothing
"""


@dataclass
class Row:
    title: str
    runs: list[Run] = field(default_factory=list)
    requests: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)  # of the run's own processes: what a busy machine falsifies little

    @property
    def seconds(self) -> float:
        return statistics.median(run.seconds for run in self.runs)

    @property
    def tasks(self) -> int:
        recap = self.runs[-1].recap
        return recap["ok"] + recap["skipped"]

    def line(self, floor: float, ours: float) -> str:
        changed = self.runs[-1].recap["changed"]
        cells = [self.title, f"{self.seconds:.2f}", f"{self.seconds - floor:.2f}", f"{self.seconds / ours:.1f}"]
        cells += [f"{statistics.median(self.cpu):.2f}", str(self.tasks), str(changed)]
        return f"| {' | '.join(cells)} | {statistics.median(self.requests):.0f} |"


class Requests:
    """Counts requests of our user: the API server sorts them by user into flow schemas, apart from its own parts'."""

    METRIC = "apiserver_flowcontrol_dispatched_requests_total"

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        uid = cluster.raw("GET", "/version").headers["X-Kubernetes-PF-FlowSchema-UID"]
        schemas = cluster.items("/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas")
        self.schema = next(s["metadata"]["name"] for s in schemas if s["metadata"]["uid"] == uid)

    def total(self) -> float:
        return self.cluster.metric(self.METRIC, flow_schema=self.schema)

    @contextmanager
    def counted(self, row: Row) -> Iterator[None]:
        before = self.total()
        yield
        row.requests.append(self.total() - before - 1)  # less the question itself


class Stack:
    """The ways to bring up the stack that is up already."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.folder, self.kubeconfig = folder, lab.path("kubeconfig")
        self.playbooks = Playbooks(folder, self.kubeconfig, lab.path("vars"))
        self.venv = environment()

    def ours(self, *arguments: str, title: str = "site.yml", **variables: str) -> Run:
        command = ["ansible-playbook", "-i", "localhost,", "-c", "local", "-e", f"@{self.playbooks.vars_file}"]
        command += ["-e", f"ansible_python_interpreter={sys.executable}", "bentobox.platform.site", *arguments]
        return self._run(command, title, **variables)

    def taken(self, title: str) -> Run:
        """Whatever kubernetes.core wrote before is the roles' again."""
        return self.ours("-e", json.dumps({f"{role}_take_ownership": True for role in ROLES}), title=title)

    def empty(self) -> Run:
        playbook = self.folder / "nothing.yml"
        playbook.write_text(FLOOR)
        return self._run(["ansible-playbook", "-i", "localhost,", str(playbook)], "nothing")

    def theirs(self, playbook: Path) -> Run:
        command = [str(self.venv / "bin/ansible-playbook"), "-i", "localhost,", str(playbook)]
        command += ["-e", f"ansible_python_interpreter={self.venv}/bin/python"]
        path = f"{self.venv}/bin{os.pathsep}{os.environ['PATH']}"
        return self._run(command, "kubernetes.core", PATH=path)

    def recorded(self) -> Path:
        """What the components of a run were given. Holds secrets: the folder is ours alone, and temporary."""
        folder = self.folder / "components"
        folder.mkdir(mode=0o700)
        plugins = f"{CALLBACKS}{os.pathsep}{RECORDER}"
        self.ours(
            title="recorded",
            BENTOBOX_COMPONENTS=str(folder),
            ANSIBLE_CALLBACK_PLUGINS=plugins,
            ANSIBLE_CALLBACKS_ENABLED="record,components",
        )
        return folder

    def _run(self, command: list[str], title: str, **variables: str) -> Run:
        variables = {"K8S_AUTH_KUBECONFIG": str(self.kubeconfig), **variables}
        return self.playbooks.finish(self.playbooks.command(title, command, variables), 1800).ok()


def measure(requests: Requests, sides: dict[str, Callable[[], Run]]) -> list[Row]:
    rows = [Row(title) for title in sides]
    for _number in range(ROUNDS):
        for row in rows:
            with requests.counted(row):
                before = os.times()
                row.runs.append(sides[row.title]())
                after = os.times()
                used = after.children_user - before.children_user + after.children_system - before.children_system
                row.cpu.append(used)
    return rows


def main() -> int:
    lab = Lab(os.environ.get("LAB") or "bentobox")
    print(f"bench_stack: lab {lab.name}; 6 minutes when it has to be raised and installed, else 5", flush=True)
    lab.up()
    with tempfile.TemporaryDirectory(prefix="bentobox-bench-") as name:
        stack = Stack(lab, Path(name))
        stack.taken("site.yml, first")
        recorded, requests = stack.recorded(), Requests(lab.cluster())
        ours = measure(
            requests,
            {
                "an empty play": stack.empty,
                "bentobox.platform.site": stack.ours,
                "bentobox.platform.site --check": lambda: stack.ours("--check"),
            },
        )
        slowest, changed = ours[1].runs[-1].slowest(), ours[1].runs[-1].changed
        with Equivalent(stack.kubeconfig, Path(name)) as equivalent:
            playbook = equivalent.playbook(recorded)
            stack.theirs(playbook)
            theirs = measure(
                requests,
                {
                    "an empty play, later": stack.empty,
                    "kubernetes.core.helm and .k8s": lambda: stack.theirs(playbook),
                },
            )
        stack.taken("site.yml, last")
        text = "\n".join(
            [
                f"Medians of {ROUNDS} rounds; load {os.getloadavg()[2]:.1f} in the last quarter of an hour.",
                "",
                "| | s | net | x ours | CPU, s | tasks | changed | requests |",
                "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
                *(row.line(rows[0].seconds, ours[1].seconds) for rows in (ours, theirs) for row in rows),
            ]
        )
    print(f"\n{text}\n\nslowest tasks of site.yml:")
    for seconds, task in slowest:
        print(f"{seconds:8.2f} s  {task}")
    keep(CHECKOUT / "docs" / "performance.md", "bench_stack.py", text)
    seconds = ours[1].seconds
    reached = seconds < GOAL_SECONDS and theirs[1].seconds >= GOAL_RATIO * seconds and not changed
    print(
        f"\ngoal: nothing changed, less than {GOAL_SECONDS:.0f} s, a {GOAL_RATIO:.0f}th of kubernetes.core's time:",
        end=" ",
    )
    print("reached" if reached else f"missed {changed}")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
