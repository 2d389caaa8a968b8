# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What can go wrong with an object store, by kind."""

from __future__ import annotations


class StoreError(Exception):
    """Something was attempted on a store and did not work: what, the store's own reason, and what to change."""

    kind = "failed"
    # the store's own code, when it was the store that said no
    code = ""

    def __init__(self, attempted: str, reason: str, advice: str = "") -> None:
        self.attempted = attempted
        self.reason = " ".join(reason.split())
        self.advice = advice
        super().__init__(f"{attempted}: {self.reason.rstrip('.')}.{' ' + advice if advice else ''}")


class Unreachable(StoreError):
    """Nothing answers at the endpoint."""

    kind = "unreachable"


class TlsFailed(StoreError):
    """The store's certificate is not trusted, or it does not speak TLS."""

    kind = "tls"


class AuthenticationFailed(StoreError):
    """The store does not know the key, or the signature is wrong."""

    kind = "authentication"


class NotPermitted(StoreError):
    """The key may not do this."""

    kind = "permission"


class OwnedByOthers(StoreError):
    """The bucket exists and belongs to someone else."""

    kind = "owned_by_others"


class NotEmpty(StoreError):
    """The bucket has objects, and removing them was not asked for."""

    kind = "not_empty"


class Unsupported(StoreError):
    """This store cannot do it."""

    kind = "unsupported"


class Invalid(StoreError):
    """What is there cannot become what is wanted, or the options do not fit together."""

    kind = "invalid"
