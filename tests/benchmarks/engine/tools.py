# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What all sides of the engine's benchmark need: their programs, their objects, a measured run."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.tests.support.control_plane import ControlPlane
from ansible_collections.bentobox.platform.tests.support.process import cache_dir

Obj = dict[str, Any]
PINS = Path(__file__).resolve().parents[1] / "requirements.txt"
_PEAK = re.compile(r"VmHWM:\s+(\d+) kB")


class Failed(Exception):
    """A side did not do its work."""


def environment() -> Path:
    """The virtual environment of the pins, made when it is not there: 2 minutes, 700 MB."""
    venv = cache_dir() / f"bench-{hashlib.sha256(PINS.read_bytes()).hexdigest()[:12]}"
    if not (venv / ".complete").exists():
        print("bench_engine: installing tests/benchmarks/requirements.txt (2 minutes, 700 MB) ...", flush=True)
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
        pip = [str(venv / "bin/pip"), "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "-r", str(PINS)], check=True)
        (venv / ".complete").touch()
    return venv


def objects(count: int) -> list[Obj]:
    """Small ones, as components are made of: of 20 a Secret, a Service, a Deployment and 17 ConfigMaps."""
    return [_object(number) for number in range(count)]


def _object(number: int) -> Obj:
    name = f"o{number}"
    head: Obj = {"metadata": {"name": name, "labels": {"app": name}}}
    match number % 20:
        case 0:
            return {"apiVersion": "v1", "kind": "Secret", **head, "type": "Opaque", "data": {"a": "aHVudGVyMg=="}}
        case 1:
            spec: Obj = {"selector": {"app": name}, "ports": [{"name": "http", "port": 80}]}
            return {"apiVersion": "v1", "kind": "Service", **head, "spec": spec}
        case 2:
            requests = {"cpu": "0.1", "memory": "1024Mi"}  # written otherwise than the server does
            container = {"name": "c", "image": "busybox:1.36", "resources": {"requests": requests}}
            template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}}
            spec = {"replicas": 0, "selector": {"matchLabels": {"app": name}}, "template": template}
            return {"apiVersion": "apps/v1", "kind": "Deployment", **head, "spec": spec}
        case _:
            return {"apiVersion": "v1", "kind": "ConfigMap", **head, "data": {"number": str(number), "text": "x" * 64}}


@dataclass
class Run:
    seconds: float
    peak_mib: float
    output: str = field(repr=False, default="")


class Bench:
    """One control plane and the programs that are measured on it."""

    def __init__(self, plane: ControlPlane, venv: Path, folder: Path) -> None:
        self.plane, self.venv, self.folder = plane, venv, folder
        self.client = Client.from_params(plane.params())

    def file(self, size: int) -> Path:
        """All objects as one List; JSON, which every side reads faster than YAML, or just as fast."""
        path = self.folder / f"objects-{size}.json"
        if not path.exists():
            path.write_text(json.dumps({"apiVersion": "v1", "kind": "List", "items": objects(size)}))
        return path

    def namespace(self, name: str) -> None:
        self.client.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})

    def run(self, command: list[str], **more: str) -> Run:
        """Of the whole process tree: what its largest process had at most."""
        variables = {**os.environ, "PATH": f"{self.venv}/bin{os.pathsep}{os.environ['PATH']}", **more}
        variables.pop("PYTHONDONTWRITEBYTECODE", None)  # nobody would compile every library at every start
        with (self.folder / "output").open("w+") as output:
            begun = time.monotonic()
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, env=variables)
            watch = Watch(process.pid)
            code = process.wait()
            seconds = time.monotonic() - begun
            peak = watch.stop()
            output.seek(0)
            text = output.read()
        if code:
            raise Failed(f"{command[0]} ended with {code}: {text[-1500:]}")
        return Run(seconds, peak, text)


class Watch:
    """Looks at the memory of a process and its children, ten times a second."""

    def __init__(self, pid: int) -> None:
        self.pid, self.peak = pid, 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self._thread.start()

    def stop(self) -> float:
        self._over.set()
        self._thread.join()
        return self.peak / 1024

    def _look(self) -> None:
        while not self._over.wait(0.1):
            todo = [self.pid]
            while todo:
                proc = Path(f"/proc/{todo.pop()}")
                try:
                    found = _PEAK.search((proc / "status").read_text())
                    self.peak = max(self.peak, int(found.group(1)) if found else 0)
                    todo += [int(child) for file in proc.glob("task/*/children") for child in file.read_text().split()]
                except OSError:  # it has ended meanwhile
                    continue
