# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing keys as private JWKs, and what of them may be published. Knows nothing of Kubernetes.

A key ring is a private JWK Set. Its first key signs; the others are only published, so that tokens they signed are
accepted until they expire: that is what a rotation needs.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
import traceback
from typing import Any

from .errors import JwtError

JWT_IMPORT_ERROR: str | None = None
try:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    import jwt
except ImportError:
    JWT_IMPORT_ERROR = traceback.format_exc()

Jwk = dict[str, Any]

ALGORITHMS = ("RS256", "ES256")
SMALLEST, LARGEST = 2048, 8192  # bits of an RSA key
# RFC 7638: what a thumbprint is made of. With kid, use and alg (and nothing else) it is what may be published.
_PUBLIC = {"RSA": ("e", "kty", "n"), "EC": ("crv", "kty", "x", "y")}
_PRIVATE = {"RSA": ("d", "p", "q", "dp", "dq", "qi"), "EC": ("d",)}
_ALGORITHM = {"RSA": "RS256", "EC": "ES256"}
_WAY_OUT = (
    "restore it from a backup, or delete the Secret to have a new key made (tokens of the old one are refused then)"
)


def generate(algorithm: str, key_size: int, now: float | None = None) -> Jwk:
    """A new private key. iat says when it was made, which tells a rotation how old it is."""
    if algorithm == "ES256":
        jwk = jwt.algorithms.ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()), as_dict=True)
    else:
        if not SMALLEST <= key_size <= LARGEST:
            raise JwtError(f"key_size is {key_size}: it must be between {SMALLEST} and {LARGEST} bits; 3072 is fine")
        key = rsa.generate_private_key(public_exponent=65537, key_size=key_size)
        jwk = jwt.algorithms.RSAAlgorithm.to_jwk(key, as_dict=True)
    jwk = {name: jwk[name] for name in (*_PUBLIC[jwk["kty"]], *_PRIVATE[jwk["kty"]])}
    issued = int(time.time() if now is None else now)
    return {**jwk, "kid": thumbprint(jwk), "use": "sig", "alg": algorithm, "iat": issued}


def thumbprint(jwk: Jwk) -> str:
    """RFC 7638: the same key has the same name wherever it is."""
    required = {name: jwk[name] for name in _PUBLIC[jwk["kty"]]}
    text = json.dumps(required, sort_keys=True, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def public(keys: list[Jwk]) -> dict[str, Any]:
    """The JWK Set to publish. Members are chosen by name, so that nothing private can slip in."""
    return {"keys": [{name: key[name] for name in (*_PUBLIC[key["kty"]], "kid", "use", "alg")} for key in keys]}


def as_text(jwks: dict[str, Any]) -> str:
    """The same for the same keys, since it is compared."""
    return json.dumps(jwks, sort_keys=True, separators=(",", ":"))


def dump(keys: list[Jwk]) -> str:
    return as_text({"keys": keys})


def load(text: str, where: str) -> list[Jwk]:
    """The keys of a key ring, each complete and usable. where: for errors, which never quote what is in it."""
    try:
        found = json.loads(text)["keys"]
        keys = [_checked(entry) for entry in found]
    except JwtError as error:
        raise JwtError(f"{where} {error}; {_WAY_OUT}") from None
    except (ValueError, TypeError, KeyError, AttributeError):
        raise JwtError(f"{where} does not hold a JWK Set with private keys; {_WAY_OUT}") from None
    if not keys:
        raise JwtError(f"{where} holds an empty JWK Set; {_WAY_OUT}")
    return keys


def _checked(entry: Jwk) -> Jwk:
    kind = entry["kty"]
    if kind not in _PUBLIC:
        raise JwtError("holds a key that is neither RSA nor EC")
    if missing := [name for name in (*_PUBLIC[kind], *_PRIVATE[kind]) if not entry.get(name)]:
        raise JwtError(f"holds a key without {', '.join(missing)}")
    key = {**entry, "alg": entry.get("alg") or _ALGORITHM[kind], "use": "sig", "kid": thumbprint(entry)}
    if key["alg"] != _ALGORITHM[kind]:
        raise JwtError(f"holds a key for an algorithm that is not one of {', '.join(ALGORITHMS)}")
    try:
        loaded = jwt.PyJWK(key).key
    except jwt.PyJWTError:
        loaded = None
    if not isinstance(loaded, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
        raise JwtError("holds a key that cannot be read")
    if isinstance(loaded, rsa.RSAPrivateKey) and loaded.key_size < SMALLEST:
        raise JwtError(f"holds an RSA key of {loaded.key_size} bits, and {SMALLEST} are the least that is safe")
    return key


def private_values(keys: list[Jwk]) -> set[str]:
    """What must never be shown."""
    return {str(key[name]) for key in keys for name in _PRIVATE[key["kty"]]}
