# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""S3 requests with typed errors. boto3 is optional at import time."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.store.errors import (
    AuthenticationFailed,
    NotPermitted,
    StoreError,
    TlsFailed,
    Unreachable,
    Unsupported,
)

BOTO3_IMPORT_ERROR: str | None = None
try:
    import boto3
    from boto3.exceptions import S3UploadFailedError
    from botocore import exceptions
    from botocore.auth import AUTH_TYPE_MAPS, S3SigV4QueryAuth
    from botocore.client import Config
except ImportError:
    BOTO3_IMPORT_ERROR = traceback.format_exc()
else:

    class _SignedUrl(S3SigV4QueryAuth):  # type: ignore[misc]
        """botocore's signature in the URL is for requests without a body: it would take one for more parameters."""

        def _modify_request_before_signing(self, request: Any) -> None:
            body, request.data = request.data, b""
            super()._modify_request_before_signing(request)
            request.data = body

    AUTH_TYPE_MAPS["bentobox-signed-url"] = _SignedUrl

GCS_ENDPOINT = "https://storage.googleapis.com"

_WRONG_KEY = {
    "InvalidAccessKeyId",
    "SignatureDoesNotMatch",
    "InvalidSecurity",
    "InvalidToken",
    "ExpiredToken",
    "AuthFailure",
    "InvalidClientTokenId",
    "TokenRefreshRequired",
}
_FORBIDDEN = {"AccessDenied", "403", "Forbidden", "AllAccessDisabled", "UnauthorizedAccess", "AccountProblem"}
_UNSUPPORTED = {"NotImplemented", "MethodNotAllowed", "501", "405", "MalformedXML", "InvalidArgument"}


@dataclass(frozen=True)
class Target:
    """Which store, and with which key. Secrets are not part of its repr."""

    provider: str
    endpoint: str | None
    region: str
    access_key: str | None = field(repr=False)
    secret_key: str | None = field(repr=False)
    session_token: str | None = field(default=None, repr=False)
    path_style: bool = True
    validate_certs: bool = True
    ca_cert: str | None = None
    timeout: int = 30
    # whether requests are signed in their URL instead of their headers
    presigned: bool = False

    @property
    def shown(self) -> str:
        return self.endpoint or f"Amazon S3 in {self.region}"


class Store:
    """Requests to one store. `call` turns every way to fail into a StoreError."""

    def __init__(self, target: Target) -> None:
        self.target = target
        verify: bool | str = target.ca_cert or True if target.validate_certs else False
        try:
            self._client = boto3.client(
                "s3",
                endpoint_url=target.endpoint,
                region_name=target.region,
                aws_access_key_id=target.access_key,
                aws_secret_access_key=target.secret_key,
                aws_session_token=target.session_token,
                verify=verify,
                config=Config(
                    signature_version="bentobox-signed-url" if target.presigned else "s3v4",
                    s3={"addressing_style": "path" if target.path_style else "auto"},
                    connect_timeout=min(10, target.timeout),
                    read_timeout=target.timeout,
                    retries={"total_max_attempts": 4, "mode": "standard"},
                    # The newer default checksums are refused by GCS and by older servers that speak S3.
                    request_checksum_calculation="when_required",
                    response_checksum_validation="when_required",
                ),
            )
        except (exceptions.BotoCoreError, ValueError) as error:
            raise StoreError(
                f"preparing requests to {target.shown}", str(error), "Check endpoint and region."
            ) from None

    def before_send(self, handler: Callable[..., Any]) -> None:
        """Have each signed request sent by the handler; what it leaves alone (None) goes the usual way."""
        self._client.meta.events.register("before-send.s3", handler)

    def call(self, operation: str, attempted: str, **arguments: Any) -> dict[str, Any]:
        """One request; answers of the store that are errors are raised, with its code in StoreError.code."""
        attempted = f"{attempted} on {self.target.shown}"
        try:
            return getattr(self._client, operation)(**arguments)
        except exceptions.ClientError as error:
            raise answer_error(attempted, error.response) from None
        except S3UploadFailedError as error:
            # boto3 hides the store's answer behind a text
            if isinstance(error.__context__, exceptions.ClientError):
                raise answer_error(attempted, error.__context__.response) from None
            raise StoreError(attempted, str(error)) from None
        except exceptions.SSLError as error:
            raise TlsFailed(
                attempted,
                str(error),
                "Set ca_cert to the certificate of the authority that signed the store's, and use a name in that.",
            ) from None
        except (exceptions.NoCredentialsError, exceptions.PartialCredentialsError) as error:
            raise AuthenticationFailed(attempted, str(error), "Set access_key and secret_key.") from None
        except (exceptions.HTTPClientError, exceptions.ConnectionError) as error:
            raise Unreachable(
                attempted,
                str(error),
                "Check endpoint (scheme, name, port), and that this machine may reach it (network, proxy, firewall).",
            ) from None
        except (exceptions.BotoCoreError, ValueError) as error:
            raise StoreError(attempted, str(error)) from None


class Answer(StoreError):
    """An answer that says no; the caller may know better what the code means there."""


def answer_error(attempted: str, response: dict[str, Any]) -> StoreError:
    """What the store's answer means."""
    error = response.get("Error", {})
    code = str(error.get("Code", ""))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    # The message may repeat the key that was sent (never the secret): only code and text, no further fields.
    reason = f"{error.get('Message') or 'no reason given'} ({code or status})"
    kinds: list[tuple[bool, type[StoreError], str]] = [
        (code in _WRONG_KEY, AuthenticationFailed, "Check access_key and secret_key, and this machine's clock."),
        (
            code in _FORBIDDEN or status == 403,
            NotPermitted,
            "Give the key the rights for it (create, read and configure buckets), or use another key.",
        ),
        (code in _UNSUPPORTED, Unsupported, "This store may not know the request: check provider."),
    ]
    for holds, kind, advice in kinds:
        if holds:
            found = kind(attempted, reason, advice)
            break
    else:
        found = Answer(attempted, reason)
    found.code = code or str(status)
    return found
