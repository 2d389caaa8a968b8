# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What --diff shows: fields we own, Secret values as hashes."""

from __future__ import annotations

from typing import Any

from .fields import owned, project, union
from .objects import Obj, key_of
from .redact import redact

try:
    import yaml
except ImportError:  # without PyYAML there is no component to diff
    yaml = None  # type: ignore[assignment]


def difference(before: Obj | None, after: Obj | None, manager: str, *, predicted: bool = False) -> dict[str, str]:
    """One entry for Ansible's list of diffs. after: the server's answer, or the desired object when predicted."""
    key = key_of(after or before or {})
    fields = union(owned(before, manager), owned(after, manager))
    shown = (
        (_text(before, None if predicted and not fields else fields), _text(after, None if predicted else fields))
        if after is not None
        else (_text(before, fields or None), "")
    )
    note = " (predicted)" if predicted else ""
    return {"before": shown[0], "after": shown[1], "before_header": str(key), "after_header": f"{key}{note}"}


def _text(obj: Obj | None, fields: dict[str, Any] | None) -> str:
    if obj is None:
        return ""
    safe = redact(obj)
    if fields is not None:
        safe = {"apiVersion": obj.get("apiVersion"), "kind": obj.get("kind"), **project(safe, fields)}
    safe = {key: value for key, value in safe.items() if key != "status"}
    if "metadata" in safe:
        # Name and namespace are in the header, and no owned fields: a prediction shows what the real run then does.
        noise = {"managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink"}
        noise |= {"name", "namespace"}
        safe["metadata"] = {key: value for key, value in safe["metadata"].items() if key not in noise}
    return yaml.safe_dump(safe, default_flow_style=False, sort_keys=True)
