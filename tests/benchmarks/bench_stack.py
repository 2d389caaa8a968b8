# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run that has nothing to do costs: seconds, tasks and requests to the API server.

Uses the lab named by LAB, raises it and installs the platform when that is still to be done, and leaves it up.
Compared with a playbook of one empty task on the same machine in the same minute, so that its load does not matter.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Playbooks, Run
from ansible_collections.bentobox.platform.tests.e2e.helpers.raised import Lab

GOAL_SECONDS = 20.0
ROUNDS = 3
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

    @property
    def seconds(self) -> float:
        return statistics.median(run.seconds for run in self.runs)

    @property
    def tasks(self) -> int:
        recap = self.runs[-1].recap
        return recap["ok"] + recap["skipped"]

    def line(self, floor: float) -> str:
        changed = self.runs[-1].recap["changed"]
        cells = f"{self.seconds:8.2f} {self.seconds / floor:8.1f} {self.tasks:7} {changed:8}"
        return f"{self.title:34} {cells} {statistics.median(self.requests):9.0f}"


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


def measure(playbooks: Playbooks, requests: Requests, row: Row, playbook: str | Path, *arguments: str) -> Row:
    for number in range(ROUNDS):
        with requests.counted(row):
            run = playbooks.run(playbook, *arguments, title=f"{row.title} {number + 1}", verbose=0).ok()
        row.runs.append(run)
    return row


def main() -> int:
    lab = Lab(os.environ.get("LAB") or "bentobox")
    print(
        f"bench_stack: lab {lab.name}; 3 minutes when it has to be raised and installed, else less than 2", flush=True
    )
    lab.up()
    cluster = lab.cluster()
    with tempfile.TemporaryDirectory(prefix="bentobox-bench-") as folder:
        playbooks = Playbooks(Path(folder), lab.path("kubeconfig"), lab.path("vars"))
        empty = Path(folder) / "nothing.yml"
        empty.write_text(FLOOR)
        playbooks.run("site", title="site.yml, first", verbose=0, timeout=900).ok()
        requests = Requests(cluster)
        rows = [
            measure(playbooks, requests, Row("a playbook of one empty task"), empty),
            measure(playbooks, requests, Row("site.yml, nothing to do"), "site"),
            measure(playbooks, requests, Row("site.yml --check, nothing to do"), "site", "--check"),
            measure(playbooks, requests, Row("verify.yml"), "verify"),
        ]
        floor = rows[0].seconds
        heads = f"{'seconds':>8} {'x empty':>8} {'tasks':>7} {'changed':>8} {'requests':>9}"
        print(f"\n{f'median of {ROUNDS} runs':34} {heads}")
        for row in rows:
            print(row.line(floor))
        print("\nslowest tasks of site.yml:")
        for seconds, task in rows[1].runs[-1].slowest():
            print(f"{seconds:8.2f} s  {task}")
    again = rows[1]
    changed = again.runs[-1].changed
    reached = again.seconds < GOAL_SECONDS and not changed
    print(f"\ngoal: changed=0 in less than {GOAL_SECONDS:.0f} s: {'reached' if reached else f'missed {changed}'}")
    return 0 if reached else 1


if __name__ == "__main__":
    sys.exit(main())
