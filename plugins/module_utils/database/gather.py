# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads what is there: the server, the role, the database. Changes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field

from ansible_collections.bentobox.platform.plugins.module_utils.database.connection import Session, Target, connect
from ansible_collections.bentobox.platform.plugins.module_utils.database.errors import (
    AuthenticationFailed,
    DatabaseError,
    Invalid,
    NotPermitted,
)
from ansible_collections.bentobox.platform.plugins.module_utils.database.password import matches

OLDEST = 130000  # trusted extensions and DROP DATABASE ... WITH (FORCE) came with 13


@dataclass(frozen=True)
class ServerFacts:
    version: int
    version_text: str
    admin: str
    superuser: bool
    create_role: bool
    create_database: bool
    groups: frozenset[str]


@dataclass(frozen=True)
class RoleFacts:
    login: bool
    # whether it has the wanted password: same, different, or unknown when the server does not let us see
    verdict: str
    admin_is_member: bool


@dataclass(frozen=True)
class DatabaseFacts:
    owner: str
    encoding: str
    sessions: int
    # role name ('' is PUBLIC) -> database privileges granted to it
    grants: dict[str, frozenset[str]] = field(default_factory=dict)
    extensions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    server: ServerFacts
    role: RoleFacts | None
    database: DatabaseFacts | None
    # extension -> may be created by a database's owner; asked of the whole server
    available: dict[str, bool] = field(default_factory=dict)
    known_roles: frozenset[str] = frozenset()


def server_facts(session: Session) -> ServerFacts:
    attempted = "reading the server's version and our rights"
    row = session.one(
        "SELECT current_setting('server_version_num')::int, current_setting('server_version'), current_user,"
        " rolsuper, rolcreaterole, rolcreatedb FROM pg_roles WHERE rolname = current_user",
        attempted,
    )
    if row is None:
        raise DatabaseError(attempted, "the server does not list the user we are logged in as")
    groups = session.run(
        "SELECT rolname FROM pg_roles WHERE pg_has_role(current_user, oid, 'MEMBER') AND rolname <> current_user",
        attempted,
    )
    if row[0] < OLDEST:
        raise Invalid(attempted, f"the server is PostgreSQL {row[1]}", "PostgreSQL 13 or later is needed.")
    return ServerFacts(row[0], row[1], row[2], row[3], row[4], row[5], frozenset(name for (name,) in groups))


def _role(session: Session, server: ServerFacts, name: str, password: str | None, login: Target) -> RoleFacts | None:
    attempted = f"reading role {name!r}"
    # Since 16 being a member is not enough to act as the role.
    how = "SET" if server.version >= 160000 else "MEMBER"
    row = session.one(
        "SELECT rolcanlogin, pg_has_role(current_user, oid, %s) FROM pg_roles WHERE rolname = %s",
        attempted,
        (how, name),
    )
    if row is None:
        return None
    state = "unknown"
    if password is not None:
        state = _stored_password(session, name, password) if server.superuser else _login_with(login, name, password)
    return RoleFacts(row[0], state, row[1])


def _stored_password(session: Session, name: str, password: str) -> str:
    row = session.one("SELECT rolpassword FROM pg_authid WHERE rolname = %s", f"reading role {name!r}", (name,))
    verifier = row[0] if row else None
    return "same" if verifier and matches(verifier, name, password) else "different"


def _login_with(login: Target, name: str, password: str) -> str:
    """Nothing but the server can say whether the password is right, when it does not show what it stores."""
    try:
        connection = connect(login.as_user(name, password))
    except NotPermitted:
        # the password was accepted, only this database is closed to the role
        return "same"
    except AuthenticationFailed as error:
        return "different" if "password authentication failed" in error.reason else "unknown"
    except DatabaseError:
        return "unknown"
    asked = bool(connection.pgconn.used_password)
    connection.close()
    # A server that trusts everybody from here says nothing about the password.
    return "same" if asked else "unknown"


def _database(session: Session, name: str) -> DatabaseFacts | None:
    attempted = f"reading database {name!r}"
    row = session.one(
        "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding),"
        " (SELECT count(*)::int FROM pg_stat_activity a WHERE a.datid = d.oid AND a.pid <> pg_backend_pid())"
        " FROM pg_database d WHERE datname = %s",
        attempted,
        (name,),
    )
    if row is None:
        return None
    grants: dict[str, set[str]] = {}
    for role, privilege in session.run(
        "SELECT coalesce(r.rolname, ''), a.privilege_type FROM pg_database d"
        " CROSS JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a"
        " LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE d.datname = %s",
        attempted,
        (name,),
    ):
        grants.setdefault(role, set()).add(privilege)
    return DatabaseFacts(row[0], row[1], row[2], {role: frozenset(all_) for role, all_ in grants.items()})


def _extensions(target: Target, owner: str, password: str | None) -> dict[str, str]:
    """Installed extensions, seen as the administrator or, where that one may not enter, as the owner."""
    try:
        session = Session(target)
    except NotPermitted:
        if password is None:
            raise
        session = Session(target.as_user(owner, password))
    with session:
        return dict(session.run("SELECT extname, extversion FROM pg_extension", "reading the extensions"))


def gather(session: Session, name: str, owner: str, password: str | None, want_extensions: bool) -> Facts:
    """Everything a plan needs to know."""
    server = server_facts(session)
    database = _database(session, name)
    login = session.target.at(name) if database else session.target
    role = _role(session, server, owner, password, login)
    available: dict[str, bool] = {}
    if want_extensions:
        available = dict(
            session.run(
                "SELECT name, bool_or(trusted) FROM pg_available_extension_versions GROUP BY name",
                "reading the extensions the server has",
            )
        )
        if database is not None:
            database = DatabaseFacts(
                **{**vars(database), "extensions": _extensions(session.target.at(name), database.owner, password)}
            )
    roles = frozenset(name for (name,) in session.run("SELECT rolname FROM pg_roles", "reading the roles"))
    return Facts(server, role, database, available, roles)
