from __future__ import annotations

import sys
from pathlib import Path

ROOT = str(Path(__file__).resolve().parents[3])
if ROOT not in sys.path:  # the package `lab` is run from the checkout, never installed
    sys.path.insert(0, ROOT)
