# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How fast `component` is, beside kubectl, kubernetes.core.k8s and the bare requests, on a real API server, in one run.

    BENTOBOX_BENCH_SIZES=100,1000 BENTOBOX_BENCH_ROUNDS=5 python tests/benchmarks/bench_engine.py

Every side gets the same objects in a namespace of its own; rounds go around the sides, so that what disturbs the
machine disturbs all of them. etcd and the API server share its cores with the client. Writes docs/performance.md.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(CHECKOUT))

from ansible_collections.bentobox.platform.tests.benchmarks.engine.machine import describe  # noqa: E402
from ansible_collections.bentobox.platform.tests.benchmarks.engine.report import keep, table  # noqa: E402
from ansible_collections.bentobox.platform.tests.benchmarks.engine.sides import (  # noqa: E402
    LOOPED,
    Bare,
    Component,
    Empty,
    K8s,
    Kubectl,
    Side,
    Times,
)
from ansible_collections.bentobox.platform.tests.benchmarks.engine.tools import Bench, Run, environment  # noqa: E402
from ansible_collections.bentobox.platform.tests.support.control_plane import ControlPlane  # noqa: E402

SIZES = [int(size) for size in os.environ.get("BENTOBOX_BENCH_SIZES", "100,1000,10000").split(",")]
ROUNDS = int(os.environ.get("BENTOBOX_BENCH_ROUNDS", "5"))
# Seconds for the repetitions of one side at one size. Whatever takes longer is measured once: kubectl needs minutes for
# what takes others seconds, and five times that would tell nothing new.
BUDGET = float(os.environ.get("BENTOBOX_BENCH_SECONDS", "150"))


def due(runs: list[Run]) -> bool:
    """Whether a side is run once more."""
    return not runs or sum(run.seconds for run in runs) + runs[-1].seconds <= BUDGET


def measure(size: int, sides: list[Side]) -> dict[str, Times]:
    """Cold, then with nothing to do, round by round."""
    found = {side.title: Times() for side in sides}
    begun = time.monotonic()
    for number in range(ROUNDS):
        for side in sides:
            times = found[side.title]
            if number and side.sample:
                continue
            if cold := due(times.cold):
                times.namespace = f"b{size}-{side.short}-{number}"
                side.prepare(times.namespace, size)
                times.cold.append(side.run(times.namespace, size, again=False))
            if again := due(times.again):
                times.again.append(side.run(times.namespace, size, again=True))
            cells = [
                f"{what} {runs[-1].seconds:7.2f} s"
                for what, runs, ran in (("cold", times.cold, cold), ("again", times.again, again))
                if ran
            ]
            where = f"{time.monotonic() - begun:6.0f} s  {size} objects, round {number + 1}/{ROUNDS}"
            print(f"{where}  {side.title:42} {', '.join(cells) or 'is not repeated'}", flush=True)
    return found


def main() -> None:
    venv = environment()
    found: dict[int, dict[str, Times]] = {}
    with tempfile.TemporaryDirectory(prefix="bentobox-bench-") as folder:
        for size in SIZES:
            # A control plane for each size: what other sizes left behind must not be read through.
            plane = ControlPlane(Path(folder) / str(size), controller_manager=False)
            try:
                bench = Bench(plane.start(), venv, Path(folder) / str(size))
                sides: list[Side] = [Empty(bench), Component(bench), Bare(bench), K8s(bench), Kubectl(bench)]
                if size <= 100:  # what an object costs there does not depend on how many there are
                    sides.append(K8s(bench, looped=LOOPED))
                found[size] = measure(size, sides)
                machine = describe(bench)
            finally:
                plane.stop()
            # What is known so far counts, should the rest be broken off.
            text = "\n\n".join([machine, *(table(size, times, ROUNDS) for size, times in found.items())])
            keep(CHECKOUT / "docs" / "performance.md", "bench_engine.py", text)
    print(f"\n{text}")


if __name__ == "__main__":
    main()
