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
from ansible_collections.bentobox.platform.tests.benchmarks.engine.tools import Bench, environment  # noqa: E402
from ansible_collections.bentobox.platform.tests.support.control_plane import ControlPlane  # noqa: E402

SIZES = [int(size) for size in os.environ.get("BENTOBOX_BENCH_SIZES", "100,1000,10000").split(",")]
ROUNDS = int(os.environ.get("BENTOBOX_BENCH_ROUNDS", "5"))
LARGE = 5000  # from here on one cold run of each side, and as many with nothing to do as there are rounds
PATIENCE = float(
    os.environ.get("BENTOBOX_BENCH_PATIENCE", "200")
)  # seconds that one run of a side may be expected to take


def rounds(size: int) -> int:
    return 1 if size >= LARGE else ROUNDS


def measure(bench: Bench, size: int, sides: list[Side], expected: dict[str, float]) -> dict[str, Times]:
    """Cold, then with nothing to do; expected: seconds per object of each side, from the sizes before."""
    found: dict[str, Times] = {}
    for number in range(rounds(size)):
        for side in sides:
            times = found.setdefault(side.title, Times())
            if number and not side.scales and not isinstance(side, Empty):
                continue  # the loop is a sample of many runs already
            if expected.get(side.title, 0) * size > PATIENCE:
                times.left_out = (
                    f"left out: {expected[side.title] * size / 60:.0f} minutes at the speed of the size before"
                )
                continue
            namespace = f"b{size}-{side.short}-{number}"
            side.prepare(namespace, size)
            times.cold.append(side.run(namespace, size, again=False))
            for _ in range(ROUNDS if size >= LARGE else 1):
                times.again.append(side.run(namespace, size, again=True))
            where = f"{size} objects, round {number + 1}/{rounds(size)}  {side.title:42}"
            print(f"{where} {times.cold[-1].seconds:8.2f} s, again {times.again[-1].seconds:8.2f} s", flush=True)
    for side in sides:
        times = found[side.title]
        if times.cold and side.scales:
            expected[side.title] = times.seconds(times.cold) / size
    return found


def main() -> None:
    venv = environment()
    found: dict[int, dict[str, Times]] = {}
    expected: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="bentobox-bench-") as folder:
        for size in SIZES:
            # A control plane for each size: what other sizes left behind must not be read through.
            plane = ControlPlane(Path(folder) / str(size), controller_manager=False)
            try:
                bench = Bench(plane.start(), venv, Path(folder) / str(size))
                sides: list[Side] = [Empty(bench), Component(bench), Bare(bench), K8s(bench), Kubectl(bench)]
                if size <= 100:  # what an object costs there does not depend on how many there are
                    sides.append(K8s(bench, looped=LOOPED))
                found[size] = measure(bench, size, sides, expected)
                machine = describe(bench)
            finally:
                plane.stop()
    text = "\n\n".join(table(size, times) for size, times in found.items())
    print(f"\n{machine}\n\n{text}")
    keep(CHECKOUT / "docs" / "performance.md", f"{machine}\n\n{text}", ROUNDS, LARGE)


if __name__ == "__main__":
    main()
