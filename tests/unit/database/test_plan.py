# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From facts to statements."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.database.errors import (
    DatabaseError,
    InUse,
    Invalid,
    NotPermitted,
    Refused,
)
from ansible_collections.bentobox.platform.plugins.module_utils.database.gather import (
    DatabaseFacts,
    Facts,
    RoleFacts,
    ServerFacts,
)
from ansible_collections.bentobox.platform.plugins.module_utils.database.plan import Desired, plan_absent, plan_present

SUPERUSER = ServerFacts(150018, "15.18", "postgres", True, True, True, frozenset())
MASTER = ServerFacts(150018, "15.18", "master", False, True, True, frozenset({"rds_superuser"}))
ALL = frozenset({"CONNECT", "CREATE", "TEMPORARY"})
ROLE = RoleFacts(login=True, verdict="same", admin_is_member=False)
THERE = DatabaseFacts("yatai", "UTF8", 0, {"yatai": ALL}, {"plpgsql": "1.0"})
EMPTY = Facts(SUPERUSER, None, None, {"pgcrypto": True, "file_fdw": False}, frozenset({"postgres", "reporting"}))
DONE = replace(EMPTY, role=ROLE, database=THERE)
WANTED = Desired("yatai", "yatai", has_password=True)


def shown(facts: Facts, **changes: Any) -> list[str]:
    return [step.shown for step in plan_present(facts, replace(WANTED, **changes))]


def test_from_nothing() -> None:
    assert shown(EMPTY, extensions=("pgcrypto",), grants={"reporting": frozenset({"CONNECT"})}) == [
        """CREATE ROLE "yatai" LOGIN PASSWORD '********'""",
        """CREATE DATABASE "yatai" OWNER "yatai" ENCODING 'UTF8' TEMPLATE template0""",
        'REVOKE ALL ON DATABASE "yatai" FROM PUBLIC',
        'GRANT CONNECT ON DATABASE "yatai" TO "reporting"',
        'CREATE EXTENSION IF NOT EXISTS "pgcrypto"',
    ]


def test_nothing_to_do() -> None:
    assert shown(DONE) == []


@pytest.mark.parametrize(
    ("role", "database", "changes", "expected"),
    [
        (replace(ROLE, login=False), THERE, {}, ['ALTER ROLE "yatai" LOGIN']),
        (replace(ROLE, verdict="different"), THERE, {}, ["""ALTER ROLE "yatai" PASSWORD '********'"""]),
        (replace(ROLE, verdict="different"), THERE, {"update_password": False}, []),
        (replace(ROLE, verdict="different"), THERE, {"has_password": False}, []),
        (replace(ROLE, verdict="unknown"), THERE, {}, []),
        (ROLE, replace(THERE, owner="other"), {}, ['ALTER DATABASE "yatai" OWNER TO "yatai"']),
        (ROLE, replace(THERE, grants={"": ALL}), {}, ['REVOKE ALL ON DATABASE "yatai" FROM PUBLIC']),
        (ROLE, replace(THERE, grants={"": ALL}), {"public_access": True}, []),
        (ROLE, THERE, {"public_access": True}, ['GRANT CONNECT, TEMPORARY ON DATABASE "yatai" TO PUBLIC']),
        (ROLE, THERE, {"encoding": "utf-8"}, []),
        (ROLE, replace(THERE, extensions={"pgcrypto": "1.3"}), {"extensions": ("pgcrypto",)}, []),
        (
            ROLE,
            replace(THERE, grants={"reporting": frozenset({"CONNECT"})}),
            {"grants": {"reporting": ALL}},
            ['GRANT CREATE, TEMPORARY ON DATABASE "yatai" TO "reporting"'],
        ),
    ],
)
def test_changes(role: RoleFacts, database: DatabaseFacts, changes: dict[str, Any], expected: list[str]) -> None:
    assert shown(replace(EMPTY, role=role, database=database), **changes) == expected


def test_master_joins_the_role_before_it_gives_the_database_away() -> None:
    statements = shown(replace(EMPTY, server=MASTER), provider="rds")
    assert statements[1] == 'GRANT "yatai" TO "master"'
    assert statements[2].startswith("CREATE DATABASE")
    member = replace(EMPTY, server=MASTER, role=replace(ROLE, admin_is_member=True))
    assert not any(statement.startswith("GRANT") for statement in shown(member, provider="rds"))


def test_extension_is_made_by_the_owner_only_when_it_may_and_must() -> None:
    def as_owner(facts: Facts, extension: str) -> bool:
        return plan_present(facts, replace(WANTED, extensions=(extension,)))[-1].as_owner

    assert not as_owner(EMPTY, "pgcrypto")
    assert as_owner(replace(EMPTY, server=MASTER), "pgcrypto")
    assert not as_owner(replace(EMPTY, server=MASTER), "file_fdw")


@pytest.mark.parametrize(
    ("facts", "changes", "kind", "words"),
    [
        (EMPTY, {"has_password": False}, Invalid, "Set password"),
        (DONE, {"encoding": "LATIN1"}, Invalid, "cannot be changed"),
        (EMPTY, {"extensions": ("nonsense",)}, Invalid, "does not have it"),
        (EMPTY, {"grants": {"nobody": ALL}}, Invalid, "no role nobody"),
        (
            replace(EMPTY, server=replace(MASTER, groups=frozenset())),
            {"provider": "rds"},
            NotPermitted,
            "rds_superuser",
        ),
        (replace(EMPTY, server=MASTER), {"provider": "cloudsql"}, NotPermitted, "cloudsqlsuperuser"),
        (
            replace(EMPTY, server=replace(MASTER, create_role=False, create_database=False)),
            {},
            NotPermitted,
            "CREATEROLE and CREATEDB",
        ),
        (
            replace(EMPTY, server=MASTER, role=ROLE, database=replace(THERE, owner="other")),
            {},
            NotPermitted,
            "belongs to 'other'",
        ),
    ],
)
def test_refusals(facts: Facts, changes: dict[str, Any], kind: type[DatabaseError], words: str) -> None:
    with pytest.raises(kind, match=words) as caught:
        plan_present(facts, replace(WANTED, **changes))
    assert caught.value.advice


def test_absent() -> None:
    assert plan_absent(EMPTY, WANTED, purge=False, force=False) == []
    with pytest.raises(Refused, match=r"database 'yatai' and role 'yatai'.*purge"):
        plan_absent(DONE, WANTED, purge=False, force=True)
    steps = plan_absent(DONE, WANTED, purge=True, force=False)
    assert [step.shown for step in steps] == ['DROP DATABASE "yatai"', 'DROP ROLE "yatai"']
    busy = replace(DONE, database=replace(THERE, sessions=2))
    with pytest.raises(InUse, match="2 session"):
        plan_absent(busy, WANTED, purge=True, force=False)
    assert plan_absent(busy, WANTED, purge=True, force=True)[0].shown == 'DROP DATABASE "yatai" WITH (FORCE)'
    with pytest.raises(Invalid, match="logged in as"):
        plan_absent(DONE, replace(WANTED, owner="postgres"), purge=True, force=False)
