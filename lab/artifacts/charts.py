"""Helm charts and release files from the Go modules, unchanged but for the stamps that a release of them would get."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lab import stacks

from . import manifests
from .cache import Cache, digest
from .layers import Entry, blob_writer, tar_stream
from .progress import BuildError, Say

CHARTS = Path(__file__).resolve().parent.parent / "go" / "charts.yaml"
FORMAT = 2
TEMPLATE = "values.tmpl.yaml"


@dataclass(frozen=True)
class Chart:
    """`source`, `crds` = module/extracted folder; `version` empty: the chart's own; the CRDs become one template."""

    name: str
    source: str
    version: str = ""
    crds: str = ""
    crds_if: str = ""
    replace: Mapping[str, str] = field(default_factory=dict)
    stacks: tuple[str, ...] = ()


def described(stack: str = stacks.ALL) -> list[Chart]:
    entries: list[dict[str, Any]] = yaml.safe_load(CHARTS.read_text())
    found = [Chart(**{**entry, "stacks": tuple(entry.get("stacks", ()))}) for entry in entries]
    return [chart for chart in found if stacks.needed(chart.stacks, stack)]


def stamped(text: str, version: str) -> str:
    """Chart.yaml with version and appVersion set, the rest of the text untouched."""
    for key in ("version", "appVersion"):
        text, count = re.subn(rf"^{key}:.*$", f'{key}: "{version}"', text, flags=re.MULTILINE)
        if count != 1:
            raise BuildError(f"Chart.yaml has {count} lines `{key}:`, one was expected")
    return text


def replaced(text: str, chart: Chart) -> str:
    """The chart's values with what its release fills in."""
    for old, new in chart.replace.items():
        if text.count(old) != 1:
            raise BuildError(f"values of the chart {chart.name}: {text.count(old)} times {old!r}, one was expected")
        text = text.replace(old, new)
    return text


def chart_files(chart: Chart, shipped: dict[str, Path]) -> tuple[dict[str, bytes], str]:
    """Path in the chart -> content, and the version."""
    module, _, folder = chart.source.partition("/")
    root = shipped[module] / "files" / folder
    ignored = {".helmignore", ".gitignore", "Chart.template.yaml", "README.template.md"}
    files = {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name not in ignored
    }
    template = root / "Chart.template.yaml"
    text = template.read_text() if template.exists() else (root / "Chart.yaml").read_text()
    if chart.version:
        text = stamped(text, chart.version)
    files["Chart.yaml"] = text.encode()
    if TEMPLATE in files:
        files["values.yaml"] = files.pop(TEMPLATE)
    if chart.replace:
        files["values.yaml"] = replaced(files["values.yaml"].decode(), chart).encode()
    if chart.crds:
        module, _, folder = chart.crds.partition("/")
        crds = sorted((shipped[module] / "files" / folder).glob("crd-*.yaml"))
        texts = [path.read_text().rstrip("\n") for path in crds]
        content = "\n---\n".join(text.removeprefix("---\n") for text in texts)
        files["templates/crds.yaml"] = f"{{{{- if {chart.crds_if} }}}}\n{content}\n{{{{- end }}}}\n".encode()
    version = yaml.safe_load(text)["version"]
    return files, str(version)


def package(chart: Chart, shipped: dict[str, Path], target: Path) -> Path:
    """`<chart>-<version>.tgz` as `helm package` names it, the same bytes each time."""
    files, version = chart_files(chart, shipped)
    path = target / f"{chart.name}-{version}.tgz"
    with blob_writer(path) as (stream, _result):
        # Chart.yaml first, as helm writes it
        ordered = sorted(files, key=lambda name: (name != "Chart.yaml", name))
        tar_stream(stream, [Entry(f"{chart.name}/{name}", text=files[name]) for name in ordered])
    return path


def modules_used(stack: str) -> set[str]:
    """Names of the modules that ship what the stack's charts and release files are made of."""
    charts, files = described(stack), manifests.described(stack)
    return {chart.source.partition("/")[0] for chart in charts}.union(*(manifest.modules for manifest in files))


def ensure_charts(cache: Cache, shipped: dict[str, Path], say: Say, stack: str = stacks.ALL) -> Path:
    """The folder with all charts; beside it `files` with the release files: what a site without the internet has."""
    charts, files = described(stack), manifests.described(stack)
    key = digest(FORMAT, charts, files, [shipped[name].name for name in sorted(modules_used(stack))])

    def make(work: Path) -> None:
        say(f"packaging {len(charts)} charts and {len(files)} release files")
        (work / "charts").mkdir()
        (work / "files").mkdir()
        for chart in charts:
            package(chart, shipped, work / "charts")
        for manifest in files:
            (work / "files" / manifest.file).write_text(manifests.compose(manifest, shipped))

    return cache.get_or_make("charts", "charts", key, make) / "charts"
