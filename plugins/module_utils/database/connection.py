# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Connections to PostgreSQL with typed errors. psycopg is optional at import time."""

from __future__ import annotations

import traceback
from dataclasses import dataclass, replace
from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.database.errors import (
    AuthenticationFailed,
    DatabaseError,
    InUse,
    NotPermitted,
    TlsFailed,
    Unreachable,
)

PSYCOPG_IMPORT_ERROR: str | None = None
try:
    import psycopg
    from psycopg import sql
except ImportError:
    PSYCOPG_IMPORT_ERROR = traceback.format_exc()

# Managed services talk TLS to whoever asks; asking costs nothing and keeps the password off the wire.
DEFAULT_SSLMODE = {"generic": "prefer", "rds": "require", "cloudsql": "require"}

# Before the server talks there is no code, only libpq's text. The order of the questions in connection_error matters:
# a host name or a file name in the text may contain any of the later words.
_NETWORK_WORDS = (
    "could not translate host name",
    "failed to resolve host",
    "connection refused",
    "timeout expired",
    "timed out",
    "connection timeout",
    "no route to host",
    "network is unreachable",
)
_AUTH_WORDS = (
    "authentication failed",
    "no pg_hba.conf entry",
    'role "',
    "no password supplied",
    "server requested a",
)
_TLS_WORDS = ("certificate", "ssl", "tls")


@dataclass(frozen=True)
class Target:
    """Where and as whom to connect. The password is not part of its repr."""

    host: str
    port: int
    user: str
    password: str | None
    database: str
    sslmode: str
    ca_cert: str | None = None
    client_cert: str | None = None
    client_key: str | None = None
    timeout: int = 10

    def __repr__(self) -> str:
        return f"{self.user}@{self.host}:{self.port}/{self.database}"

    def at(self, database: str) -> Target:
        return replace(self, database=database)

    def as_user(self, user: str, password: str) -> Target:
        return replace(self, user=user, password=password, client_cert=None, client_key=None)


def connect(target: Target) -> Any:
    """An autocommit connection; what does not work is a DatabaseError."""
    attempted = f"connecting to PostgreSQL as {target!r} (sslmode {target.sslmode})"
    try:
        return psycopg.connect(
            host=target.host,
            port=target.port,
            dbname=target.database,
            user=target.user,
            password=target.password,
            sslmode=target.sslmode,
            sslrootcert=target.ca_cert,
            sslcert=target.client_cert,
            sslkey=target.client_key,
            connect_timeout=target.timeout,
            application_name="bentobox.platform",
            autocommit=True,
        )
    except psycopg.Error as error:
        raise connection_error(attempted, str(error), error.sqlstate) from None


def connection_error(  # noqa: PLR0911 - a list of cases
    attempted: str, reason: str, sqlstate: str | None = None
) -> DatabaseError:
    """What a refused connection means."""
    text = reason.lower()
    if any(word in text for word in _NETWORK_WORDS):
        return Unreachable(
            attempted,
            reason,
            "Check login_host and login_port, and that this machine may reach them (network, firewall).",
        )
    if "no pg_hba.conf entry" in text and "no encryption" in text:
        return TlsFailed(attempted, reason, "The server may want TLS: set sslmode to require or verify-full.")
    if sqlstate == "28P01" or any(word in text for word in _AUTH_WORDS):
        return AuthenticationFailed(
            attempted,
            reason,
            "Check login_user and login_password, and that the server's pg_hba.conf or firewall rules let this "
            "machine in.",
        )
    if any(word in text for word in _TLS_WORDS):
        return TlsFailed(
            attempted,
            reason,
            "Check sslmode, that ca_cert is the certificate of the authority that signed the server's certificate, "
            "and that login_host is a name in it.",
        )
    if sqlstate == "3D000" or "does not exist" in text:
        return DatabaseError(attempted, reason, "Set login_database to a database that exists.")
    if sqlstate == "42501":
        return NotPermitted(attempted, reason, "The user may not connect to this database.")
    return Unreachable(attempted, reason, "Check that what answers at login_host and login_port is PostgreSQL.")


def statement_error(attempted: str, error: Any) -> DatabaseError:
    """What a refused statement means, by the server's code. Never the statement itself: it may hold a secret."""
    state = error.sqlstate or ""
    reason = str(getattr(error.diag, "message_primary", None) or error)
    detail = getattr(error.diag, "message_detail", None)
    if detail and state != "23505":
        reason = f"{reason} ({detail})"
    if state == "42501":
        return NotPermitted(
            attempted,
            reason,
            "Give login_user the right (CREATEROLE and CREATEDB; on RDS membership in rds_superuser, on Cloud SQL in "
            "cloudsqlsuperuser), or log in as another administrator.",
        )
    if state in ("55006", "2BP01"):
        return InUse(attempted, reason, "End what uses it, or set force.")
    if state.startswith(("08", "57P")):
        return Unreachable(attempted, reason, "The server went away in the middle; run it again when it is back.")
    return DatabaseError(attempted, reason)


class Session:
    """One connection that runs composed statements and names in its errors what was attempted."""

    def __init__(self, target: Target) -> None:
        self.target = target
        self._connection = connect(target)

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_exc: object) -> None:
        self._connection.close()

    def run(self, statement: Any, attempted: str, parameters: tuple[Any, ...] | None = None) -> list[tuple[Any, ...]]:
        try:
            cursor = self._connection.execute(statement, parameters)
            return list(cursor.fetchall()) if cursor.description else []
        except psycopg.Error as error:
            raise statement_error(f"{attempted} on {self.target!r}", error) from None

    def one(self, statement: Any, attempted: str, parameters: tuple[Any, ...] | None = None) -> tuple[Any, ...] | None:
        rows = self.run(statement, attempted, parameters)
        return rows[0] if rows else None

    def act_as(self, role: str) -> None:
        self.run(sql.SQL("SET ROLE {}").format(sql.Identifier(role)), f"acting as role {role!r}")

    def encrypted(self, password: str, role: str) -> str:
        """The verifier the server would store: made here, so that the password never reaches the server or its log."""
        try:
            value = self._connection.pgconn.encrypt_password(password.encode(), role.encode())
        except psycopg.Error as error:
            raise DatabaseError(f"preparing the password of role {role!r}", str(error)) from None
        return bytes(value).decode()
