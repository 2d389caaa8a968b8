# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""jwt_key and jwt_token against a real API server."""

from __future__ import annotations

import base64
import itertools
import json
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import jwt
import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.jwt import keys
from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.tests.support.control_plane import ControlPlane
from ansible_collections.bentobox.platform.tests.support.modules import run_module, run_playbook

_numbers = itertools.count(1)


class Issuer:
    """A key of its own in a namespace of its own."""

    def __init__(self, plane: ControlPlane, name: str) -> None:
        self.plane, self.name = plane, name
        self.client = Client.from_params(plane.params())

    def key(self, *, check: bool = False, **options: Any) -> dict[str, Any]:
        given = {"name": self.name, "namespace": self.name, "algorithm": "ES256", **options}
        return run_module("jwt_key", {**self.plane.params(), **given}, check=check)

    def token(self, *, check: bool = False, **options: Any) -> dict[str, Any]:
        given = {"namespace": self.name, "subject": "alice", "tenant": "tenant-a", **options}
        return run_module("jwt_token", {**self.plane.params(), **given}, check=check)

    def steps(self, **options: Any) -> dict[str, Any]:
        """Check, real, real again, check again. Returns what the first real run returned."""
        mark = self.plane.mark()
        predicted = self.key(check=True, **options)
        assert self.plane.writes(mark) == []
        done = self.key(**options)
        assert (predicted["failed"], done["failed"]) == (False, False), (predicted, done)
        assert predicted["changed"] == done["changed"]
        for what in ("created", "updated", "pruned"):
            assert sorted(predicted["objects"][what]) == sorted(done["objects"][what]), what
        mark = self.plane.mark()
        for again in (self.key(**options), self.key(check=True, **options)):
            assert not again["changed"], again["objects"]
            assert (again["kid"], again["jwks"], again["created"]) == (done["kid"], done["jwks"], False)
        assert self.plane.writes(mark) == []
        return done

    def ring(self) -> list[dict[str, Any]]:
        secret = self.client.get("v1", "Secret", "jwt-signing-key", self.name)
        return json.loads(base64.b64decode(secret["data"]["keys.json"]))["keys"]

    def published(self, namespace: str) -> dict[str, Any] | None:
        found = self.client.get_or_none("v1", "ConfigMap", "jwks", namespace)
        return json.loads(found["data"]["jwks"]) if found else None


@pytest.fixture
def issuer(control_plane: ControlPlane) -> Issuer:
    return Issuer(control_plane, f"issuer-{next(_numbers)}")


def test_the_twelve_steps(issuer: Issuer) -> None:
    name, gateway, other = issuer.name, f"{issuer.name}-gateway", f"{issuer.name}-other"
    done = issuer.steps(publish_namespaces=[gateway])
    assert sorted(done["objects"]["created"]) == sorted(
        [
            f"Namespace {name}",
            f"Namespace {gateway}",
            f"Secret {name}/{name}",
            f"Secret {name}/jwt-signing-key",
            f"ConfigMap {name}/jwks",
            f"ConfigMap {gateway}/jwks",
        ]
    )
    assert done["created"]
    assert done["kid"] == issuer.ring()[0]["kid"] == keys.thumbprint(issuer.ring()[0])
    assert issuer.published(name) == issuer.published(gateway) == done["jwks"]

    changed = issuer.steps(publish_namespaces=[other])
    assert changed["kid"] == done["kid"]
    assert changed["objects"]["pruned"] == [f"ConfigMap {gateway}/jwks"]
    assert issuer.published(other) == done["jwks"]

    gone = issuer.steps(publish_namespaces=[other], state="absent")
    assert f"Secret {name}/jwt-signing-key" in gone["kept"]
    assert issuer.published(other) is None
    back = issuer.steps(publish_namespaces=[other])
    assert (back["kid"], back["created"]) == (done["kid"], False)
    gone = issuer.steps(publish_namespaces=[other], state="absent", purge=True)
    assert f"Secret {name}/jwt-signing-key" in gone["objects"]["pruned"]
    assert issuer.client.get_or_none("v1", "Namespace", other) is None


def test_nothing_private_is_ever_shown(issuer: Issuer, tmp_path: Path) -> None:
    tasks = [
        {"bentobox.platform.jwt_key": {"name": issuer.name, "namespace": issuer.name}},
        {
            "bentobox.platform.jwt_token": {"namespace": issuer.name, "subject": "bob", "tenant": "tenant-b"},
            "no_log": True,
            "register": "bob",
        },
        {"ansible.builtin.assert": {"that": ["bob.token | length > 100", "bob is not changed"]}},
        {"bentobox.platform.jwt_key": {"name": issuer.name, "namespace": issuer.name, "algorithm": "ES256"}},
    ]
    defaults = {"group/bentobox.platform.kubernetes": issuer.plane.params()}
    done = run_playbook(tmp_path, [{"block": tasks, "module_defaults": defaults}], options=("-vvvv", "--diff"))
    assert "algorithm is ES256, and the key in Secret" in done.stdout
    ring = issuer.ring()
    assert jwt.PyJWK(ring[0]).key.key_size == 3072
    secrets = keys.private_values(ring) | {base64.b64encode(keys.dump(ring).encode()).decode()}
    assert not [value for value in secrets if value in done.stdout + done.stderr]
    assert "eyJ" not in done.stdout + done.stderr
    assert ring[0]["n"] in done.stdout  # the diff shows what is public


def test_two_runs_at_a_time_make_one_key(issuer: Issuer) -> None:
    with ThreadPoolExecutor(4) as pool:
        results = [run.result() for run in [pool.submit(issuer.key) for _number in range(4)]]
    assert not [result["msg"] for result in results if result["failed"]]
    assert len({result["kid"] for result in results}) == 1
    assert sum(result["created"] for result in results) == 1


def test_an_interrupted_run_is_finished(issuer: Issuer) -> None:
    done = issuer.key()
    issuer.client.delete("v1", "ConfigMap", "jwks", issuer.name)
    issuer.client.delete("v1", "Secret", issuer.name, issuer.name)
    again = issuer.steps()
    assert (again["kid"], again["created"], again["changed"]) == (done["kid"], False, True)


@pytest.mark.parametrize("keep", ["old", "new"])
def test_a_ring_of_several_keys(issuer: Issuer, keep: str) -> None:
    """What a rotation will write: the new key first, the old one still published."""
    ring = [keys.generate("ES256", 0), keys.generate("ES256", 0)]
    issuer.plane.run_kubectl("create", "namespace", issuer.name)
    issuer.plane.run_kubectl(
        "-n",
        issuer.name,
        "create",
        "secret",
        "generic",
        "jwt-signing-key",
        f"--from-literal=keys.json={keys.dump(ring)}",
    )
    done = issuer.steps()
    assert done["kid"] == ring[0]["kid"]
    assert [key["kid"] for key in done["jwks"]["keys"]] == [key["kid"] for key in ring]
    kid = ring[1]["kid"] if keep == "old" else None
    minted = issuer.token(kid=kid, verify_namespaces=[issuer.name])
    assert minted["kid"] == (kid or ring[0]["kid"])
    assert minted["verified"] == [issuer.name]
    # Somebody else made it: it outlives even a purge.
    assert not issuer.key(state="absent", purge=True)["failed"]
    assert issuer.ring() == ring


def test_tokens(issuer: Issuer) -> None:
    none = issuer.token()
    assert none["failed"]
    assert f"there is no Secret {issuer.name}/jwt-signing-key" in none["msg"]
    foreseen = issuer.token(check=True)
    assert (foreseen["failed"], foreseen["token"]) == (False, "")
    assert "No token in check mode" in str(foreseen["warnings"])

    done = issuer.key()
    mark = issuer.plane.mark()
    minted = issuer.token(ttl=60, claims={"team": "ml"}, verify_namespaces=[issuer.name])
    assert (minted["changed"], minted["kid"]) == (False, done["kid"])
    assert "diff" not in minted
    key = jwt.PyJWKSet.from_dict(issuer.published(issuer.name)).keys[0]
    claims = jwt.decode(minted["token"], key.key, algorithms=["ES256"], audience="tenant-a", issuer="bentobox")
    assert claims == minted["claims"]
    assert (claims["exp"] - claims["iat"], claims["team"], claims["exp"]) == (60, "ml", minted["expires"])
    assert issuer.plane.writes(mark) == []


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"ttl": -1}, "ttl is -1: it must be between 1 and 86400 seconds"),
        ({"tenant": ""}, "tenant is empty"),
        ({"claims": {"sub": "root"}}, "claims may not say sub"),
        ({"kid": "nope"}, "kid is 'nope'"),
        ({"audiences": []}, "audiences has no"),
        ({"verify_namespaces": ["default"]}, "there is no ConfigMap default/jwks"),
        ({"secret": "another"}, "there is no Secret"),
    ],
)
def test_refusals_of_tokens(control_plane: ControlPlane, options: dict[str, Any], problem: str) -> None:
    issuer = Issuer(control_plane, "issuer-refusals")
    issuer.key()
    refused = issuer.token(**options)
    assert refused["failed"]
    assert problem in refused["msg"]
    assert "token" not in refused


def test_a_token_that_nobody_accepts_is_not_given(issuer: Issuer) -> None:
    issuer.key()
    other = json.dumps(keys.public([keys.generate("ES256", 0)]))
    issuer.client.patch("v1", "ConfigMap", "jwks", issuer.name, {"data": {"jwks": other}})
    refused = issuer.token(verify_namespaces=[issuer.name])
    assert f"signed by a key that ConfigMap {issuer.name}/jwks does not hold" in refused["msg"]
    assert not issuer.steps()["created"]  # publishes it anew
    assert issuer.token(verify_namespaces=[issuer.name])["token"]


def broken(issuer: Issuer, data: dict[str, str]) -> dict[str, Any]:
    issuer.plane.run_kubectl("create", "namespace", issuer.name)
    metadata = {"name": "jwt-signing-key", "namespace": issuer.name}
    issuer.client.create({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data})
    return issuer.key()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ({"tls.key": "x"}, "is there and has no key 'keys.json'"),
        ({"keys.json": "canary-canary"}, "does not hold a JWK Set with private keys; restore it from a backup"),
    ],
)
def test_refusals_of_secrets(issuer: Issuer, data: dict[str, str], problem: str) -> None:
    for refused in (broken(issuer, data), issuer.token()):
        assert refused["failed"]
        assert problem in refused["msg"]
        assert "canary" not in str(refused)


def test_what_others_published_is_not_taken_over(issuer: Issuer) -> None:
    issuer.plane.run_kubectl("create", "namespace", f"{issuer.name}-theirs")
    issuer.plane.run_kubectl("-n", f"{issuer.name}-theirs", "create", "configmap", "jwks", "--from-literal=jwks={}")
    refused = issuer.key(publish_namespaces=[f"{issuer.name}-theirs"])
    assert "it exists already and was made by" in refused["msg"]
    assert issuer.published(f"{issuer.name}-theirs") == {}
    assert not issuer.key(publish_namespaces=[f"{issuer.name}-theirs"], take_ownership=True)["failed"]
    assert issuer.token(verify_namespaces=[f"{issuer.name}-theirs"])["token"]


def test_without_the_library(issuer: Issuer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "jwt").mkdir()
    (tmp_path / "jwt/__init__.py").write_text("raise ImportError('not here')\n")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ['PYTHONPATH']}")
    for run in (issuer.key, issuer.token):
        refused: dict[str, Any] = run()
        assert refused["failed"]
        assert "Failed to import the required Python library (PyJWT[crypto])" in refused["msg"]


def test_what_rights_it_needs(issuer: Issuer) -> None:
    refused = issuer.key(impersonate_user="nobody")
    assert refused["failed"]
    assert 'cannot get resource "secrets"' in refused["msg"]
    assert "grant these credentials the verb 'get' on 'secrets'" in refused["msg"]
