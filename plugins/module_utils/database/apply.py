# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Gathers, plans and runs; the only place that changes a server."""

from __future__ import annotations

import contextlib
from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.database.connection import Session, Target
from ansible_collections.bentobox.platform.plugins.module_utils.database.errors import NotPermitted
from ansible_collections.bentobox.platform.plugins.module_utils.database.gather import Facts, gather
from ansible_collections.bentobox.platform.plugins.module_utils.database.plan import (
    Desired,
    Step,
    plan_absent,
    plan_present,
)

with contextlib.suppress(ImportError):  # connection.py reports a missing psycopg
    from psycopg import sql


def ensure(
    target: Target,
    desired: Desired,
    *,
    password: str | None,
    absent: bool = False,
    purge: bool = False,
    force: bool = False,
    dry_run: bool = False,
) -> dict[str, Any]:
    """Makes the server as desired and says what was done."""
    with Session(target) as session:
        want_extensions = bool(desired.extensions) and not absent
        facts = gather(session, desired.name, desired.owner, password, want_extensions)
        steps = plan_absent(facts, desired, purge, force) if absent else plan_present(facts, desired)
        if not dry_run:
            _run(session, desired, steps, password)
    return {
        "changed": bool(steps),
        "name": desired.name,
        "owner": desired.owner,
        "server_version": facts.server.version_text,
        "statements": [step.shown for step in steps],
        "password_changed": any(step.sets_password for step in steps),
        "warnings": [] if absent else _warnings(facts, desired),
        "diff": {"before": _before(facts), "after": _after(facts, desired, steps, absent)},
    }


def _run(session: Session, desired: Desired, steps: list[Step], password: str | None) -> None:
    for step in steps:
        statement = step.statement
        if step.sets_password and password is not None:
            verifier = session.encrypted(password, desired.owner)
            statement = statement + sql.SQL(" PASSWORD ") + sql.Literal(verifier)
        if not step.inside:
            session.run(statement, step.attempted)
            continue
        with _enter(session.target.at(desired.name), desired.owner, password) as inside:
            if step.as_owner and inside.target.user != desired.owner:
                inside.act_as(desired.owner)
            inside.run(statement, step.attempted)


def _enter(target: Target, owner: str, password: str | None) -> Session:
    """A session in the new database, which may be closed to the administrator but not to its owner."""
    try:
        return Session(target)
    except NotPermitted:
        if password is None:
            raise
        return Session(target.as_user(owner, password))


def _warnings(facts: Facts, desired: Desired) -> list[str]:
    if facts.role is None or not desired.has_password or facts.role.verdict != "unknown":
        return []
    return [
        f"The server does not let us see whether the password of role {desired.owner!r} is the given one; "
        "it was left as it is."
    ]


def _before(facts: Facts) -> dict[str, Any]:
    state: dict[str, Any] = {"role": None, "database": None}
    if facts.role is not None:
        state["role"] = {"login": facts.role.login, "password": "unchanged"}
    if facts.database is not None:
        grants = {role or "PUBLIC": sorted(privileges) for role, privileges in facts.database.grants.items()}
        state["database"] = {
            "owner": facts.database.owner,
            "encoding": facts.database.encoding,
            "grants": dict(sorted(grants.items())),
            "extensions": sorted(facts.database.extensions),
        }
    return state


def _after(facts: Facts, desired: Desired, steps: list[Step], absent: bool) -> dict[str, Any]:
    if absent:
        return {"role": None, "database": None}
    state = _before(facts)
    role = state["role"] or {}
    state["role"] = {"login": True, "password": role.get("password", "set")}
    if any(step.sets_password for step in steps):
        state["role"]["password"] = "changed" if facts.role else "set"
    there = state["database"] or {"encoding": desired.encoding, "grants": {}, "extensions": []}
    grants = {role: set(privileges) for role, privileges in there["grants"].items() if role != "PUBLIC"}
    if desired.public_access:
        grants["PUBLIC"] = {"CONNECT", "TEMPORARY"} | set(there["grants"].get("PUBLIC", []))
    for name, wanted in {desired.owner: {"CONNECT", "CREATE", "TEMPORARY"}, **desired.grants}.items():
        grants[name] = grants.get(name, set()) | set(wanted)
    state["database"] = {
        "owner": desired.owner,
        "encoding": there["encoding"],
        "grants": {role: sorted(privileges) for role, privileges in sorted(grants.items())},
        "extensions": sorted({*there["extensions"], *desired.extensions}),
    }
    return state
