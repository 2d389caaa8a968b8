# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys and tokens, without a cluster."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import jwt
import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.jwt import keys, token
from ansible_collections.bentobox.platform.plugins.module_utils.jwt.errors import JwtError
from cryptography.hazmat.primitives.asymmetric import rsa

# The example of RFC 7638, section 3.1: the key and its thumbprint.
RFC_KEY = {
    "kty": "RSA",
    "n": "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3o"
    "knjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6"
    "qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awap"
    "JzKnqDKgw",
    "e": "AQAB",
    "alg": "RS256",
    "kid": "2011-04-29",
}
RFC_THUMBPRINT = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
NOW = 1_800_000_000
CLAIMS = token.Claims(subject="alice", tenant="tenant-a", issuer="bentobox", audiences=("tenant-a",), ttl=600)
PRIVATE = {"d", "p", "q", "dp", "dq", "qi"}


@pytest.fixture(scope="module", params=["RS256", "ES256"])
def key(request: pytest.FixtureRequest) -> dict[str, Any]:
    return keys.generate(request.param, 2048, now=NOW)


def test_thumbprint_is_the_one_of_the_standard() -> None:
    assert keys.thumbprint(RFC_KEY) == RFC_THUMBPRINT


def test_what_is_published_holds_nothing_private(key: dict[str, Any]) -> None:
    published = keys.public([key])["keys"][0]
    assert not set(published) & PRIVATE
    assert "iat" not in published
    assert (published["kid"], published["alg"], published["use"]) == (keys.thumbprint(key), key["alg"], "sig")
    text = keys.as_text(keys.public([key]))
    assert not [value for value in keys.private_values([key]) if value in text]
    assert "AQAB" not in keys.private_values([key])


def test_a_ring_is_read_as_it_was_written(key: dict[str, Any]) -> None:
    other = keys.generate("ES256", 0, now=NOW)
    assert keys.load(keys.dump([key, other]), "x") == [key, other]


@pytest.mark.parametrize("size", [1024, 2047, 8193, -1])
def test_key_sizes(size: int) -> None:
    with pytest.raises(JwtError, match=rf"key_size is {size}: it must be between 2048 and 8192"):
        keys.generate("RS256", size)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("no json", "does not hold a JWK Set"),
        ("[]", "does not hold a JWK Set"),
        ('{"keys": {"a": 1}}', "does not hold a JWK Set"),
        ('{"keys": []}', "empty JWK Set"),
        ('{"keys": [{"kty": "oct", "k": "c2VjcmV0LXZhbHVl"}]}', "neither RSA nor EC"),
        (json.dumps({"keys": [RFC_KEY]}), "a key without d, p, q"),
        ('{"keys": [{"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA", "d": "AA"}]}', "cannot be read"),
        ('{"keys": [{"kty": "EC", "crv": "P-384", "x": "A", "y": "A", "d": "A", "alg": "ES384"}]}', "an algorithm"),
    ],
)
def test_a_broken_ring_is_told_without_its_content(text: str, problem: str) -> None:
    with pytest.raises(JwtError, match=problem) as caught:
        keys.load(text, "Secret a/b")
    assert str(caught.value).startswith("Secret a/b ")
    assert "restore it from a backup" in str(caught.value)
    assert "c2VjcmV0" not in str(caught.value)


def test_a_small_key_is_refused() -> None:
    small = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    text = json.dumps({"keys": [jwt.algorithms.RSAAlgorithm.to_jwk(small, as_dict=True)]})
    with pytest.raises(JwtError, match="of 1024 bits"):
        keys.load(text, "Secret a/b")


def test_a_token_says_what_was_asked_and_verifies(key: dict[str, Any]) -> None:
    claims = replace(CLAIMS, extra={"team": ["ml"]}, audiences=("tenant-a", "other"))
    now = int(time.time())
    minted = token.mint(claims, key, now)
    assert jwt.get_unverified_header(minted) == {"alg": key["alg"], "kid": key["kid"], "typ": "JWT"}
    public = jwt.PyJWK(keys.public([key])["keys"][0])
    assert jwt.decode(minted, public.key, algorithms=[key["alg"]], audience="other") == {
        "iss": "bentobox",
        "sub": "alice",
        "aud": ["tenant-a", "other"],
        "tenant": "tenant-a",
        "team": ["ml"],
        "iat": now,
        "exp": now + 600,
    }
    token.verify(minted, keys.as_text(keys.public([keys.generate("ES256", 0), key])), claims, "x")


def test_what_does_not_verify(key: dict[str, Any]) -> None:
    now = int(time.time())
    minted, other = token.mint(CLAIMS, key, now), keys.generate(key["alg"], 2048)
    with pytest.raises(JwtError, match="ConfigMap a/jwks does not hold; publish the keys anew"):
        token.verify(minted, keys.public([other]), CLAIMS, "ConfigMap a/jwks")
    forged = {**keys.public([other])["keys"][0], "kid": key["kid"]}
    with pytest.raises(JwtError, match="InvalidSignatureError"):
        token.verify(minted, {"keys": [forged]}, CLAIMS, "x")
    with pytest.raises(JwtError, match="ExpiredSignatureError"):
        token.verify(token.mint(CLAIMS, key, now - 601), keys.public([key]), CLAIMS, "x")
    with pytest.raises(JwtError, match="InvalidIssuerError"):
        token.verify(minted, keys.public([key]), replace(CLAIMS, issuer="another"), "x")
    with pytest.raises(JwtError, match="InvalidAudienceError"):
        token.verify(minted, keys.public([key]), replace(CLAIMS, audiences=("another",)), "x")
    with pytest.raises(JwtError, match="refused by the keys in x"):
        token.verify(minted, "no json", CLAIMS, "x")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"subject": " "}, "subject is empty"),
        ({"tenant": ""}, "tenant is empty"),
        ({"issuer": ""}, "issuer is empty"),
        ({"audiences": ()}, "audiences has no"),
        ({"audiences": ("a", "")}, "audiences has no or an empty"),
        ({"ttl": 0}, "ttl is 0: it must be between 1 and 86400 seconds"),
        ({"ttl": -5}, "ttl is -5"),
        ({"ttl": 86401}, "ttl is 86401"),
        ({"extra": {"tenant": "tenant-b"}}, "claims may not say tenant"),
        ({"extra": {"exp": 1, "iss": "x"}}, "claims may not say exp, iss"),
        ({"extra": {"when": {1, 2}}}, "JSON cannot express"),
    ],
)
def test_claims_that_are_refused(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(JwtError, match=problem):
        token.mint(replace(CLAIMS, **change), {}, NOW)


def test_which_key_signs(key: dict[str, Any]) -> None:
    older = keys.generate("ES256", 0)
    assert token.choose([key, older], None, "x") is key
    assert token.choose([key, older], older["kid"], "x") is older
    with pytest.raises(JwtError, match=rf"kid is 'nope', and Secret a/b has no such key \(it has: {key['kid']}\)"):
        token.choose([key], "nope", "Secret a/b")
