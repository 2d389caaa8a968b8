# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mints tokens and proves that they are accepted. Knows nothing of Kubernetes."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from typing import Any

from .errors import JwtError
from .keys import Jwk

with contextlib.suppress(ImportError):  # told by keys.JWT_IMPORT_ERROR
    import jwt

LONGEST = 86400  # seconds: a token cannot be called back, so it lives a day at most
# Names with a meaning of their own: RFC 7519's, and the one that authorization looks at.
REGISTERED = ("iss", "sub", "aud", "exp", "nbf", "iat", "jti", "tenant")
_PUBLISH = "publish the keys anew with jwt_key"


@dataclass(frozen=True)
class Claims:
    """What a token says."""

    subject: str
    tenant: str
    issuer: str
    audiences: tuple[str, ...]
    ttl: int
    extra: dict[str, Any] = field(default_factory=dict)

    def check(self) -> None:
        """Each error names the option."""
        for name, value in (("subject", self.subject), ("tenant", self.tenant), ("issuer", self.issuer)):
            if not value.strip():
                raise JwtError(f"{name} is empty: a token without it would be refused everywhere; say whose it is")
        if not self.audiences or not all(audience.strip() for audience in self.audiences):
            raise JwtError("audiences has no or an empty element: name who is to accept the token, or leave it out")
        if not 0 < self.ttl <= LONGEST:
            raise JwtError(
                f"ttl is {self.ttl}: it must be between 1 and {LONGEST} seconds, since a token cannot be called back; "
                "mint a new one when this one has expired"
            )
        if taken := sorted(set(self.extra) & set(REGISTERED)):
            raise JwtError(f"claims may not say {', '.join(taken)}: the other options of this module do; leave it out")
        try:
            json.dumps(self.extra)
        except (TypeError, ValueError):
            raise JwtError("claims holds a value that JSON cannot express; quote it (dates, say) as a text") from None

    def payload(self, now: int) -> dict[str, Any]:
        return {
            **self.extra,
            "iss": self.issuer,
            "sub": self.subject,
            "aud": list(self.audiences),
            "tenant": self.tenant,
            "iat": now,
            "exp": now + self.ttl,
        }


def choose(keys: list[Jwk], kid: str | None, where: str) -> Jwk:
    """The key that signs: the named one, or the current one."""
    if not kid:
        return keys[0]
    for key in keys:
        if key["kid"] == kid:
            return key
    known = ", ".join(key["kid"] for key in keys)
    raise JwtError(f"kid is '{kid}', and {where} has no such key (it has: {known}); leave it out for the current key")


def mint(claims: Claims, key: Jwk, now: int) -> str:
    claims.check()
    return jwt.encode(
        claims.payload(now), jwt.PyJWK(key).key, algorithm=key["alg"], headers={"kid": key["kid"], "typ": "JWT"}
    )


def verify(token: str, jwks: Any, claims: Claims, where: str) -> None:
    """As a gateway does: by the key the token names, with issuer, audience and times. jwks: text or JWK Set."""
    try:
        published = jwt.PyJWKSet.from_dict(json.loads(jwks) if isinstance(jwks, str) else jwks)
        key = next(key for key in published.keys if key.key_id == jwt.get_unverified_header(token)["kid"])
        jwt.decode(
            token,
            key.key,
            algorithms=[key.algorithm_name],
            issuer=claims.issuer,
            audience=claims.audiences[0],
            options={"require": ["exp", "iat", "iss", "sub", "aud"]},
        )
    except (jwt.PyJWTError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise JwtError(f"the token is refused by the keys in {where} ({type(error).__name__}); {_PUBLISH}") from None
    except StopIteration:
        raise JwtError(f"the token is signed by a key that {where} does not hold; {_PUBLISH}") from None
