#!/usr/bin/env python3
# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of `make test`: the inference platform's end-to-end tests, where there is time, and what is left out.

Their programs take long to build, so a machine that has none of them has no time.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

from lab.artifacts import Needs, needs

STACK = "inference"
TESTS = 31.0  # minutes that the tests take with nothing beside them: 28 to 29, and some reserve
BEFORE = 37.0  # minutes that all before them takes on the same machine, when nothing is to be built
COLD, WARM = 75.0, 85.0  # minutes for all of `make test` where programs are to be built, and where they are


def outlook(spent: float, needed: Needs) -> tuple[float, float]:
    """Minutes that all of it would take, and those there are. A slow machine is as slow with these tests."""
    if needed.missing:
        return spent + needed.minutes + TESTS, COLD
    return spent + TESTS * max(spent / BEFORE, 1.0), WARM


def main(begun: float) -> int:
    """begun: seconds since the epoch at which `make test` began."""
    needed, spent = needs(stack=STACK), (time.time() - begun) / 60
    total, limit = outlook(spent, needed)
    status, left_out = 0, [f"`make molecule STACK={STACK}`", "`make e2e STACK=all`"]
    if total > limit:
        missing = f", of which {needed.minutes:.0f} to build {', '.join(needed.missing)}" if needed.missing else ""
        why = f"with it all would take {total:.0f} minutes{missing}; the limit is {limit:.0f}"
        left_out.append(f"`make e2e STACK={STACK}` ({why})")
    else:
        make = os.environ.get("MAKE", "make")
        status = subprocess.call([make, "--no-print-directory", "e2e", f"STACK={STACK}"])
    print(f"\n== test: left out: {', '.join(left_out)}", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
