#!/usr/bin/env python3
# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The end of `make test`: end-to-end tests of the inference platform, where there is time for them.

Their programs take long to build, so a machine that has none of them leaves these tests out and says so.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time

from lab.artifacts import needs

STACK = "inference"
LIMIT = 75.0  # minutes for all of `make test`
TESTS = 45.0  # minutes that the tests themselves take: 59 were seen beside three other labs, fewer not yet


def main(begun: float) -> int:
    """begun: seconds since the epoch at which `make test` began."""
    needed, spent = needs(stack=STACK), (time.time() - begun) / 60
    total = spent + needed.minutes + TESTS
    if total > LIMIT:
        missing = f", of which {needed.minutes:.0f} to build {', '.join(needed.missing)}" if needed.missing else ""
        print(
            f"\n== test: left out: `make e2e STACK={STACK}`; with it all would take {total:.0f} minutes{missing}."
            f" The limit is {LIMIT:.0f}",
            flush=True,
        )
        return 0
    return subprocess.call([os.environ.get("MAKE", "make"), "--no-print-directory", "e2e", f"STACK={STACK}"])


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1])))
