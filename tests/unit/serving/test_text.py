# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs are readable and give nothing away."""

from __future__ import annotations

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.serving.text import (
    MAX_LINES,
    MAX_WIDTH,
    clean_log,
    first_line,
    scrub,
)


def test_terminal_codes_and_progress_bars():
    log = "\x1b[36mINFO\x1b[0m[0001] Unpacking\r\n  10%\r  50%\r 100%\r\n\r\n\x1b]0;title\x07ERROR: no matching\r\n"
    assert clean_log(log) == ["INFO[0001] Unpacking", " 100%", "ERROR: no matching"]


def test_only_the_last_lines_and_no_endless_ones():
    lines = clean_log("\n".join([*(f"line {n}" for n in range(100)), "x" * 5000]))
    assert len(lines) == MAX_LINES
    assert lines[0] == "line 61"
    assert len(lines[-1]) == MAX_WIDTH


@pytest.mark.parametrize(
    ("text", "gone", "kept"),
    [
        (
            "from http://s3:8333/b/x.tar?X-Amz-Algorithm=A&X-Amz-Signature=abc123 to",
            "abc123",
            "http://s3:8333/b/x.tar?***",
        ),
        ("get https://store/x?sig=topsecret", "topsecret", "https://store/x?***"),
        ("index https://me:hunter2@pypi.example.org/simple", "hunter2", "https://***@pypi.example.org"),
        ("-H X-YATAI-API-TOKEN: yatai-image-builder:default:tok3n x", "tok3n", "X-YATAI-API-TOKEN: *** x"),
        ("Authorization: Bearer abcdef", "abcdef", "Authorization: Bearer ***"),
        ("http://host/x?a=b", "nothing", "http://host/x?a=b"),
    ],
)
def test_credentials_are_taken_out(text, gone, kept):
    assert gone not in scrub(text)
    assert kept in scrub(text)


def test_first_line_is_one_short_line():
    assert first_line("a\n  b\tc") == "a b c"
    assert len(first_line("x" * 1000)) == 300
