# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module database against a real PostgreSQL."""

from __future__ import annotations

import itertools
import secrets
from typing import Any

import psycopg
import pytest
from ansible_collections.bentobox.platform.tests.support.certificates import Authority
from ansible_collections.bentobox.platform.tests.support.modules import run_module, run_playbook
from ansible_collections.bentobox.platform.tests.support.postgres import Postgres
from ansible_collections.bentobox.platform.tests.support.process import free_port

_numbers = itertools.count(1)


def arguments(server: Postgres, **more: Any) -> dict[str, Any]:
    return {
        "login_host": server.host,
        "login_port": server.port,
        "login_user": server.user,
        "login_password": server.password,
        **more,
    }


def wanted(server: Postgres, **more: Any) -> dict[str, Any]:
    """A database of its own for each test."""
    return arguments(server, **{"name": f"yatai_{next(_numbers)}", "password": "first p@ss/w'ord", **more})


def snapshot(server: Postgres) -> list[Any]:
    return [
        server.sql("SELECT datname, pg_get_userbyid(datdba), datacl::text FROM pg_database ORDER BY 1"),
        server.sql("SELECT rolname, rolcanlogin, rolpassword FROM pg_authid ORDER BY 1"),
    ]


def steps(server: Postgres, args: dict[str, Any]) -> dict[str, Any]:
    """Check mode says it and writes nothing; the first run does it; check mode and a second run have nothing to do."""
    before = snapshot(server)
    predicted = run_module("database", args, check=True)
    assert predicted["changed"], predicted
    assert snapshot(server) == before
    done = run_module("database", args)
    assert done["changed"], done
    assert done["statements"] == predicted["statements"]
    assert done["diff"] == predicted["diff"]
    assert done["diff"]["before"] != done["diff"]["after"]
    after = snapshot(server)
    for check in (True, False):
        again = run_module("database", args, check=check)
        assert not again["failed"], again
        assert not again["changed"], again
        assert again["statements"] == []
        assert again["diff"]["before"] == again["diff"]["after"] or args.get("state") == "absent"
    assert snapshot(server) == after
    return done


def test_twelve_steps(postgres_server: Postgres) -> None:
    """create, modify, delete: each in check mode and for real, each a second time."""
    args = wanted(postgres_server, extensions=["pgcrypto"])
    name = args["name"]

    created = steps(postgres_server, args)
    assert created["password_changed"]
    with postgres_server.connect(name, user=name, password=args["password"]) as connection:
        connection.execute("CREATE TABLE bento (id uuid DEFAULT gen_random_uuid())")
        assert connection.execute("SELECT encode(digest('x', 'sha256'), 'hex')").fetchone()[0].startswith("2d7116")

    postgres_server.sql("CREATE ROLE reporting LOGIN PASSWORD 'r'")
    modified = {**args, "password": "second", "grants": [{"role": "reporting", "privileges": ["CONNECT"]}]}
    assert steps(postgres_server, modified)["password_changed"]
    postgres_server.connect(name, user=name, password="second").close()
    postgres_server.connect(name, user="reporting", password="r").close()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        postgres_server.connect(name, user=name, password=args["password"])
    assert postgres_server.sql("SELECT count(*) FROM bento", name) == [(0,)]

    refused = run_module("database", {**modified, "state": "absent"})
    assert refused["failed"]
    assert refused["kind"] == "refused"
    assert "purge" in refused["msg"]
    assert name in refused["msg"]
    steps(postgres_server, {**modified, "state": "absent", "purge": True})
    assert postgres_server.sql(f"SELECT 1 FROM pg_database WHERE datname = '{name}'") == []
    assert postgres_server.sql(f"SELECT 1 FROM pg_roles WHERE rolname = '{name}'") == []


def test_a_database_is_closed_to_others_unless_asked(postgres_server: Postgres) -> None:
    postgres_server.sql("CREATE ROLE passer_by LOGIN PASSWORD 'x'")
    args = wanted(postgres_server)
    run_module("database", args)
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        postgres_server.connect(args["name"], user="passer_by", password="x")
    steps(postgres_server, {**args, "public_access": True})
    postgres_server.connect(args["name"], user="passer_by", password="x").close()


def test_password_is_kept_when_none_is_given(postgres_server: Postgres) -> None:
    args = wanted(postgres_server)
    run_module("database", args)
    assert not run_module("database", {**args, "password": None})["changed"]
    assert not run_module("database", {**args, "password": "other", "update_password": "on_create"})["changed"]
    postgres_server.connect(args["name"], user=args["name"], password=args["password"]).close()


def test_new_role_needs_a_password(postgres_server: Postgres) -> None:
    result = run_module("database", wanted(postgres_server, password=None))
    assert result["kind"] == "invalid"
    assert "Set password" in result["msg"]


def test_names_are_never_taken_for_sql(postgres_server: Postgres) -> None:
    name = 'robert"; DROP DATABASE postgres; --'
    args = wanted(postgres_server, name=name, owner='o\'brien "x"', password="'; DROP ROLE postgres; --")
    steps(postgres_server, args)
    with postgres_server.connect(name, user=args["owner"], password=args["password"]) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == (name,)
    steps(postgres_server, {**args, "state": "absent", "purge": True})


def test_sessions_are_not_cut_unless_forced(postgres_server: Postgres) -> None:
    args = wanted(postgres_server)
    run_module("database", args)
    absent = {**args, "state": "absent", "purge": True}
    with postgres_server.connect(args["name"], user=args["name"], password=args["password"]):
        refused = run_module("database", absent)
        assert refused["kind"] == "in_use"
        assert "1 session" in refused["msg"]
        assert run_module("database", {**absent, "force": True})["changed"]


def test_encoding_cannot_be_changed(postgres_server: Postgres) -> None:
    args = wanted(postgres_server)
    run_module("database", args)
    assert not run_module("database", {**args, "encoding": "utf-8"})["changed"]
    result = run_module("database", {**args, "encoding": "SQL_ASCII"})
    assert result["kind"] == "invalid"
    assert "UTF8" in result["msg"]


def test_unknown_extension_and_unknown_grantee(postgres_server: Postgres) -> None:
    result = run_module("database", wanted(postgres_server, extensions=["pg_nonsense"]))
    assert result["failed"]
    assert "pg_nonsense" in result["msg"]
    result = run_module("database", wanted(postgres_server, grants=[{"role": "nobody_there"}]))
    assert result["failed"]
    assert "nobody_there" in result["msg"]


def test_an_interrupted_run_is_finished_by_the_next(postgres_server: Postgres) -> None:
    args = wanted(postgres_server, extensions=["pgcrypto"])
    postgres_server.sql(f"CREATE ROLE {args['name']} NOLOGIN")
    postgres_server.sql(f"CREATE DATABASE {args['name']}")
    steps(postgres_server, args)
    with postgres_server.connect(args["name"], user=args["name"], password=args["password"]) as connection:
        connection.execute("CREATE TABLE t (i int)")


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"login_password": "wrong"}, "authentication", "login_password"),
        ({"login_user": "nobody_there"}, "authentication", "nobody_there"),
        ({"login_database": "nothing_here"}, "failed", "login_database"),
        ({"login_host": "does-not-exist.invalid"}, "unreachable", "login_host"),
        ({"sslmode": "require"}, "tls", "SSL"),
    ],
)
def test_login_that_fails(postgres_server: Postgres, change: dict[str, Any], kind: str, words: str) -> None:
    result = run_module("database", {**wanted(postgres_server), **change})
    assert result["failed"]
    assert result["kind"] == kind, result["msg"]
    assert words in result["msg"]


def test_nothing_listens(postgres_server: Postgres) -> None:
    result = run_module("database", {**wanted(postgres_server), "login_port": free_port()})
    assert result["kind"] == "unreachable"


def test_server_that_goes_away_comes_back(fresh_postgres: Postgres) -> None:
    args = wanted(fresh_postgres)
    fresh_postgres.stop()
    assert run_module("database", args)["kind"] == "unreachable"
    fresh_postgres.start()
    steps(fresh_postgres, args)


def test_tls(postgres_tls_server: Postgres, tmp_path: Any) -> None:
    args = wanted(postgres_tls_server, sslmode="verify-full", ca_cert=postgres_tls_server.ca_cert)
    steps(postgres_tls_server, args)
    other = Authority(tmp_path / "other")
    wrong = run_module("database", {**args, "ca_cert": str(other.path)})
    assert wrong["kind"] == "tls", wrong["msg"]
    assert "ca_cert" in wrong["msg"]
    missing = run_module("database", {**args, "ca_cert": str(tmp_path / "nothing.pem")})
    assert missing["kind"] == "tls", missing["msg"]
    plain = run_module("database", {**args, "sslmode": "disable", "ca_cert": None})
    assert plain["kind"] == "tls", plain["msg"]
    assert "sslmode" in plain["msg"]


@pytest.fixture(params=["rds", "cloudsql"])
def managed(request: pytest.FixtureRequest, fresh_postgres: Postgres) -> tuple[Postgres, dict[str, Any]]:
    """A server whose administrator has what the managed services' masters have: no superuser."""
    group = {"rds": "rds_superuser", "cloudsql": "cloudsqlsuperuser"}[request.param]
    fresh_postgres.sql(f"CREATE ROLE {group} CREATEROLE CREATEDB")
    fresh_postgres.sql(f"CREATE ROLE master LOGIN CREATEROLE CREATEDB PASSWORD 'master-pw' IN ROLE {group}")
    args = wanted(
        fresh_postgres, provider=request.param, sslmode="prefer", login_user="master", login_password="master-pw"
    )
    return fresh_postgres, args


def test_master_of_a_managed_service(managed: tuple[Postgres, dict[str, Any]]) -> None:
    server, args = managed
    done = steps(server, {**args, "extensions": ["pgcrypto"]})
    assert any(statement.startswith("GRANT") for statement in done["statements"])
    with server.connect(args["name"], user=args["name"], password=args["password"]) as connection:
        assert connection.execute("SELECT gen_random_uuid()").fetchone()
    # here the password can only be tried, not read
    changed = {**args, "password": "third"}
    assert steps(server, changed)["password_changed"]
    server.connect(args["name"], user=args["name"], password="third").close()
    steps(server, {**changed, "state": "absent", "purge": True})


def test_managed_service_without_its_group(managed: tuple[Postgres, dict[str, Any]]) -> None:
    server, args = managed
    server.sql("CREATE ROLE outsider LOGIN CREATEROLE CREATEDB PASSWORD 'outsider-pw'")
    result = run_module("database", {**args, "login_user": "outsider", "login_password": "outsider-pw"})
    assert result["kind"] == "permission"
    assert "superuser" in result["msg"]


def test_administrator_without_rights(postgres_server: Postgres) -> None:
    postgres_server.sql("CREATE ROLE weak LOGIN PASSWORD 'weak-pw'")
    result = run_module("database", wanted(postgres_server, login_user="weak", login_password="weak-pw"))
    assert result["kind"] == "permission"
    assert "CREATEROLE and CREATEDB" in result["msg"]


def test_trusting_server_cannot_tell_about_the_password(fresh_postgres: Postgres) -> None:
    fresh_postgres.sql("CREATE ROLE master LOGIN CREATEROLE CREATEDB PASSWORD 'master-pw'")
    args = wanted(fresh_postgres, login_user="master", login_password="master-pw")
    run_module("database", args)
    (fresh_postgres.root / "data" / "pg_hba.conf").write_text("host all all 127.0.0.1/32 trust\n")
    fresh_postgres.sql("SELECT pg_reload_conf()")
    result = run_module("database", {**args, "password": "other"})
    assert not result["failed"], result
    assert not result["changed"]
    assert "left as it is" in str(result["warnings"])


def test_secrets_never_appear(fresh_postgres: Postgres, tmp_path: Any) -> None:
    """Neither in what ansible-playbook prints at its most talkative, nor in the server's log of all statements."""
    canaries = [f"canary{secrets.token_hex(8)}" for _ in range(2)]
    options = arguments(fresh_postgres, name="yatai", login_password="{{ admin_password }}", extensions=["pgcrypto"])
    tasks = [
        {"name": "Create", "bentobox.platform.database": {**options, "password": "{{ canaries[0] }}"}},
        {"name": "Change", "bentobox.platform.database": {**options, "password": "{{ canaries[1] }}"}},
        {
            "name": "Fail to log in",
            "bentobox.platform.database": {
                **options,
                "password": "{{ canaries[0] }}",
                "login_password": "{{ canaries[1] }}",
            },
            "ignore_errors": True,
        },
        {
            "name": "Fail in a statement",
            "bentobox.platform.database": {
                **options,
                "name": "x",
                "owner": "pg_forbidden",
                "password": "{{ canaries[0] }}",
            },
            "ignore_errors": True,
        },
    ]
    variables = {"canaries": canaries, "admin_password": fresh_postgres.password}
    done = run_playbook(tmp_path / "play", tasks, variables=variables)
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    assert "changed=2" in output
    assert "ignored=2" in output
    assert "pg_forbidden" in output
    for secret in [*canaries, fresh_postgres.password]:
        assert secret not in output
        assert secret not in fresh_postgres.log.read_text()
    assert "SCRAM-SHA-256" in fresh_postgres.log.read_text()
    assert "SCRAM-SHA-256" not in output
