# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A real PostgreSQL 15 on loopback.

Fixtures (import them in a conftest.py): postgres_server (plain, one for the session), postgres_tls_server (TLS only,
with a CA of its own), fresh_postgres (one for a single test, which may stop it or change its users).
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import pytest
from ansible_collections.bentobox.platform.tests.support.certificates import Authority
from ansible_collections.bentobox.platform.tests.support.process import (
    cache_dir,
    die_with_parent,
    end,
    free_port,
    wait_ready,
)

VERSION = "15"
SUPERUSER = "postgres"
_BIN = f"usr/lib/postgresql/{VERSION}/bin"
_PACKAGES = [f"postgresql-{VERSION}", f"postgresql-client-{VERSION}", "libpq5", "libicu72", "libxml2", "libldap-2.5-0"]
_NOBODY = 65534  # postgres refuses to run as root


@dataclass
class Postgres:
    """One server. stop() and start() may be called again and again; the data stays until close()."""

    root: Path
    port: int
    password: str
    programs: Path
    environment: dict[str, str]
    authority: Authority | None = None
    host: str = "127.0.0.1"
    user: str = SUPERUSER
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def log(self) -> Path:
        return self.root / "postgres.log"

    @property
    def ca_cert(self) -> str:
        """File with the CA that signed the server's certificate; only for the TLS variant."""
        if self.authority is None:
            raise RuntimeError("this server has no TLS")
        return str(self.authority.path)

    def start(self) -> None:
        command = [str(self.programs / "postgres"), "-D", str(self.root / "data")]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                stdout=log,
                stderr=log,
                env=self.environment,
                preexec_fn=die_with_parent,  # noqa: PLW1509 - it only calls prctl
                **_identity(),
            )
        wait_ready(self.process, self._answers, "PostgreSQL", self.log)

    def _answers(self) -> bool:
        try:
            self.connect(connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        # SIGINT is the fast shutdown: open sessions are disconnected
        end(self.process, signal.SIGINT)
        self.process = None

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.root, ignore_errors=True)

    def connect(self, database: str = "postgres", user: str = "", password: str = "", **more: Any) -> Any:
        """A psycopg connection (autocommit), by default as the superuser."""
        if self.authority is not None:
            more = {"sslmode": "verify-full", "sslrootcert": self.ca_cert, **more}
        return psycopg.connect(
            host=self.host,
            port=self.port,
            dbname=database,
            user=user or self.user,
            password=password or self.password,
            autocommit=True,
            **{"connect_timeout": 5, **more},
        )

    def sql(self, statement: str, database: str = "postgres", **more: Any) -> list[tuple[Any, ...]]:
        """Runs one statement written in a test and returns its rows."""
        with self.connect(database, **more) as connection:
            cursor = connection.execute(statement.encode())
            return list(cursor.fetchall()) if cursor.description else []


def _identity() -> dict[str, Any]:
    return {"user": _NOBODY, "group": _NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}


def find_programs(workspace: Path) -> tuple[Path, dict[str, str]]:
    """PostgreSQL's folder of programs and the environment for them: installed, or from Debian's packages."""
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    installed = Path("/") / _BIN
    if (installed / "initdb").exists() and not os.environ.get("BENTOBOX_EXTRACTED_POSTGRES"):
        return installed, environment
    extracted = cache_dir() / f"postgresql-{VERSION}"
    if not (extracted / ".complete").exists():
        _extract(extracted)
    # The cache may lie in a home folder that only its owner can enter, the server is another user.
    own = workspace / "postgresql"
    shutil.copytree(extracted, own, symlinks=True)
    libraries = sorted({str(path.parent) for path in own.rglob("lib*.so*") if "postgresql" not in path.parts[-3:]})
    return own / _BIN, {**environment, "LD_LIBRARY_PATH": ":".join(libraries)}


def _extract(target: Path) -> None:
    """Unpacks Debian's packages without installing them: no cluster is made, no service started, no user added."""
    advice = (
        f"Install it by hand (`apt-get install postgresql-{VERSION}`) or make `apt-get download` work (apt-get update)"
    )
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as download:
        try:
            subprocess.run(
                ["apt-get", "download", *_PACKAGES],
                cwd=download,
                check=True,
                capture_output=True,
                text=True,
                timeout=300,
            )
            for package in sorted(Path(download).glob("*.deb")):
                subprocess.run(["dpkg", "-x", package, target], check=True, capture_output=True, text=True, timeout=120)
        except FileNotFoundError as error:
            raise RuntimeError(
                f"PostgreSQL {VERSION} is not installed and this is no Debian: {error}. {advice}."
            ) from error
        except subprocess.CalledProcessError as error:
            raise RuntimeError(
                f"PostgreSQL {VERSION} could not be downloaded: {error.stderr.strip()}. {advice}."
            ) from error
    (target / ".complete").touch()


def start_postgres(*, tls: bool = False, settings: dict[str, str] | None = None) -> Postgres:
    """Makes a cluster in a folder of its own and starts it. The caller calls close()."""
    root = Path(tempfile.mkdtemp(prefix="bentobox-postgres-"))
    root.chmod(0o755)
    try:
        programs, environment = find_programs(root)
        server = Postgres(
            root=root,
            port=free_port(),
            password=secrets.token_urlsafe(18),
            programs=programs,
            environment=environment,
            authority=Authority(root / "ca") if tls else None,
        )
        _initialise(server, settings or {})
        server.start()
    except BaseException:
        shutil.rmtree(root, ignore_errors=True)
        raise
    return server


def _initialise(server: Postgres, settings: dict[str, str]) -> None:
    data = server.root / "data"
    data.mkdir(mode=0o700)
    password_file = server.root / "password"
    password_file.write_text(server.password)
    if os.geteuid() == 0:
        os.chown(data, _NOBODY, _NOBODY)
        os.chown(password_file, _NOBODY, _NOBODY)
    password_file.chmod(0o600)
    options = ["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]
    result = subprocess.run(
        [server.programs / "initdb", "-D", data, f"--username={server.user}", f"--pwfile={password_file}", *options],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=server.environment,
        **_identity(),
    )
    password_file.unlink()
    if result.returncode:
        raise RuntimeError(f"initdb failed: {result.stderr.strip()}")
    configuration = {
        "listen_addresses": server.host,
        "port": str(server.port),
        "unix_socket_directories": "",
        "fsync": "off",
        "shared_buffers": "16MB",
        "max_connections": "40",
        "log_statement": "all",
        # its compiler is a library that the extracted packages do not have
        "jit": "off",
        **settings,
    }
    kind = "host"
    if server.authority is not None:
        certificate, key = server.authority.issue("postgres", ["localhost", server.host])
        for source, name in ((certificate, "server.crt"), (key, "server.key")):
            target = data / name
            shutil.copyfile(source, target)
            target.chmod(0o600)
            if os.geteuid() == 0:
                os.chown(target, _NOBODY, _NOBODY)
        configuration["ssl"] = "on"
        kind = "hostssl"
    with (data / "postgresql.conf").open("a") as handle:
        handle.writelines(f"{name} = '{value}'\n" for name, value in configuration.items())
    (data / "pg_hba.conf").write_text(f"{kind} all all 127.0.0.1/32 scram-sha-256\n")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    server = start_postgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def postgres_tls_server() -> Iterator[Postgres]:
    server = start_postgres(tls=True)
    yield server
    server.close()


@pytest.fixture
def fresh_postgres() -> Iterator[Postgres]:
    server = start_postgres()
    yield server
    server.close()
