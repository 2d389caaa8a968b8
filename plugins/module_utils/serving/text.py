# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs of builders and servers made fit to be shown: no terminal codes, no progress bars, no signed addresses."""

from __future__ import annotations

import re

_ANSI = re.compile(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|\][^\x07]*\x07)")
# A presigned address carries its signature in its query; the downloader prints the whole address.
_SIGNED = re.compile(r"\?[^\s\"']*(X-Amz-|X-Goog-|Signature=|sig=)[^\s\"']*", re.IGNORECASE)
_USERINFO = re.compile(r"://[^/\s:@]+:[^/\s@]+@")
_TOKEN = re.compile(r"(X-YATAI-API-TOKEN\s*:\s*)\S+", re.IGNORECASE)
_BEARER = re.compile(r"(Authorization\s*:\s*\S+\s+)\S+", re.IGNORECASE)
MAX_LINES = 40
MAX_WIDTH = 400


def scrub(text: str) -> str:
    """Take credentials out of one piece of text."""
    text = _SIGNED.sub("?***", text)
    text = _USERINFO.sub("://***@", text)
    text = _TOKEN.sub(r"\1***", text)
    return _BEARER.sub(r"\1***", text)


def clean_log(text: str, limit: int = MAX_LINES) -> list[str]:
    """The last lines of a log that say something."""
    lines: list[str] = []
    for raw in text.replace("\r\n", "\n").split("\n"):
        # What a terminal would show at the end of a line that was drawn over several times.
        shown = [part for part in _ANSI.sub("", raw).split("\r") if part.strip()]
        if shown:
            lines.append(scrub(shown[-1].rstrip())[:MAX_WIDTH])
    return lines[-limit:]


def first_line(text: str, width: int = 300) -> str:
    line = scrub(" ".join(text.split()))
    return line if len(line) <= width else line[: width - 1] + "…"
