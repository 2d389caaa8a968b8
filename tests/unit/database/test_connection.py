# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What refused connections mean, and comparing passwords with verifiers."""

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.database.connection import Target, connection_error
from ansible_collections.bentobox.platform.plugins.module_utils.database.password import matches


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ('connection to server at "db", port 5432 failed: Connection refused', "unreachable"),
        ('could not translate host name "ssl.certificate.invalid" to address', "unreachable"),
        ("connection timeout expired", "unreachable"),
        ('FATAL:  password authentication failed for user "yatai"', "authentication"),
        ("fe_sendauth: no password supplied", "authentication"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "a", database "b", SSL encryption', "authentication"),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.1", user "a", database "b", no encryption', "tls"),
        ("SSL error: certificate verify failed", "tls"),
        ('server certificate for "db" does not match host name "10.0.0.1"', "tls"),
        ('root certificate file "/nothing.pem" does not exist', "tls"),
        ("server does not support SSL, but SSL was required", "tls"),
        ('FATAL:  database "nothing" does not exist', "failed"),
        ("expected authentication request from server, but received H", "unreachable"),
    ],
)
def test_refused_connection(reason: str, kind: str) -> None:
    error = connection_error("connecting", reason)
    assert error.kind == kind
    assert error.advice


def test_several_lines_become_one() -> None:
    assert "\n" not in str(connection_error("connecting", "first\n\tsecond\n"))


def test_target_does_not_show_its_password() -> None:
    target = Target("db", 5432, "postgres", "canary", "postgres", "prefer")
    assert "canary" not in repr(target)
    assert "canary" not in repr(target.as_user("yatai", "canary"))


@pytest.mark.parametrize(
    ("verifier", "password", "same"),
    [
        # RFC 7677, section 3
        (
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
            "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
            "pencil",
            True,
        ),
        (
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
            "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=",
            "pencils",
            False,
        ),
        ("md5" + "9b9bb3d0d2e7a0bbd8b0ab0b4b6a9a0f", "x", False),
        ("nonsense", "x", False),
        ("SCRAM-SHA-256$4096:!!!$x:y", "x", False),
    ],
)
def test_verifiers(verifier: str, password: str, same: bool) -> None:
    assert matches(verifier, "yatai", password) is same


def test_old_verifier() -> None:
    verifier = "md5" + hashlib.md5(b"secretyatai").hexdigest()
    assert matches(verifier, "yatai", "secret")
    assert not matches(verifier, "other", "secret")
