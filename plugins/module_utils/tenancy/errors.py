# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong with a tenant."""

from __future__ import annotations


class TenancyError(Exception):
    """Fit for an operator's eyes: which option, what is wrong with it, and the way out."""
