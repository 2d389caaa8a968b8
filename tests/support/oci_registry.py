# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real image registry (distribution 2.8), and pushing the smallest of images to it."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
import signal
import subprocess
import urllib.error
import urllib.request
from pathlib import Path

import yaml
from ansible_collections.bentobox.platform.tests.support.process import end, free_port, wait_ready

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class OciRegistry:
    def __init__(self, program: Path, folder: Path) -> None:
        self.program, self.folder = program, folder
        self.address = f"127.0.0.1:{free_port()}"
        self.url = f"http://{self.address}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        config = {
            "version": 0.1,
            "log": {"level": "warn"},
            "storage": {"filesystem": {"rootdirectory": str(self.folder / "data")}, "delete": {"enabled": True}},
            "http": {"addr": self.address},
        }
        (self.folder / "config.yml").write_text(yaml.safe_dump(config))
        log = self.folder / "registry.log"
        with log.open("ab") as file:
            self._process = subprocess.Popen(
                [self.program, "serve", self.folder / "config.yml"],
                env={"PATH": os.environ["PATH"]}, stdout=file, stderr=file,
            )  # fmt: skip
        wait_ready(self._process, self._answers, "the image registry", log)

    def stop(self) -> None:
        end(self._process, signal.SIGTERM)

    def push(self, repository: str, tag: str) -> str:
        """An image of its own kind each time; returns its digest."""
        config = json.dumps({"architecture": "amd64", "os": "linux", "made": secrets.token_hex(8)}).encode()
        descriptor = {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "size": len(config),
            "digest": "sha256:" + hashlib.sha256(config).hexdigest(),
        }
        start = self._send("POST", f"/v2/{repository}/blobs/uploads/", b"")
        place = start.headers["Location"].removeprefix(self.url)
        self._send("PUT", f"{place}&digest={descriptor['digest']}", config, "application/octet-stream")
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor, "layers": []}
        answer = self._send("PUT", f"/v2/{repository}/manifests/{tag}", json.dumps(manifest).encode(), MANIFEST)
        return str(answer.headers["Docker-Content-Digest"])

    def delete(self, repository: str, digest: str) -> None:
        self._send("DELETE", f"/v2/{repository}/manifests/{digest}", None)

    def _send(self, method: str, path: str, body: bytes | None, kind: str = "") -> urllib.request.addinfourl:
        headers = {"Content-Type": kind} if kind else {}
        request = urllib.request.Request(self.url + path, data=body, headers=headers, method=method)
        return urllib.request.urlopen(request, timeout=10)

    def _answers(self) -> bool:
        try:
            self._send("GET", "/v2/", None)
        except (OSError, urllib.error.URLError):
            return False
        return True
