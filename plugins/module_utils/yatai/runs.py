# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the modules for bentos and their twins for models do: options in, result out."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from typing import Any

from .info import find
from .options import Connections, Host, text_labels
from .push import PushOptions, push_bento, push_model, result_of
from .source import open_source


def push(kind: str, host: Host, check_mode: bool, tmpdir: str | None, say: Callable[[str], None]) -> dict[str, Any]:
    """bento_push and model_push."""
    params = host.params
    begun = time.monotonic()
    workdir = tempfile.mkdtemp(prefix=f"{kind}_push-", dir=tmpdir)
    try:
        # The source is looked at before anything is asked of the network: its mistakes are the cheapest to tell.
        item = open_source(kind, params["tag"], params["path"], params["bentoml_home"], workdir)
        connections = Connections(host)
        options = PushOptions(
            transfer=connections.transfer(say),
            strategy=params["strategy"],
            force=params["force"],
            labels=text_labels(params["labels"]),
            purge_labels=params["purge_labels"],
            check_mode=check_mode,
        )
        client = connections.client(connections.token())
        if kind == "model":
            result = result_of(push_model(client, item, options), [], time.monotonic() - begun)
            del result["models"]
            return result
        pushed, models = push_bento(client, item, options)
        return result_of(pushed, models, time.monotonic() - begun)
    finally:
        shutil.rmtree(workdir, ignore_errors=True)


def push_failure(kind: str, error: Exception) -> dict[str, Any]:
    """What a failed push tells."""
    missing = {"missing_models": getattr(error, "missing", [])} if kind == "bento" else {}
    return {"msg": str(error)} | missing


def info(kind: str, host: Host) -> dict[str, Any]:
    """bento_info and model_info."""
    params = host.params
    connections = Connections(host)
    client = connections.client(connections.token())
    found = find(client, kind, params["tag"] or "", params["query"] or "", params["limit"])
    return {"changed": False, f"{kind}s": found, "total": len(found)}
