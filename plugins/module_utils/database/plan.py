# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From what is there and what is wanted to the statements between them. Pure: nothing is sent from here."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.database.errors import (
    InUse,
    Invalid,
    NotPermitted,
    Refused,
)
from ansible_collections.bentobox.platform.plugins.module_utils.database.gather import Facts

with contextlib.suppress(ImportError):  # connection.py reports a missing psycopg
    from psycopg import sql

# The role that stands in for a superuser on each managed service.
ADMIN_GROUP = {"rds": "rds_superuser", "cloudsql": "cloudsqlsuperuser"}
PRIVILEGES = ("CONNECT", "CREATE", "TEMPORARY")


@dataclass(frozen=True)
class Desired:
    name: str
    owner: str
    provider: str = "generic"
    encoding: str = "UTF8"
    extensions: tuple[str, ...] = ()
    grants: dict[str, frozenset[str]] = field(default_factory=dict)
    public_access: bool = False
    has_password: bool = False
    update_password: bool = True


@dataclass(frozen=True)
class Step:
    """One statement: what it is for, where it runs (the server's login database or the new one), and as whom."""

    attempted: str
    statement: Any
    inside: bool = False
    as_owner: bool = False
    sets_password: bool = False

    @property
    def shown(self) -> str:
        return str(self.statement.as_string(None)) + (" PASSWORD '********'" if self.sets_password else "")


def check_admin(facts: Facts, desired: Desired) -> None:
    """Says what the administrator lacks before the first statement, instead of half way."""
    server = facts.server
    if server.superuser:
        return
    group = ADMIN_GROUP.get(desired.provider)
    if group and group not in server.groups:
        raise NotPermitted(
            f"preparing database {desired.name!r}",
            f"login_user {server.admin!r} is not a member of {group}",
            "Log in as the master user of the instance, or grant it that role.",
        )
    lacking = [
        right
        for right, there, needed in (
            ("CREATEROLE", server.create_role, facts.role is None),
            ("CREATEDB", server.create_database, facts.database is None),
        )
        if needed and not there
    ]
    if lacking:
        raise NotPermitted(
            f"preparing database {desired.name!r}",
            f"login_user {server.admin!r} is no superuser and lacks {' and '.join(lacking)}",
            "Give it these rights, or log in as another administrator.",
        )


def plan_present(facts: Facts, desired: Desired) -> list[Step]:
    check_admin(facts, desired)
    return [
        *_role_steps(facts, desired),
        *_join_steps(facts, desired.owner),
        *_database_steps(facts, desired),
        *_grant_steps(facts, desired),
        *_extension_steps(facts, desired),
    ]


def _role_steps(facts: Facts, desired: Desired) -> list[Step]:
    role = facts.role
    name = sql.Identifier(desired.owner)
    if role is None:
        if not desired.has_password:
            raise Invalid(
                f"creating role {desired.owner!r}",
                "it does not exist yet and there is no password for it",
                "Set password.",
            )
        return [
            Step(f"creating role {desired.owner!r}", sql.SQL("CREATE ROLE {} LOGIN").format(name), sets_password=True)
        ]
    steps = []
    if not role.login:
        steps.append(Step(f"letting role {desired.owner!r} log in", sql.SQL("ALTER ROLE {} LOGIN").format(name)))
    if desired.has_password and desired.update_password and role.verdict == "different":
        steps.append(
            Step(
                f"setting the password of role {desired.owner!r}",
                sql.SQL("ALTER ROLE {}").format(name),
                sets_password=True,
            )
        )
    return steps


def _join_steps(facts: Facts, owner: str) -> list[Step]:
    """Who is no superuser may give a database only to roles it is in, and the managed services' masters are none."""
    if facts.server.superuser or facts.server.admin == owner:
        return []
    if facts.role is not None and facts.role.admin_is_member:
        return []
    statement = sql.SQL("GRANT {} TO {}").format(sql.Identifier(owner), sql.Identifier(facts.server.admin))
    return [Step(f"joining role {owner!r}, to give it the database", statement)]


def _database_steps(facts: Facts, desired: Desired) -> list[Step]:
    database = facts.database
    name, owner = sql.Identifier(desired.name), sql.Identifier(desired.owner)
    if database is None:
        # template1 may have been given another encoding or other objects
        statement = sql.SQL("CREATE DATABASE {} OWNER {} ENCODING {} TEMPLATE template0").format(
            name, owner, sql.Literal(desired.encoding)
        )
        return [Step(f"creating database {desired.name!r}", statement)]
    if _encoding(database.encoding) != _encoding(desired.encoding):
        raise Invalid(
            f"preparing database {desired.name!r}",
            f"it has encoding {database.encoding}, wanted is {desired.encoding}, and that cannot be changed",
            "Set encoding to what is there, or move the data to a new database.",
        )
    if database.owner == desired.owner:
        return []
    steps = []
    if not facts.server.superuser and database.owner not in (facts.server.groups | {facts.server.admin}):
        raise NotPermitted(
            f"preparing database {desired.name!r}",
            f"it belongs to {database.owner!r}, and login_user {facts.server.admin!r} is not a member of that role",
            f"Set owner to {database.owner!r}, use another name, or log in as its owner.",
        )
    statement = sql.SQL("ALTER DATABASE {} OWNER TO {}").format(name, owner)
    steps.append(Step(f"giving database {desired.name!r} to {desired.owner!r}", statement))
    return steps


def _encoding(name: str) -> str:
    return name.upper().replace("-", "").replace("_", "")


def _grant_steps(facts: Facts, desired: Desired) -> list[Step]:
    name = sql.Identifier(desired.name)
    # what PostgreSQL gives everybody in a new database
    grants = facts.database.grants if facts.database else {"": frozenset({"CONNECT", "TEMPORARY"})}
    steps = []
    if not desired.public_access and grants.get(""):
        statement = sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name)
        steps.append(Step(f"closing database {desired.name!r} to everybody else", statement))
    if desired.public_access and "CONNECT" not in grants.get("", frozenset()):
        statement = sql.SQL("GRANT CONNECT, TEMPORARY ON DATABASE {} TO PUBLIC").format(name)
        steps.append(Step(f"opening database {desired.name!r} to every role", statement))
    unknown = sorted(set(desired.grants) - facts.known_roles - {desired.owner})
    if unknown:
        raise Invalid(
            f"granting rights in {desired.name!r}", f"there is no role {', '.join(unknown)}", "Create it first."
        )
    for role, wanted in sorted(desired.grants.items()):
        missing = [privilege for privilege in PRIVILEGES if privilege in wanted - grants.get(role, frozenset())]
        if missing:
            statement = sql.SQL("GRANT {} ON DATABASE {} TO {}").format(
                sql.SQL(", ").join(sql.SQL(privilege) for privilege in missing), name, sql.Identifier(role)
            )
            steps.append(Step(f"granting {', '.join(missing)} on {desired.name!r} to {role!r}", statement))
    return steps


def _extension_steps(facts: Facts, desired: Desired) -> list[Step]:
    installed = facts.database.extensions if facts.database else {}
    steps = []
    for extension in desired.extensions:
        if extension in installed:
            continue
        if extension not in facts.available:
            raise Invalid(
                f"creating extension {extension!r} in {desired.name!r}",
                "the server does not have it",
                "Install its package on the server (postgresql-contrib for pgcrypto), or allow it in the service's "
                "parameters.",
            )
        # An owner may create trusted ones. Others need a superuser, or the managed service's stand-in for one.
        as_owner = not facts.server.superuser and facts.available[extension]
        statement = sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension))
        steps.append(
            Step(f"creating extension {extension!r} in {desired.name!r}", statement, inside=True, as_owner=as_owner)
        )
    return steps


def plan_absent(facts: Facts, desired: Desired, purge: bool, force: bool) -> list[Step]:
    there = [
        text
        for text, exists in ((f"database {desired.name!r}", facts.database), (f"role {desired.owner!r}", facts.role))
        if exists is not None
    ]
    if not there:
        return []
    attempted = f"removing {' and '.join(there)}"
    if not purge:
        raise Refused(attempted, "this destroys data", "Set purge to true if it is really meant.")
    if desired.owner == facts.server.admin:
        raise Invalid(attempted, "owner is the user we are logged in as", "Log in as another administrator.")
    if facts.database is not None and facts.database.sessions and not force:
        raise InUse(
            attempted,
            f"{facts.database.sessions} session(s) use the database",
            "Stop what is connected to it, or set force to true to disconnect it.",
        )
    steps = []
    if facts.role is not None:
        steps += _join_steps(facts, desired.owner)
    if facts.database is not None:
        statement = sql.SQL("DROP DATABASE {}{}").format(
            sql.Identifier(desired.name), sql.SQL(" WITH (FORCE)" if force else "")
        )
        steps.append(Step(f"dropping database {desired.name!r}", statement))
    if facts.role is not None:
        statement = sql.SQL("DROP ROLE {}").format(sql.Identifier(desired.owner))
        steps.append(Step(f"dropping role {desired.owner!r}", statement))
    return steps
