# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Yatai is told about a bento or a model: built from bento.yaml and model.yaml, without BentoML."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from typing import Any

from .errors import SourceError

try:
    import yaml

    HAS_YAML = True
except ImportError:  # the module says so with missing_required_lib
    HAS_YAML = False


def read_yaml(path: str) -> dict[str, Any]:
    try:
        with open(path, "rb") as file:
            return parse_yaml(file.read(), path)
    except OSError as exc:
        raise SourceError(f"cannot read {path}: {exc.strerror or exc}") from exc


def parse_yaml(content: bytes, path: str) -> dict[str, Any]:
    """The mapping that BentoML wrote; plain YAML only, so that no code hides in it."""
    try:
        data = yaml.safe_load(content.decode())
    except (yaml.YAMLError, UnicodeDecodeError) as exc:
        raise SourceError(f"{path} is not plain YAML: {' '.join(str(exc).split())[:300]}") from exc
    if not isinstance(data, dict):
        raise SourceError(f"{path} holds no mapping: it is not what BentoML writes")
    for key in ("name", "version"):
        if not data.get(key):
            raise SourceError(f"{path} has no '{key}': it is not what BentoML writes")
    return data


def creation_time(info: dict[str, Any]) -> datetime:
    value = info.get("creation_time")
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            value = None
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, date):
        return datetime(value.year, value.month, value.day, tzinfo=UTC)
    return datetime(1980, 1, 1, tzinfo=UTC)


def build_at(info: dict[str, Any]) -> str:
    """The one format the server parses: microseconds and no zone, meaning UTC."""
    return creation_time(info).strftime("%Y-%m-%d %H:%M:%S.%f")


def tree_size(path: str, exclude: tuple[str, ...] = ()) -> int:
    """Bytes of all files, counted as BentoML counts them, so that our manifests and its are the same."""
    total = 0
    for folder, names, files in os.walk(path):
        if folder == path:
            names[:] = [name for name in names if name not in exclude]
        for name in files:
            try:
                total += os.stat(os.path.join(folder, name)).st_size
            except OSError:
                continue  # a dangling link has no size; whether it may be there is tarplan's question
    return total


def labels_of(info: dict[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in (info.get("labels") or {}).items()}


def model_tags(info: dict[str, Any]) -> list[str]:
    """Tags of the models a bento names; very old bentos list plain strings."""
    return [str(item["tag"] if isinstance(item, dict) else item) for item in info.get("models") or []]


def _runner(runner: dict[str, Any]) -> dict[str, Any]:
    config = runner.get("resource_config")
    return {
        "name": runner.get("name", ""),
        "runnable_type": runner.get("runnable_type") or runner.get("runner_type") or "",
        "models": [str(tag) for tag in runner.get("models") or []],
        "resource_config": {
            "cpu": config.get("cpu"),
            "nvidia_gpu": config.get("nvidia.com/gpu"),
            "custom_resources": config.get("custom_resources"),
        }
        if config
        else None,
    }


def bento_manifest(info: dict[str, Any], size_bytes: int) -> dict[str, Any]:
    # Absent lists would come back as null, which BentoML's own client cannot read: always send them.
    return {
        "service": str(info.get("service") or ""),
        "bentoml_version": str(info.get("bentoml_version") or ""),
        "apis": {},
        "models": model_tags(info),
        "runners": [_runner(runner) for runner in info.get("runners") or []],
        "size_bytes": size_bytes,
    }


def model_manifest(info: dict[str, Any], size_bytes: int) -> dict[str, Any]:
    context = info.get("context") or {}
    return {
        "module": str(info.get("module") or ""),
        "api_version": str(info.get("api_version") or ""),
        "bentoml_version": str(context.get("bentoml_version") or info.get("bentoml_version") or ""),
        "metadata": info.get("metadata") or {},
        "context": context,
        "options": info.get("options") or {},
        "size_bytes": size_bytes,
    }


def _essence(manifest: dict[str, Any]) -> dict[str, Any]:
    """What decides whether two manifests speak of the same content.

    Left out: options, which BentoML's client fills with defaults of the framework's module, and metadata and context,
    whose dates and numbers change their type on the way through JSON. All three are inside the archive, so that a
    change of theirs shows in size_bytes of the model.
    """
    runners = sorted(
        (run.get("name", ""), tuple(sorted(run.get("models") or []))) for run in manifest.get("runners") or []
    )
    return {
        "service": manifest.get("service") or "",
        "module": manifest.get("module") or "",
        "api_version": manifest.get("api_version") or "",
        "bentoml_version": manifest.get("bentoml_version") or "",
        "models": sorted(manifest.get("models") or []),
        "runners": runners,
        "size_bytes": int(manifest.get("size_bytes") or 0),
    }


def differences(local: dict[str, Any], remote: dict[str, Any] | None) -> dict[str, tuple[Any, Any]]:
    """Key -> (here, in Yatai) for everything essential that differs."""
    ours, theirs = _essence(local), _essence(remote or {})
    return {key: (ours[key], theirs[key]) for key in ours if ours[key] != theirs[key]}
