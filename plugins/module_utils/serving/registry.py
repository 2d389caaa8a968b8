# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks an image registry (distribution API v2) which digest a tag has. Nothing else."""

from __future__ import annotations

import ssl
import urllib.error
import urllib.request
from base64 import b64encode
from typing import Any
from urllib.parse import quote, urlsplit

from .errors import OptionError, RegistryError
from .names import parse_image

_ACCEPT = ", ".join(
    [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ]
)


class _StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_kwargs: Any) -> None:
        """A registry does not redirect manifests; following one would carry the password to another host."""


class Registry:
    """One registry at http(s)://host[:port], or kubernetes://NAMESPACE/SERVICE:PORT through the API server."""

    def __init__(
        self,
        address: str,
        client: Any = None,
        *,
        username: str = "",
        password: str = "",
        validate_certs: bool = True,
        ca_cert: str = "",
        timeout: float = 15.0,
    ) -> None:
        self.address = address.rstrip("/")
        self._client = client
        self._timeout = timeout
        self._headers = {"Accept": _ACCEPT}
        parts = urlsplit(self.address)
        if parts.scheme == "kubernetes":
            service, _colon, port = parts.path.strip("/").partition(":")
            if not parts.netloc or not service or not port.isdigit():
                raise OptionError(f"registry '{address}' must look like kubernetes://registry/registry:5000")
            if username:
                raise OptionError(
                    "registry_username cannot be used with kubernetes://, since the API server keeps the Authorization "
                    "header for itself; give the registry's http(s) address instead"
                )
            self._service: tuple[str, str, int] | None = (parts.netloc, service, int(port))
        elif parts.scheme in ("http", "https") and parts.netloc:
            self._service = None
            if username:
                pair = b64encode(f"{username}:{password}".encode()).decode()
                self._headers["Authorization"] = f"Basic {pair}"
            handlers: list[Any] = [_StayHere()]
            if parts.scheme == "https":
                handlers.append(urllib.request.HTTPSHandler(context=_tls(validate_certs, ca_cert)))
            self._opener = urllib.request.build_opener(*handlers)
        else:
            raise OptionError(
                f"registry '{address}' must be http(s)://host[:port] or kubernetes://NAMESPACE/SERVICE:PORT"
            )

    def digest(self, image: str) -> str | None:
        """The digest behind an image's tag; None when the registry has no such image. The image's own host is not used:
        it is the nodes' name of the registry, which need not mean anything here."""
        ref = parse_image(image)
        path = f"/v2/{quote(ref.repository)}/manifests/{quote(ref.reference, safe=':')}"
        status, headers, body = self._head(path, image)
        if status == 404:
            return None
        if status in (401, 403):
            raise RegistryError(
                f"registry {self.address} refused to tell about {image} (HTTP {status}): give registry_username and "
                "registry_password of an account that may read it"
            )
        found = headers.get("Docker-Content-Digest") or ""
        if status != 200 or not found:
            raise RegistryError(f"registry {self.address} answered HTTP {status} about {image} {body[:200]}".strip())
        return str(found)

    def _head(self, path: str, image: str) -> tuple[int, Any, str]:
        if self._service:
            answer = self._client.service_request(
                *self._service, "HEAD", path, headers=self._headers, timeout=self._timeout
            )
            return answer.status, answer.headers, ""
        request = urllib.request.Request(self.address + path, headers=self._headers, method="HEAD")  # noqa: S310
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                return answer.status, answer.headers, ""
        except urllib.error.HTTPError as error:
            return error.code, error.headers, ""
        except (OSError, ValueError) as error:
            cause = getattr(error, "reason", None) or error
            raise RegistryError(f"registry {self.address} could not be asked about {image}: {cause}") from None


def _tls(validate_certs: bool, ca_cert: str) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_cert or None)
    except (OSError, ssl.SSLError) as error:
        raise OptionError(f"registry_ca_cert {ca_cert} cannot be used: {error}") from None
    if not validate_certs:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
