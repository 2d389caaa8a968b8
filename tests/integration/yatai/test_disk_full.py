# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A disk that is full for real: the module runs on a tmpfs of a few MiB, in a mount namespace of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

from ansible_collections.bentobox.platform.tests.support.bentos import make_bento
from ansible_collections.bentobox.platform.tests.support.yatai import Yatai

from .test_push import refused, unique

SCRIPT = 'mount -t tmpfs -o size=4m tmpfs "$1" && shift && exec "$@"'


def run_on_small_disk(disk: Path, module: str, arguments: dict[str, Any]) -> dict[str, Any]:
    disk.mkdir(exist_ok=True)
    command = [sys.executable, "-m", f"ansible_collections.bentobox.platform.plugins.modules.{module}"]
    done = subprocess.run(
        ["unshare", "--map-root-user", "--mount", "sh", "-c", SCRIPT, "sh", str(disk), *command],
        input=json.dumps({"ANSIBLE_MODULE_ARGS": arguments}),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stdout, f"the small disk could not be made: {done.stderr}"
    result: dict[str, Any] = json.loads(done.stdout)
    return {"failed": False} | result


def test_disk_full(yatai_server: Yatai, run: Any, home: Path, tmp_path: Path) -> None:
    name = unique("wide")
    folder = make_bento(home, name, "v1", size=16 << 20)
    export = tmp_path / "wide.bento"
    with tarfile.open(export, "w:gz") as archive:
        archive.add(folder, arcname=".")
    shared = {"endpoint": yatai_server.endpoint, "api_token": yatai_server.token, "retry_timeout": 5}
    disk = tmp_path / "disk"
    # unpacking an export goes to Ansible's temporary directory
    result = run_on_small_disk(disk, "bento_push", shared | {"path": str(export), "_ansible_remote_tmp": str(disk)})
    refused(result, "No space left on device", str(export))
    assert run("bento_info", tag=name)["bentos"] == [], "half a push is in Yatai"
    # a built directory needs no space at all
    pushed = run_on_small_disk(disk, "bento_push", shared | {"path": str(folder), "_ansible_remote_tmp": str(disk)})
    assert not pushed["failed"], pushed["msg"]
    for arguments in (
        {"bentoml_home": str(disk)},
        {"format": "directory", "dest": str(disk / "x")},
        {"format": "file", "dest": str(disk / "x.bento")},
    ):
        result = run_on_small_disk(disk, "bento_pull", shared | {"tag": f"{name}:v1"} | arguments)
        refused(result, "No space left on device", str(disk))
