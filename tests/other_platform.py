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

from lab.artifacts import needs

STACK = "inference"
LIMIT = 75.0  # minutes for all of `make test`
TESTS = 31.0  # minutes that the tests themselves take with nothing beside them: 28 to 29


def main(begun: float) -> int:
    """begun: seconds since the epoch at which `make test` began."""
    needed, spent = needs(stack=STACK), (time.time() - begun) / 60
    total = spent + needed.minutes + TESTS
    status, left_out = 0, [f"`make molecule STACK={STACK}`", "`make e2e STACK=all`"]
    if total > LIMIT:
        missing = f", of which {needed.minutes:.0f} to build {', '.join(needed.missing)}" if needed.missing else ""
        why = f"with it all would take {total:.0f} minutes{missing}; the limit is {LIMIT:.0f}"
        left_out.append(f"`make e2e STACK={STACK}` ({why})")
    else:
        make = os.environ.get("MAKE", "make")
        status = subprocess.call([make, "--no-print-directory", "e2e", f"STACK={STACK}"])
    print(f"\n== test: left out: {', '.join(left_out)}", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
