"""Helm charts from the Go modules, unchanged but for the version stamp that a release of the chart would get."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import yaml

from .cache import Cache, digest
from .layers import Entry, blob_writer, tar_stream
from .progress import BuildError, Say

CHARTS = Path(__file__).resolve().parent.parent / "go" / "charts.yaml"
FORMAT = 1


@dataclass(frozen=True)
class Chart:
    """`source`, `crds` = module/extracted folder; `version` empty: the chart's own; the CRDs become one template."""

    name: str
    source: str
    version: str = ""
    crds: str = ""
    crds_if: str = ""


def described() -> list[Chart]:
    return [Chart(**entry) for entry in yaml.safe_load(CHARTS.read_text())]


def stamped(text: str, version: str) -> str:
    """Chart.yaml with version and appVersion set, the rest of the text untouched."""
    for key in ("version", "appVersion"):
        text, count = re.subn(rf"^{key}:.*$", f'{key}: "{version}"', text, flags=re.MULTILINE)
        if count != 1:
            raise BuildError(f"Chart.yaml has {count} lines `{key}:`, one was expected")
    return text


def chart_files(chart: Chart, programs: dict[str, Path]) -> tuple[dict[str, bytes], str]:
    """Path in the chart -> content, and the version."""
    module, _, folder = chart.source.partition("/")
    root = programs[module] / "files" / folder
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
    if chart.crds:
        module, _, folder = chart.crds.partition("/")
        crds = sorted((programs[module] / "files" / folder).glob("crd-*.yaml"))
        texts = [path.read_text().rstrip("\n") for path in crds]
        content = "\n---\n".join(text.removeprefix("---\n") for text in texts)
        files["templates/crds.yaml"] = f"{{{{- if {chart.crds_if} }}}}\n{content}\n{{{{- end }}}}\n".encode()
    version = yaml.safe_load(text)["version"]
    return files, str(version)


def package(chart: Chart, programs: dict[str, Path], target: Path) -> Path:
    """`<chart>-<version>.tgz` as `helm package` names it, the same bytes each time."""
    files, version = chart_files(chart, programs)
    path = target / f"{chart.name}-{version}.tgz"
    with blob_writer(path) as (stream, _result):
        # Chart.yaml first, as helm writes it
        ordered = sorted(files, key=lambda name: (name != "Chart.yaml", name))
        tar_stream(stream, [Entry(f"{chart.name}/{name}", text=files[name]) for name in ordered])
    return path


def ensure_charts(cache: Cache, programs: dict[str, Path], say: Say) -> Path:
    """The folder with all charts."""
    charts = described()
    used = sorted({chart.source.partition("/")[0] for chart in charts})
    key = digest(FORMAT, CHARTS.read_text(), [programs[name].name for name in used])

    def make(work: Path) -> None:
        say(f"packaging {len(charts)} charts")
        (work / "charts").mkdir()
        for chart in charts:
            package(chart, programs, work / "charts")

    return cache.get_or_make("charts", "charts", key, make) / "charts"
