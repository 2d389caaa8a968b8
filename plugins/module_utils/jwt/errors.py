# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with keys and tokens. No text ever holds a part of a key or a token."""

from __future__ import annotations


class JwtError(Exception):
    """Fit for an operator's eyes: what is wrong, and the way out."""


class NoKey(JwtError):
    """The Secret is not there (yet)."""
