# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Helm renders charts for us and does nothing else: no releases, no cluster access, no state."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from . import cache
from .chart_inputs import Inputs, digest_of, remote_digest, traits_of
from .errors import RenderError
from .fetch import check_digest, download, is_url, parse
from .objects import Obj
from .redact import scrub, sensitive

_TIMEOUT = 300


def render(
    chart: dict[str, Any], *, binary: str, namespace: str, kube_version: str, api_versions: list[str], folder: Path
) -> list[Obj]:
    """The objects of a chart, as ``helm template`` writes them for this cluster. folder: a private one (0700)."""
    program = shutil.which(binary)
    if program is None:
        raise RenderError(
            f"chart {chart['name']}: the program '{binary}' was not found; install Helm 3 or 4, or set 'helm_binary'"
        )
    inputs = Inputs(chart, program, namespace, kube_version, api_versions)
    pinned = remote_digest(chart)
    # Nothing is fetched for what is known by its digest.
    objects = cache.load(inputs.key(pinned, traits_of(pinned, None)))
    if objects is not None:
        return objects
    reference = locate(program, chart, folder)
    content = pinned or digest_of(Path(reference))
    key = inputs.key(content, traits_of(content, Path(reference)))
    objects = cache.load(key)
    if objects is not None:
        return objects
    values = folder / f"{chart['name']}-values.json"
    _write_private(values, json.dumps(chart.get("values") or {}))
    command = template_command(program, chart, reference, values, namespace, kube_version, api_versions)
    try:
        text = _run(command, chart, folder)
        objects = [obj for obj in parse(text, f"the output of chart {chart['name']}") if obj]
        secrets = sensitive(chart.get("values"))
        # What a chart makes up at random shows when it is rendered once more, which is done this once.
        if key and not cache.holds_secret(objects, secrets) and _run(command, chart, folder) == text:
            cache.save(key, objects, secrets)
    finally:
        values.unlink()
    return objects


def template_command(
    program: str,
    chart: dict[str, Any],
    reference: str,
    values: Path,
    namespace: str,
    kube_version: str,
    api_versions: list[str],
) -> list[str]:
    """Values go by file: a command line can be read by everyone on the machine."""
    command = [
        program, "template", chart.get("release_name") or chart["name"], reference,
        "--namespace", chart.get("namespace") or namespace,
        "--kube-version", kube_version,
        "--values", str(values),
        "--skip-tests",
    ]  # fmt: skip
    if chart.get("include_crds", True):
        command.append("--include-crds")
    if chart.get("skip_schema_validation"):
        command.append("--skip-schema-validation")
    for entry in api_versions:
        command += ["--api-versions", entry]
    return command


def locate(program: str, chart: dict[str, Any], folder: Path) -> str:
    """A path on this machine: what is remote is fetched and its digest compared before anything reads it."""
    reference = str(chart["ref"])
    target = folder / f"{chart['name']}.tgz"
    if reference.startswith("oci://"):
        _pull(program, chart, reference, folder, target)
    elif is_url(reference):
        download(reference, target)
    else:
        target = Path(reference).expanduser()
        if not target.exists():
            raise RenderError(f"chart {chart['name']}: {target} does not exist")
    if chart.get("digest"):
        check_digest(target, chart["digest"], f"chart {chart['name']} ({reference.split('?', maxsplit=1)[0]})")
    _check_version(chart, target)
    return str(target)


def _pull(program: str, chart: dict[str, Any], reference: str, folder: Path, target: Path) -> None:
    destination = folder / f"{chart['name']}-pull"
    destination.mkdir()
    command = [program, "pull", reference, "--destination", str(destination)]
    if chart.get("version"):
        command += ["--version", chart["version"]]
    _run(command, chart, folder)
    next(destination.glob("*.tgz")).rename(target)


def _check_version(chart: dict[str, Any], target: Path) -> None:
    """The file must be the version that is declared, or what is recorded would be a lie."""
    if not chart.get("version"):
        return
    shown = parse(_chart_yaml(chart, target), f"Chart.yaml of {chart['name']}")
    have = str((shown[0] or {}).get("version", "")) if shown else ""
    if have.removeprefix("v") != str(chart["version"]).removeprefix("v"):
        raise RenderError(f"chart {chart['name']}: {target.name} is version {have}, not {chart['version']} as declared")


def _chart_yaml(chart: dict[str, Any], target: Path) -> bytes:
    """Read here: one more helm process would cost more than the whole comparison with the cluster."""
    try:
        if target.is_dir():
            return (target / "Chart.yaml").read_bytes()
        with tarfile.open(target) as archive:
            for entry in archive:
                if entry.name.removeprefix("./").count("/") == 1 and entry.name.endswith("/Chart.yaml"):
                    file = archive.extractfile(entry)
                    return file.read() if file else b""
    except (OSError, tarfile.TarError) as error:
        raise RenderError(f"chart {chart['name']}: {target} cannot be read as a chart: {error}") from None
    raise RenderError(f"chart {chart['name']}: {target} holds no Chart.yaml")


def _run(command: list[str], chart: dict[str, Any], folder: Path) -> str:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("KUBE", "HELM_KUBE"))}
    environment["HELM_CACHE_HOME"] = str(folder / "helm-cache")
    environment["KUBECONFIG"] = os.devnull
    try:
        # There is no AnsibleModule, and so no run_command, where the action plugin runs this.
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            command, env=environment, capture_output=True, text=True, timeout=_TIMEOUT, check=False, cwd=folder
        )
    except subprocess.TimeoutExpired:
        raise RenderError(f"chart {chart['name']}: 'helm {command[1]}' did not end within {_TIMEOUT} s") from None
    if done.returncode:
        reason = scrub(done.stderr.strip() or done.stdout.strip(), sensitive(chart.get("values")))
        raise RenderError(f"chart {chart['name']}: 'helm {command[1]}' failed: {reason[-2000:]}")
    return done.stdout


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
