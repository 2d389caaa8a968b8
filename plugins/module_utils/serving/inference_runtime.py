# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which serving runtime will take a model: KServe's own rules, asked before anything is written.

KServe accepts an InferenceService that no runtime supports and only says so in a field of its status.
"""

from __future__ import annotations

from typing import Any

from .errors import OptionError
from .pods import name_of

Obj = dict[str, Any]


def choose(model: Obj, own: list[Obj], shared: list[Obj]) -> str:
    """The runtime's name, '' where several do and KServe decides. own: ServingRuntimes of the namespace, which KServe
    looks at first; shared: ClusterServingRuntimes. Raises OptionError when there is none."""
    wanted = model.get("runtime")
    if wanted:
        return _named(wanted, model, own, shared)
    for runtimes in (own, shared):
        fitting = [runtime for runtime in runtimes if not _misfit(runtime, model, automatic=True)]
        if fitting:
            return name_of(fitting[0]) if len(fitting) == 1 else ""
    raise OptionError(f"no serving runtime takes {_asked(model)} by itself. {_there_is(own + shared, model)}")


def _named(wanted: str, model: Obj, own: list[Obj], shared: list[Obj]) -> str:
    found = next((runtime for runtime in (*own, *shared) if name_of(runtime) == wanted), None)
    if found is None:
        raise OptionError(f"there is no serving runtime '{wanted}'. {_there_is(own + shared, model)}")
    misfit = _misfit(found, model, automatic=False)
    if misfit:
        raise OptionError(f"serving runtime {wanted} {misfit}. {_there_is(own + shared, model)}")
    return wanted


def _misfit(runtime: Obj, model: Obj, *, automatic: bool) -> str:
    """Why it does not take the model; '' when it does. automatic: KServe may choose it by itself."""
    spec = runtime.get("spec") or {}
    if spec.get("disabled"):
        return "is disabled"
    if automatic and (spec.get("multiModel") or spec.get("workerSpec")):
        return "is not for single models on one node"
    name, version = model["modelFormat"]["name"], model["modelFormat"].get("version")
    formats = [entry for entry in spec.get("supportedModelFormats") or [] if entry.get("name") == name]
    if automatic:
        formats = [entry for entry in formats if entry.get("autoSelect")]
    if not formats or (version and version not in {str(entry.get("version")) for entry in formats}):
        return f"does not take {_format(name, version)}"
    protocols = spec.get("protocolVersions") or []
    protocol = model.get("protocolVersion") or ("v1" if automatic else "")
    if protocol and protocols and protocol not in protocols:
        return f"does not speak {protocol}, but {', '.join(protocols)}"
    return ""


def _asked(model: Obj) -> str:
    text = f"model format {_format(model['modelFormat']['name'], model['modelFormat'].get('version'))}"
    return f"{text} with protocol {model.get('protocolVersion') or 'v1'}"


def _format(name: str, version: Any) -> str:
    return f"{name} {version}" if version else str(name)


def _there_is(runtimes: list[Obj], model: Obj) -> str:
    if not runtimes:
        return "This cluster has no serving runtime at all: install some (role bentobox.platform.kserve)"
    lines = []
    for runtime in sorted(runtimes, key=name_of):
        spec = runtime.get("spec") or {}
        formats: dict[str, list[str]] = {}
        for entry in spec.get("supportedModelFormats") or []:
            versions = formats.setdefault(str(entry.get("name")), [])
            if entry.get("version"):
                versions.append(str(entry["version"]))
        shown = ", ".join(f"{name} {'/'.join(sorted(set(versions)))}".strip() for name, versions in formats.items())
        protocols = "/".join(spec.get("protocolVersions") or [])
        off = ", disabled" if spec.get("disabled") else ""
        lines.append(f"{name_of(runtime)} ({shown}{'; ' + protocols if protocols else ''}{off})")
    hint = ""
    if not model.get("runtime"):
        named = [name_of(runtime) for runtime in runtimes if not _misfit(runtime, model, automatic=False)]
        hint = f" Name one with 'runtime' ({', '.join(sorted(named))} would do)." if named else ""
    return f"There are: {'; '.join(lines)}.{hint}"
