# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes a conversion webhook off a CustomResourceDefinition.

Applying cannot: cert-manager's injector owns the webhook's caBundle, so the webhook stays, and a definition with the
strategy None and a webhook is invalid.
"""

from __future__ import annotations

from typing import Any

from .objects import Obj

_INJECT = "cert-manager.io/inject-ca-from"


def release_patch(desired: Obj, live: Obj) -> dict[str, Any] | None:
    """The merge patch that is needed before the definition can be applied; None when there is nothing to take off."""
    if desired.get("kind") != "CustomResourceDefinition":
        return None
    wanted = ((desired.get("spec") or {}).get("conversion") or {}).get("strategy", "None")
    there = (live.get("spec") or {}).get("conversion") or {}
    if wanted != "None" or not there.get("webhook"):
        return None
    patch: dict[str, Any] = {"spec": {"conversion": {"strategy": "None", "webhook": None}}}
    keeps = (desired["metadata"].get("annotations") or {}).get(_INJECT)
    if not keeps and _INJECT in (live["metadata"].get("annotations") or {}):
        patch["metadata"] = {"annotations": {_INJECT: None}}  # or the injector would put it back
    return patch
