# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Backends for requests with certain headers, beside those for all others: pure functions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from .errors import OptionError

Obj = dict[str, Any]
Headers = tuple[tuple[str, str], ...]  # sorted, names in lower case

_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9a-z]{1,256}\Z")
# Visible ASCII; a proxy takes spaces at the ends away.
_VALUE = re.compile(r"[!-~]([ -~]{0,4094}[!-~])?\Z")
_MOST_HEADERS = 15  # of one match are 16, and OpenAI's have the model's
_MOST_MATCHES, _MOST_MATCHES_OF_ALL = 64, 128

_IDENTITY = "it says who asks, so it must not say where to"
_GATEWAYS = "the gateways take it away from what clients send, and write it themselves"
_PROXIES = "proxies on the way write or remove it"
_RESERVED = {
    "authorization": _IDENTITY,
    "cookie": "it holds all cookies in one text, which an exact match never equals for long",
    "host": "hostname says that",
    **dict.fromkeys(
        ("connection", "content-length", "forwarded", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
         "via", "x-request-id"),
        _PROXIES,
    ),
}  # fmt: skip
_RESERVED_PREFIXES = {
    ":": "a name that begins with ':' is HTTP/2's own",
    "proxy-": _PROXIES,
    "x-ai-eg-": _GATEWAYS,
    "x-envoy-": _PROXIES,
    "x-forwarded-": _PROXIES,
    "x-jwt-": _GATEWAYS,
}


class Chosen(Protocol):
    """Something that is there for requests with these headers; without any, for all others."""

    @property
    def headers(self) -> Headers:
        """Names in lower case, with the value that each must have."""


T = TypeVar("T", bound=Chosen)


def variants(entries: Sequence[T]) -> list[tuple[Headers, list[tuple[int, T]]]]:
    """Those that share requests by weight, with their place in the list.

    Most headers first: a gateway looks in that order, and among as many in the order of the rules.
    """
    groups: dict[Headers, list[tuple[int, T]]] = {}
    for number, entry in enumerate(entries):
        groups.setdefault(entry.headers, []).append((number, entry))
    return sorted(groups.items(), key=lambda group: -len(group[0]))


def understand_headers(given: Obj, where: str) -> Headers:
    """where: the option, for errors. Raises OptionError for what would never match, or could be forged."""
    if len(given) > _MOST_HEADERS:
        raise OptionError(f"{where} has {len(given)} headers; a match holds at most {_MOST_HEADERS}")
    found: dict[str, str] = {}
    for text, value in given.items():
        name = str(text).lower()
        if reason := _refusal(name):
            raise OptionError(f"{where}: '{text}' cannot choose a backend: {reason}. Use a name such as x-variant")
        if not _NAME.match(name):
            raise OptionError(f"{where}: '{text}' is no name of a header; letters, digits and '-' always are")
        if name in found:
            raise OptionError(f"{where}: {name} is there more than once; names of headers know no upper case")
        if not isinstance(value, str):
            raise OptionError(f"{where}: the value of {name} must be text, so write it in quotes: '{value}'")
        if not _VALUE.match(value):
            raise OptionError(
                f"{where}: the value of {name} must be 1 to 4096 letters, digits and other ASCII characters, without "
                "spaces at its ends, or no request would ever have it"
            )
        found[name] = value
    return tuple(sorted(found.items()))


def _refusal(name: str) -> str:
    prefixes = (reason for prefix, reason in _RESERVED_PREFIXES.items() if name.startswith(prefix))
    return _RESERVED.get(name) or next(prefixes, "")


def show(headers: Headers) -> str:
    return ", ".join(f"{name}: {value}" for name, value in headers)


def check(backends: Sequence[Any]) -> None:
    """Whether there is an answer for every request. Raises OptionError."""
    groups = variants(backends)
    if all(headers for headers, _group in groups):
        raise OptionError(
            "backends: all of them have headers, so nobody would answer requests without any of these; leave headers "
            "out for at least one"
        )
    for headers, group in groups:
        if not any(backend.weight for _number, backend in group):
            which = f"all weights of those with headers {show(headers)} are 0" if headers else "all weights are 0"
            if len(groups) > 1 and not headers:
                which = "all weights of those without headers are 0"
            raise OptionError(f"backends: {which}, so no request would go anywhere")


def header_matches(headers: Headers) -> list[Obj]:
    """Of a rule: all of them, each as it is."""
    return [{"type": "Exact", "name": name, "value": value} for name, value in headers]


def check_size(rules: Sequence[Obj], most_rules: int) -> None:
    """What the definitions of HTTPRoute and AIGatewayRoute allow. Raises OptionError."""
    counts = [len(rule["matches"]) for rule in rules]
    if len(rules) > most_rules or max(counts) > _MOST_MATCHES or sum(counts) > _MOST_MATCHES_OF_ALL:
        raise OptionError(
            f"models, protocols and headers of backends make {len(rules)} rules with {sum(counts)} matches, more than "
            "one route can hold: leave out a protocol, have backends serve the model under its public name, or make "
            "several routes"
        )
