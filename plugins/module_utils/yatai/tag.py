# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags as BentoML writes them: name:version, lower case."""

from __future__ import annotations

import re
from typing import NamedTuple

from .errors import SourceError

_PART = re.compile(r"[a-z0-9]([-._a-z0-9]*[a-z0-9])?\Z")
_MAX = 63


class Tag(NamedTuple):
    name: str
    version: str  # "" stands for the latest

    def __str__(self) -> str:
        return f"{self.name}:{self.version}" if self.version else self.name


def _check(text: str, part: str) -> None:
    if len(part) > _MAX or not _PART.match(part):
        raise SourceError(
            f"'{text}' is not a tag: name and version are 1 to {_MAX} of a-z, 0-9, '-', '_' and '.', "
            "beginning and ending with a letter or digit, as in iris:v1"
        )


def parse_tag(text: str) -> Tag:
    """'iris', 'iris:latest' and 'iris:v1'; BentoML lowers the case, so we do."""
    name, colon, version = text.strip().lower().partition(":")
    if colon and not version:
        raise SourceError(f"'{text}' ends with ':': give a version, or {name}:latest")
    _check(text, name)
    if version in ("", "latest"):
        return Tag(name, "")
    _check(text, version)
    return Tag(name, version)


def exact_tag(text: str) -> Tag:
    tag = parse_tag(text)
    if not tag.version:
        raise SourceError(f"'{text}' needs a version here, as in {tag.name}:v1")
    return tag
