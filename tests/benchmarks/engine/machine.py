# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a measurement was made on."""

from __future__ import annotations

import json
import os
import platform
import re
from importlib.metadata import distributions
from pathlib import Path

from .tools import Bench


def hardware() -> str:
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    memory = re.search(r"MemTotal:\s+(\d+)", Path("/proc/meminfo").read_text())
    return (
        f"{os.cpu_count()} cores ({cpu.group(1) if cpu else 'unknown'}), "
        f"{int(memory.group(1)) / 2**20 if memory else 0:.0f} GiB; load {os.getloadavg()[2]:.1f} in the last quarter "
        "of an hour"
    )


def describe(bench: Bench) -> str:
    """One paragraph, without names of hosts or paths."""
    site = next(bench.venv.glob("lib/python*/site-packages"))
    versions = {found.metadata["Name"].lower(): found.version for found in distributions(path=[str(site)])}
    manifest = json.loads((site / "ansible_collections/kubernetes/core/MANIFEST.json").read_text())
    kubectl = json.loads(bench.plane.run_kubectl("version", "-o", "json").stdout)
    return (
        f"Measured on {hardware()}. Python {platform.python_version()}, ansible-core {versions['ansible-core']}, "
        f"kubernetes.core "
        f"{manifest['collection_info']['version']} with the client {versions['kubernetes']}, kubectl "
        f"{kubectl['clientVersion']['gitVersion']}, API server {kubectl['serverVersion']['gitVersion']} with etcd on "
        "the same cores, no admission webhooks, an audit log of metadata."
    )
