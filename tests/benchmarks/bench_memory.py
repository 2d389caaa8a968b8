# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How much memory `component` takes for many small ConfigMaps: installing, with nothing to do, changing and removing.

    BENTOBOX_BENCH_MEMORY=1000,5000,20000 python tests/benchmarks/bench_memory.py

The module as a program of its own, so that nothing of Ansible's is in it; the peak is the kernel's high-water mark.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from ansible_collections.bentobox.platform.tests.benchmarks.engine.report import keep  # noqa: E402
from ansible_collections.bentobox.platform.tests.support.control_plane import ControlPlane  # noqa: E402
from ansible_collections.bentobox.platform.tests.support.measure import Measured, run_measured  # noqa: E402

SIZES = [int(size) for size in os.environ.get("BENTOBOX_BENCH_MEMORY", "10,1000,5000,20000").split(",")]
MODULE = "ansible_collections.bentobox.platform.plugins.modules.component"
HEAD = """\
| ConfigMaps | cold | nothing to do | one value changed in each | check of that | removed |
| ---: | ---: | ---: | ---: | ---: | ---: |"""


class Failed(Exception):
    """The module did not do its work."""


def config_maps(count: int, generation: str) -> dict[str, Any]:
    items = [
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": f"o{number}", "labels": {"app": f"o{number}"}},
            "data": {"number": str(number), "generation": generation, "text": "x" * 64},
        }
        for number in range(count)
    ]
    return {"apiVersion": "v1", "kind": "List", "items": items}


class Contest:
    def __init__(self, plane: ControlPlane, folder: Path, size: int) -> None:
        self.plane, self.size = plane, size
        self.file = folder / "objects.json"

    def write(self, generation: str) -> None:
        self.file.write_text(json.dumps(config_maps(self.size, generation)))

    def run(self, counted: str, **more: Any) -> Measured:
        """counted: the list of the result that all objects must be in."""
        name = f"m{self.size}"
        options = {**self.plane.params(), "name": name, "namespace": name, "wait": False, "wait_timeout": 3600, **more}
        if "state" not in more:
            options["files"] = [{"path": str(self.file)}]
        done = run_measured([sys.executable, "-m", MODULE], json.dumps({"ANSIBLE_MODULE_ARGS": options}))
        answer = json.loads(done.output) if done.output.lstrip().startswith("{") else {"msg": done.output}
        if len(answer.get("objects", {}).get(counted, [])) < self.size:
            raise Failed(str(answer.get("msg", answer.get("objects")))[-1500:])
        return done

    def row(self) -> str:
        self.write("one")
        runs = [self.run("created"), self.run("unchanged")]
        self.write("two")
        checked = self.run("updated", _ansible_check_mode=True)
        runs += [self.run("updated"), checked, self.run("pruned", state="absent")]
        cells = [f"{run.peak_mib:.0f} MiB, {run.seconds:.1f} s" for run in runs]
        return f"| {self.size:,} | {' | '.join(cells)} |"


def main() -> None:
    lines = [HEAD]
    with tempfile.TemporaryDirectory(prefix="bentobox-bench-") as name:
        for size in SIZES:
            folder = Path(name) / str(size)
            plane = ControlPlane(folder, controller_manager=False)
            try:
                lines.append(Contest(plane.start(), folder, size).row())
            finally:
                plane.stop()
            print(lines[-1], flush=True)
    load = f"Load {os.getloadavg()[2]:.1f} in the last quarter of an hour."
    keep(CHECKOUT / "docs" / "performance.md", "bench_memory.py", "\n".join([*lines, "", load]))


if __name__ == "__main__":
    main()
