# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Compares a password with the verifier PostgreSQL stores, without sending it anywhere."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import unicodedata

_SCRAM = re.compile(r"^SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):(.+)$")


def matches(verifier: str, role: str, password: str) -> bool:
    """Whether the stored verifier (SCRAM, or md5 of old servers) is of this password."""
    scram = _SCRAM.match(verifier)
    if scram:
        iterations, salt, stored_key, _server_key = scram.groups()
        # PostgreSQL prepares a password with SASLprep where it can, else takes it as it is.
        candidates = {password, unicodedata.normalize("NFKC", password)}
        try:
            keys = [_stored_key(candidate, base64.b64decode(salt), int(iterations)) for candidate in candidates]
            return any(hmac.compare_digest(key, stored_key) for key in keys)
        except (ValueError, binascii.Error):
            return False
    if verifier.startswith("md5"):
        # PostgreSQL's own old format, not our choice of a hash
        digest = hashlib.md5((password + role).encode(), usedforsecurity=False).hexdigest()
        return hmac.compare_digest(f"md5{digest}", verifier)
    return False


def _stored_key(password: str, salt: bytes, iterations: int) -> str:
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    return base64.b64encode(hashlib.sha256(client_key).digest()).decode()
