# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All objects of one route: a pure function."""

from __future__ import annotations

from typing import Any

from . import openai, policies, predict
from .backends import Target
from .request import PREDICT, Request

Obj = dict[str, Any]


def render(request: Request, targets: list[Target], schema: str = openai.NEW) -> list[Obj]:
    is_predict = request.kind == PREDICT
    routes = predict.objects(request, targets) if is_predict else openai.objects(request, targets, schema)
    return [policies.security_policy(request), *policies.traffic_policy(request), *routes]
