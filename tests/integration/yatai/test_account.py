# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""yatai_account against a real Yatai and a real Kubernetes API server, and Yatai through its service proxy."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bentobox.platform.tests.support.bentos import make_bento, make_model
from ansible_collections.bentobox.platform.tests.support.control_plane import ControlPlane
from ansible_collections.bentobox.platform.tests.support.modules import run_module, run_playbook
from ansible_collections.bentobox.platform.tests.support.objectstore import ObjectStore
from ansible_collections.bentobox.platform.tests.support.postgres import Postgres
from ansible_collections.bentobox.platform.tests.support.services import put_service
from ansible_collections.bentobox.platform.tests.support.yatai import Yatai, start_yatai

KEYS = {
    "changed",
    "predicted",
    "version",
    "setup_done",
    "admin_secret",
    "token_secret",
    "users",
    "organization_changed",
    "diff",
}
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def new_yatai(postgres_server: Postgres, object_store: ObjectStore) -> Iterator[Yatai]:
    """A server that nobody has set up."""
    server = start_yatai(postgres_server, object_store, set_up=False)
    yield server
    server.close()


@pytest.fixture
def arguments(control_plane: ControlPlane, namespace: str, new_yatai: Yatai) -> dict[str, Any]:
    return {
        "kubeconfig": str(control_plane.kubeconfig),
        "endpoint": new_yatai.endpoint,
        "initialization_token": new_yatai.initialization_token,
        "admin_secret": {"namespace": namespace},
        "token_secret": {"namespace": namespace},
        "retry_timeout": 10,
    }


@pytest.fixture
def account(arguments: dict[str, Any]) -> Run:
    def run(check: bool = False, **more: Any) -> dict[str, Any]:
        result = run_module("yatai_account", arguments | more, check=check)
        assert result["failed"] or set(result) >= KEYS
        return result

    return run


def secret(plane: ControlPlane, namespace: str, name: str) -> dict[str, str]:
    done = plane.run_kubectl("-n", namespace, "get", "secret", name, "-o", "json", "--ignore-not-found", check=False)
    data = json.loads(done.stdout or "{}").get("data") or {}
    return {key: base64.b64decode(value).decode() for key, value in data.items()}


def tokens(server: Yatai) -> list[str]:
    listed = server.request("GET", "/api_tokens?start=0&count=100", headers=login(server))["items"]
    return [item["name"] for item in listed]


def login(server: Yatai) -> dict[str, str]:
    return server.login()


def test_the_whole_cycle(account: Run, new_yatai: Yatai, control_plane: ControlPlane, namespace: str) -> None:
    # first set-up: predicted without a write, done, nothing left
    before, mark = new_yatai.fingerprint(), control_plane.mark()
    also = {"users": [{"name": "eva", "password": "eva-password-1"}], "organization_config": {"s3": {"region": "x"}}}
    check = account(check=True, **also)
    assert check["users"] == [{"name": "eva", "role": "developer", "created": True, "changed": True}]
    assert set(check["diff"]["after"]) >= {"setup", "token", "user eva", "organization_config"}
    for _ in range(2):
        check = account(check=True)
        assert not check["failed"], check["msg"]
        assert (check["changed"], check["setup_done"], check["predicted"]) == (True, True, False)
    assert new_yatai.fingerprint() == before
    assert control_plane.writes(mark) == []
    done = account()
    assert not done["failed"], done["msg"]
    assert (done["changed"], done["setup_done"]) == (True, True)
    assert done["admin_secret"]["written"]
    assert done["token_secret"]["written"]
    assert done["diff"] == check["diff"]
    admin, token = secret(control_plane, namespace, "yatai-admin"), secret(control_plane, namespace, "yatai-api-token")
    assert set(admin) == {"email", "password"}
    assert len(admin["password"]) >= 20
    new_yatai.token, new_yatai.admin_password = token["token"], admin["password"]
    assert new_yatai.request("GET", "/current_org")["name"] == "default"
    after, mark = new_yatai.fingerprint(), control_plane.mark()
    for again in (account(check=True), account()):
        assert not again["failed"], again["msg"]
        assert (again["changed"], again["setup_done"], again["diff"]["after"]) == (False, False, {})
    assert new_yatai.fingerprint() == after
    assert control_plane.writes(mark) == []
    for result in (check, done, again):
        text = json.dumps(result)
        assert admin["password"] not in text
        assert token["token"] not in text
        assert new_yatai.initialization_token not in text

    # users: made, promoted, left alone; one that could not be made is refused by check mode too
    nobody = account(check=True, users=[{"name": "bo"}])
    assert "give a password" in nobody["msg"]
    users = [{"name": "ana", "email": "ana@example.org", "password": "ana-password-1", "role": "developer"}]
    assert account(check=True, users=users)["changed"]
    assert account(users=users)["users"] == [{"name": "ana", "role": "developer", "created": True, "changed": True}]
    assert not account(users=users)["changed"]
    users[0]["role"] = "admin"
    assert account(users=users)["users"] == [{"name": "ana", "role": "admin", "created": False, "changed": True}]
    assert not account(users=users)["changed"]
    missing = account(users=[{"name": "bo"}])
    assert missing["failed"]
    assert "give a password" in missing["msg"]

    # settings: only what is asked for changes, credentials show as "(set)"
    config = {"s3": {"endpoint": "s3.example.org", "access_key": "the-access-key", "secret_key": "the-secret-key"}}
    check, done = account(check=True, organization_config=config), account(organization_config=config)
    assert check["organization_changed"]
    assert done["organization_changed"]
    assert "the-secret-key" not in json.dumps(done["diff"])
    assert not account(organization_config=config)["changed"]
    assert account(organization_config={"s3": {"region": "eu-west-1"}})["changed"]
    stored = new_yatai.request("GET", "/current_org")["config"]["s3"]
    assert (stored["endpoint"], stored["region"], stored["secret_key"]) == (
        "s3.example.org",
        "eu-west-1",
        "the-secret-key",
    )


def test_token_is_replaced_only_when_lost_or_refused(
    account: Run, new_yatai: Yatai, control_plane: ControlPlane, namespace: str
) -> None:
    account()
    new_yatai.admin_password = secret(control_plane, namespace, "yatai-admin")["password"]
    first = secret(control_plane, namespace, "yatai-api-token")["token"]
    # lost
    control_plane.run_kubectl("-n", namespace, "delete", "secret", "yatai-api-token")
    assert account(check=True)["token_secret"]["written"]
    again = account()
    assert (again["changed"], again["setup_done"], again["token_secret"]["written"]) == (True, False, True)
    second = secret(control_plane, namespace, "yatai-api-token")["token"]
    assert second != first
    assert tokens(new_yatai) == ["bentobox-platform"], "the lost token must be gone from Yatai"
    assert not account()["changed"]
    # refused: unknown, expired, and the kind that crashes requests
    expired = new_yatai.new_token("expired", ["api"], "2020-01-01T00:00:00Z")
    for bad in ("nonsense", expired, new_yatai.new_token("scopeless", None)):
        encoded = base64.b64encode(bad.encode()).decode()
        patch = json.dumps({"data": {"token": encoded}})
        control_plane.run_kubectl("-n", namespace, "patch", "secret", "yatai-api-token", "-p", patch)
        result = account()
        assert not result["failed"], result["msg"]
        assert result["token_secret"]["written"]
        assert secret(control_plane, namespace, "yatai-api-token")["token"] != bad
        assert not account()["changed"]


def test_password_of_the_task_and_of_the_secret(
    account: Run, new_yatai: Yatai, control_plane: ControlPlane, namespace: str
) -> None:
    done = account(admin={"name": "boss", "email": "boss@example.org", "password": "given-password-1"})
    assert not done["failed"], done["msg"]
    assert secret(control_plane, namespace, "yatai-admin") == {
        "email": "boss@example.org",
        "password": "given-password-1",
    }
    new_yatai.request("POST", "/auth/login", {"name_or_email": "boss", "password": "given-password-1"})
    # token lost and a password that is not the one: said, and nothing of the Secret is overwritten by a made-up one
    control_plane.run_kubectl("-n", namespace, "delete", "secret", "yatai-api-token")
    encoded = base64.b64encode(b"another").decode()
    control_plane.run_kubectl(
        "-n", namespace, "patch", "secret", "yatai-admin", "-p", json.dumps({"data": {"password": encoded}})
    )
    wrong = account(admin={"name": "boss"})
    assert wrong["failed"]
    assert "refuses administrator 'boss'" in wrong["msg"]
    assert "another" not in wrong["msg"].replace("changed elsewhere", "")


def test_first_set_up_that_cannot_work(account: Run, new_yatai: Yatai, namespace: str) -> None:
    wrong = account(initialization_token="wrong-token-of-a-test")
    assert wrong["failed"]
    assert "invalid token" in wrong["msg"]
    assert "initialization_secret" in wrong["msg"]
    assert "wrong-token-of-a-test" not in wrong["msg"]
    absent = account(initialization_token=None, initialization_secret={"namespace": namespace})
    assert absent["failed"]
    assert "YATAI_INITIALIZATION_TOKEN" in absent["msg"]
    scopeless = account(token={"scopes": []})
    assert scopeless["failed"]
    assert "scopes" in scopeless["msg"]
    # and after all that it still can be done
    assert not account()["failed"]


def test_initialization_token_from_its_secret(
    account: Run, new_yatai: Yatai, control_plane: ControlPlane, namespace: str
) -> None:
    control_plane.run_kubectl(
        "-n",
        namespace,
        "create",
        "secret",
        "generic",
        "yatai-env",
        f"--from-literal=YATAI_INITIALIZATION_TOKEN={new_yatai.initialization_token}",
    )
    done = account(initialization_token=None, initialization_secret={"namespace": namespace})
    assert not done["failed"], done["msg"]
    assert done["setup_done"]


def test_somebody_registered_first(account: Run, new_yatai: Yatai) -> None:
    """Self-registration is always open in Yatai 1.1, and whoever comes first blocks the set-up."""
    new_yatai.request(
        "POST",
        "/auth/register",
        {"name": "mallory", "email": "m@example.org", "password": "mallory-1", "first_name": "", "last_name": ""},
    )
    result = account()
    assert result["failed"]
    assert "registered first" in result["msg"]


def test_waits_for_a_yatai_that_comes_late_and_gives_up_on_one_that_does_not(account: Run, new_yatai: Yatai) -> None:
    new_yatai.stop()
    late = account(wait_timeout=3)
    assert late["failed"]
    assert new_yatai.endpoint in late["msg"]
    check = account(check=True)
    assert (check["failed"], check["changed"], check["predicted"]) == (False, True, True)
    # nothing at all is installed: neither the namespace nor the Service exists
    empty = account(check=True, endpoint="kubernetes://not-yet/yatai:80", token_secret={"namespace": "not-yet"})
    assert (empty["failed"], empty["changed"], empty["predicted"]) == (False, True, True)
    timer = threading.Timer(4, new_yatai.start)
    timer.start()
    done = account(wait_timeout=60)
    timer.join()
    assert not done["failed"], done["msg"]
    assert done["setup_done"]


@pytest.fixture
def service(control_plane: ControlPlane, namespace: str, new_yatai: Yatai) -> str:
    """A Service in front of the server, so that it is reached as in a cluster."""
    put_service(control_plane, namespace, "yatai", 80, new_yatai.port)
    return f"kubernetes://{namespace}/yatai:80"


def test_everything_through_the_service_proxy(
    account: Run, service: str, namespace: str, control_plane: ControlPlane, new_yatai: Yatai, tmp_path: Path
) -> None:
    done = account(endpoint=service)
    assert not done["failed"], done["msg"]
    assert not account(endpoint=service)["changed"]
    home = tmp_path / "home"
    make_model(home, "far", "m1", size=30 << 20)
    make_bento(home, "far", "v1", ("far:m1",), size=20 << 20)
    shared = {
        "kubeconfig": str(control_plane.kubeconfig),
        "endpoint": service,
        "token_secret": {"namespace": namespace},
        "retry_timeout": 10,
    }
    pushed = run_module("bento_push", shared | {"tag": "far:v1", "bentoml_home": str(home), "verify": "digest"})
    assert not pushed["failed"], pushed["msg"]
    assert (pushed["verified"], pushed["bytes_sent"]) == ("digest", pushed["size"] + pushed["models"][0]["size"])
    assert pushed["url"].startswith(f"http://yatai.{namespace}.svc")
    pulled = run_module("bento_pull", shared | {"tag": "far:v1", "bentoml_home": str(tmp_path / "other")})
    assert not pulled["failed"], pulled["msg"]
    assert (pulled["verified"], pulled["digest"]) == ("digest", pushed["digest"])
    # a token that crashes the request looks different through the proxy
    new_yatai.admin_password = secret(control_plane, namespace, "yatai-admin")["password"]
    bad = run_module("bento_info", shared | {"api_token": new_yatai.new_token("none", None)})
    assert bad["failed"]
    assert "without scopes" in bad["msg"]
    absent = run_module("bento_info", shared | {"endpoint": f"kubernetes://{namespace}/nothing:80"})
    assert absent["failed"]
    assert "nothing" in absent["msg"]
    assert "Kubernetes" in absent["msg"]
    new_yatai.stop()
    down = run_module("bento_info", shared | {"retry_timeout": 2})
    assert down["failed"]
    assert "GET" in down["msg"]


def test_no_token_in_the_secret(control_plane: ControlPlane, namespace: str, new_yatai: Yatai) -> None:
    result = run_module(
        "bento_info",
        {
            "kubeconfig": str(control_plane.kubeconfig),
            "endpoint": new_yatai.endpoint,
            "token_secret": {"namespace": namespace},
        },
    )
    assert result["failed"]
    assert f"{namespace}/yatai-api-token" in result["msg"]
    assert "yatai_account" in result["msg"]


def test_nothing_secret_in_the_output_of_a_playbook(
    arguments: dict[str, Any], new_yatai: Yatai, control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    """ansible-playbook -vvv --diff, with successes and failures, shows no token and no password."""
    home = tmp_path / "home"
    make_bento(home, "quiet", "v1")
    # By variables, as one does: ansible itself quotes the lines of a playbook around a failed task.
    canaries = {
        "admin": "canary-admin-password-7",
        "user": "canary-user-password-7",
        "access": "canary-access-7",
        "s3": "canary-s3-secret-7",
        "token": "canary-token-7",
        "start": new_yatai.initialization_token,
    }
    shared = {key: arguments[key] for key in ("kubeconfig", "endpoint", "token_secret", "retry_timeout")}
    push = shared | {"tag": "quiet:v1", "bentoml_home": str(home)}
    name = "bentobox.platform."
    account_task = arguments | {
        "initialization_token": "{{ start }}",
        "admin": {"name": "admin", "email": "a@example.org", "password": "{{ admin }}"},
        "users": [{"name": "ana", "email": "ana@example.org", "password": "{{ user }}"}],
        "organization_config": {"s3": {"region": "us-east-1"}},
    }
    store = {"endpoint": "127.0.0.1:9", "access_key": "{{ access }}", "secret_key": "{{ s3 }}"}
    tasks = [
        {"name": "Account", f"{name}yatai_account": account_task},
        {"name": "Push", f"{name}bento_push": push, "register": "pushed"},
        {"name": "Show", "ansible.builtin.debug": {"var": "pushed"}},
        {"name": "Info", f"{name}bento_info": shared},
        {
            "name": "Bad token",
            f"{name}bento_push": push | {"api_token": "{{ token }}", "force": True},
            "ignore_errors": True,
        },
        {"name": "Bad store", f"{name}yatai_account": account_task | {"organization_config": {"s3": store}}},
        {
            "name": "No store",
            f"{name}bento_push": push | {"force": True, "strategy": "presigned", "retry_timeout": 1},
            "ignore_errors": True,
        },
    ]
    done = run_playbook(tmp_path / "play", tasks, variables=canaries)
    output = done.stdout + done.stderr
    assert done.returncode == 0, output[-3000:]
    assert "ignored=2" in output
    token = secret(control_plane, namespace, "yatai-api-token")["token"]
    hidden = [token, *canaries.values()]
    leaks = [line[:600] for line in output.splitlines() if any(word in line for word in hidden)]
    assert leaks == []
    assert "X-Amz-Signature" not in output
