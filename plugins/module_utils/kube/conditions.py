# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Conditions of an object, as they are told to people."""

from __future__ import annotations

from .objects import Obj


def phrase(condition: Obj) -> str:
    text = f"{condition.get('type')} is {condition.get('status')}"
    detail = ": ".join(str(part) for part in (condition.get("reason"), condition.get("message")) if part)
    return f"{text} ({detail})" if detail else text
