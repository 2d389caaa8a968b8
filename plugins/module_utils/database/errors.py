# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong with a PostgreSQL server, by kind."""

from __future__ import annotations


class DatabaseError(Exception):
    """Something was attempted on a server and did not work: what, the server's own reason, and what to change."""

    kind = "failed"

    def __init__(self, attempted: str, reason: str, advice: str = "") -> None:
        # libpq's messages end in newlines and repeat the address on several lines
        self.attempted = attempted
        self.reason = " ".join(reason.split())
        self.advice = advice
        super().__init__(f"{attempted}: {self.reason.rstrip('.')}.{' ' + advice if advice else ''}")


class Unreachable(DatabaseError):
    """Nothing answers at the address."""

    kind = "unreachable"


class AuthenticationFailed(DatabaseError):
    """The server does not accept the user, the password, or the place the connection comes from."""

    kind = "authentication"


class TlsFailed(DatabaseError):
    """The two sides do not agree on TLS, or the certificate is not trusted."""

    kind = "tls"


class NotPermitted(DatabaseError):
    """The administrator is not allowed to do this."""

    kind = "permission"


class InUse(DatabaseError):
    """Sessions or objects stand in the way."""

    kind = "in_use"


class Refused(DatabaseError):
    """We do not do this without being asked explicitly."""

    kind = "refused"


class Invalid(DatabaseError):
    """The options do not fit together or what is there cannot become what is wanted."""

    kind = "invalid"
