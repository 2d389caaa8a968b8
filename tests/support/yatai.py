# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real Yatai on a real PostgreSQL and a real S3 store.

Fixture (import it in a conftest.py with those of postgres and objectstore): yatai_server (one for the session).
Yatai has no option for its bind address: it listens on all interfaces, on a free port, with random credentials.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.bentobox.platform.tests.support.objectstore import ObjectStore
from ansible_collections.bentobox.platform.tests.support.postgres import Postgres
from ansible_collections.bentobox.platform.tests.support.process import cache_dir, end, free_port, tail, wait_ready

VERSION = "1.1.13"
ADMIN = "admin"


@dataclass
class Yatai:
    """One server process. stop(), kill() and start() may be called again and again; its state is in the database."""

    root: Path
    program: str
    migrations: str
    port: int
    postgres: Postgres
    store: ObjectStore
    database: str
    strategy: str = "proxy"
    initialization_token: str = field(default_factory=lambda: secrets.token_urlsafe(18), repr=False)
    admin_password: str = field(default_factory=lambda: secrets.token_urlsafe(18), repr=False)
    token: str = field(default="", repr=False)
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def bucket(self) -> str:
        # One for all servers: SeaweedFS gives each bucket several volumes, and has a limited number of them.
        return "yatai"

    @property
    def log(self) -> Path:
        return self.root / "yatai.log"

    def start(self) -> None:
        config = {
            "in_cluster": False,
            "initialization_token": self.initialization_token,
            "server": {
                "port": self.port,
                "session_secret_key": secrets.token_hex(16),
                "migration_dir": self.migrations,
                "transmission_strategy": self.strategy,
            },
            "postgresql": {
                "host": self.postgres.host,
                "port": self.postgres.port,
                "user": self.postgres.user,
                "password": self.postgres.password,
                "database": self.database,
                "sslmode": "disable",
            },
            "s3": {
                "endpoint": self.store.address,
                "region": self.store.region,
                "bucket_name": self.bucket,
                "access_key": self.store.owner.access_key,
                "secret_key": self.store.owner.secret_key,
                "secure": False,
            },
        }
        (self.root / "config.yaml").write_text(yaml.safe_dump(config))
        (self.root / "config.yaml").chmod(0o600)
        (self.root / "dashboard" / "build").mkdir(parents=True, exist_ok=True)
        (self.root / "dashboard" / "build" / "index.html").write_text("<html></html>")
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root),
            "YATAI_DONOT_TRACK": "true",
            "GIN_MODE": "release",
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [self.program, "serve", "-c", "config.yaml"], cwd=self.root, env=environment, stdout=log, stderr=log
            )
        wait_ready(self.process, self.answers, "Yatai", self.log)

    def answers(self) -> bool:
        try:
            self.request("GET", "/version", timeout=2)
        except (OSError, ValueError):
            return False
        return True

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, timeout: float = 30
    ) -> Any:
        """A plain request of the test's own, so that the tested client is not what judges itself."""
        data = None if body is None else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **(headers or {})}
        if self.token and "X-YATAI-API-TOKEN" not in sent and "Cookie" not in sent:
            sent["X-YATAI-API-TOKEN"] = self.token
        request = urllib.request.Request(f"{self.endpoint}/api/v1{path}", data=data, headers=sent, method=method)
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            raw = answer.read()
            self.last_cookie = (answer.headers.get("Set-Cookie") or "").split(";")[0]
        return json.loads(raw) if raw else {}

    def set_up(self) -> None:
        """The first set-up, and a token that may do everything."""
        self.request(
            "POST",
            "/setup",
            {
                "token": self.initialization_token,
                "name": ADMIN,
                "email": "admin@example.org",
                "password": self.admin_password,
                "first_name": "",
                "last_name": "",
            },
        )
        self.token = self.new_token("tests", ["api"])

    def login(self) -> dict[str, str]:
        body = {"name_or_email": ADMIN, "password": self.admin_password}
        self.request("POST", "/auth/login", body, headers={"Cookie": "none"})
        return {"Cookie": self.last_cookie}

    def new_token(self, name: str, scopes: list[str] | None, expired_at: str | None = None) -> str:
        body: dict[str, Any] = {"name": name, "description": ""}
        if scopes is not None:
            body["scopes"] = scopes
        if expired_at:
            body["expired_at"] = expired_at
        return self.request("POST", "/api_tokens", body, headers=self.login())["token"]

    def fingerprint(self) -> str:
        """Of everything Yatai keeps but the time a token was last used: equal means that nothing was written."""
        parts = []
        with self.postgres.connect(self.database) as connection:
            tables = connection.execute(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"
            ).fetchall()
            for (table,) in tables:
                row = connection.execute(
                    f"SELECT md5(coalesce(string_agg(row::text, '|' ORDER BY row::text), '')) FROM "
                    f"(SELECT to_jsonb(t) - 'last_used_at' - 'updated_at' FROM \"{table}\" t) AS all_rows(row)"
                ).fetchone()
                parts.append(f"{table}={row[0]}")
        return "\n".join(parts)

    def objects(self) -> dict[str, int]:
        """Keys and sizes in Yatai's bucket."""
        client = self.store.client()
        names = [bucket["Name"] for bucket in client.list_buckets()["Buckets"]]
        if self.bucket not in names:
            return {}
        found = client.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return {entry["Key"]: entry["Size"] for entry in found}

    def pause(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait(10)
        self.process = None

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.resume()
        end(self.process, signal.SIGTERM)
        self.process = None

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.root, ignore_errors=True)


def find_program() -> tuple[str, str]:
    """The api-server and its folder of migrations: from the environment, or built by the lab."""
    program, migrations = os.environ.get("BENTOBOX_YATAI_BIN", ""), os.environ.get("BENTOBOX_YATAI_MIGRATIONS", "")
    if not program:
        program, migrations = _from_artifacts()
    for path, what in ((program, "Yatai's api-server"), (migrations, "Yatai's migrations")):
        if not path or not Path(path).exists():
            raise RuntimeError(
                f"{what} is missing ({path or 'not built'}): build it with `python -m lab build`, or set "
                "BENTOBOX_YATAI_BIN to the api-server program and BENTOBOX_YATAI_MIGRATIONS to its folder db/migrations"
            )
    return program, migrations


def _from_artifacts() -> tuple[str, str]:
    try:
        from lab import artifacts  # noqa: PLC0415  # only when the environment names nothing
    except ImportError as error:
        raise RuntimeError(
            f"Yatai's api-server cannot be found ({error}): run the tests from the checkout, or set BENTOBOX_YATAI_BIN "
            "and BENTOBOX_YATAI_MIGRATIONS"
        ) from error
    program = artifacts.ensure(["programs"]).bin("api-server")
    return str(program), str(Path(program).parent.parent / "files" / "migrations")


def start_yatai(postgres: Postgres, store: ObjectStore, strategy: str = "proxy", set_up: bool = True) -> Yatai:
    """A server with a database of its own. The caller calls close()."""
    program, migrations = find_program()
    database = f"yatai_{secrets.token_hex(4)}"
    postgres.sql(f"CREATE DATABASE {database}")
    root = Path(tempfile.mkdtemp(prefix="bentobox-yatai-"))
    server = Yatai(root, program, migrations, free_port(), postgres, store, database, strategy)
    try:
        server.start()
        if set_up:
            server.set_up()
    except BaseException as error:
        print(tail(server.log))
        server.close()
        raise RuntimeError(f"Yatai did not start: {error}") from error
    return server


@pytest.fixture(scope="session")
def yatai_server(postgres_server: Postgres, object_store: ObjectStore) -> Iterator[Yatai]:
    server = start_yatai(postgres_server, object_store)
    yield server
    server.close()


__all__ = ["ADMIN", "VERSION", "Yatai", "cache_dir", "find_program", "start_yatai", "yatai_server"]
