"""Charts are packaged unchanged but for their stamp, the package index is found by pip's rules."""

from __future__ import annotations

import hashlib
import tarfile
from pathlib import Path

import pytest
import yaml

from lab.artifacts import charts, manifests
from lab.artifacts.cache import Cache
from lab.artifacts.charts import Chart
from lab.artifacts.index import REQUIREMENTS, normalised, project_of, write_simple
from lab.artifacts.manifests import Manifest
from lab.artifacts.programs import chosen as modules
from lab.artifacts.progress import BuildError, Progress
from lab.artifacts.sample import sample_bento, sample_version
from lab.stacks import ALL, RENDERED, STACKS, needed

CHART = '# about\napiVersion: v2\nname: app\nversion: "1.0.0"\n# of the program\nappVersion: "1.0.0"\n'


@pytest.fixture
def programs(tmp_path: Path) -> dict[str, Path]:
    chart = tmp_path / "app" / "files" / "chart"
    (chart / "templates").mkdir(parents=True)
    (chart / "charts").mkdir()
    (chart / "Chart.yaml").write_text(CHART)
    (chart / "values.yaml").write_text("a: 1\n")
    (chart / "templates" / "x.yaml").write_text("kind: ConfigMap\n")
    (chart / "charts" / "common-1.0.0.tgz").write_bytes(b"\x00binary")
    crds = tmp_path / "app" / "files" / "crds"
    crds.mkdir()
    (crds / "crd-b.yaml").write_text("kind: B\n")
    (crds / "crd-a.yaml").write_text("---\nkind: A\n")
    (crds / "README.md").write_text("no CRD\n")
    return {"app": tmp_path / "app"}


def content(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar.getmembers()}  # type: ignore[union-attr]


def test_package_is_named_and_stamped(programs: dict[str, Path], tmp_path: Path) -> None:
    path = charts.package(Chart("app", "app/chart", version="2.1.0"), programs, tmp_path)
    assert path.name == "app-2.1.0.tgz"
    files = content(path)
    assert next(iter(files)) == "app/Chart.yaml"
    assert files["app/Chart.yaml"].decode() == CHART.replace('"1.0.0"', '"2.1.0"')
    assert files["app/values.yaml"] == b"a: 1\n"
    assert files["app/charts/common-1.0.0.tgz"] == b"\x00binary"


def test_without_a_version_the_chart_is_unchanged(programs: dict[str, Path], tmp_path: Path) -> None:
    path = charts.package(Chart("app", "app/chart"), programs, tmp_path)
    assert path.name == "app-1.0.0.tgz"
    assert content(path)["app/Chart.yaml"].decode() == CHART


def test_packages_are_reproducible(programs: dict[str, Path], tmp_path: Path) -> None:
    digests = []
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (programs["app"] / "files" / "chart" / "values.yaml").touch()
        path = charts.package(Chart("app", "app/chart", version="2.1.0"), programs, tmp_path / folder)
        digests.append(hashlib.sha256(path.read_bytes()).hexdigest())
    assert digests[0] == digests[1]


def test_crds_become_one_switched_template(programs: dict[str, Path], tmp_path: Path) -> None:
    chart = Chart("app", "app/chart", crds="app/crds", crds_if=".Values.installCRDs")
    text = content(charts.package(chart, programs, tmp_path))["app/templates/crds.yaml"].decode()
    lines = text.splitlines()
    assert lines[0] == "{{- if .Values.installCRDs }}"
    assert lines[-1] == "{{- end }}"
    assert [entry["kind"] for entry in yaml.safe_load_all("\n".join(lines[1:-1]))] == ["A", "B"]


def test_template_of_the_chart_file_is_used(programs: dict[str, Path], tmp_path: Path) -> None:
    folder = programs["app"] / "files" / "chart"
    (folder / "Chart.yaml").rename(folder / "Chart.template.yaml")
    files = content(charts.package(Chart("app", "app/chart", version="v3"), programs, tmp_path))
    assert yaml.safe_load(files["app/Chart.yaml"])["appVersion"] == "v3"
    assert "app/Chart.template.yaml" not in files


def test_a_release_fills_in_the_chart_s_values(programs: dict[str, Path], tmp_path: Path) -> None:
    folder = programs["app"] / "files" / "chart"
    (folder / "values.tmpl.yaml").write_text("image: ${Image}\ntag: latest\n")
    release = {"${Image}": "docker.io/x/app:2", "tag: latest": "tag: 2"}
    files = content(charts.package(Chart("app", "app/chart", replace=release), programs, tmp_path))
    assert files["app/values.yaml"] == b"image: docker.io/x/app:2\ntag: 2\n"
    assert "app/values.tmpl.yaml" not in files
    with pytest.raises(BuildError, match="values of the chart app: 0 times 'hub:', one was expected"):
        charts.package(Chart("app", "app/chart", replace={"hub:": "x"}), programs, tmp_path)


def test_charts_and_files_lie_beside_each_other(
    programs: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = [Chart("app", "app/chart"), Chart("other", "app/chart", stacks=("yatai",))]
    manifest = Manifest("app-crds", "1.0.0", ("app/crds/*.yaml",), stacks=("inference",))
    monkeypatch.setattr(charts, "described", lambda stack: [one for one in described if needed(one.stacks, stack)])
    monkeypatch.setattr(manifests, "described", lambda stack: [manifest] if needed(manifest.stacks, stack) else [])
    cache = Cache(tmp_path / "cache")
    found = {}
    for stack in STACKS:
        folder = charts.ensure_charts(cache, programs, Progress(), stack)
        found[stack] = sorted(str(path.relative_to(folder.parent)) for path in folder.parent.glob("*/*"))
    assert found == {
        "yatai": ["charts/app-1.0.0.tgz", "charts/other-1.0.0.tgz"],
        "inference": ["charts/app-1.0.0.tgz", "files/app-crds-1.0.0.yaml"],
    }


def test_no_lab_gets_what_is_only_rendered() -> None:
    """Another version of what it runs, or one that it cannot run."""
    assert not needed((RENDERED,), ALL)
    assert needed(("inference", RENDERED), ALL)
    only = {chart.name + chart.version for chart in charts.described(RENDERED)} - {
        chart.name + chart.version for chart in charts.described(ALL)
    }
    assert "kserve-resources" in only
    assert charts.modules_used(ALL) & {"release-2026.11"} == set()


def test_a_release_file_is_its_sources_in_their_order(programs: dict[str, Path]) -> None:
    sources = ("app/chart/templates/*.yaml", "app/crds/crd-b.yaml", "app/crds/crd-a.yaml")
    text = manifests.compose(Manifest("app", "1", sources, {"kind: B": "kind: C"}), programs)
    assert [one["kind"] for one in yaml.safe_load_all(text)] == ["ConfigMap", "C", "A"]
    with pytest.raises(BuildError, match=r"app names app/crds/none\.yaml, which is not there"):
        manifests.compose(Manifest("app", "1", ("app/crds/none.yaml",)), programs)
    with pytest.raises(BuildError, match="app has no 'devel' to replace"):
        manifests.compose(Manifest("app", "1", sources, {"devel": "1"}), programs)


def test_described_release_files_come_from_extracted_folders() -> None:
    for stack in (*STACKS, RENDERED):
        extracted = {f"{one.name}/{entry['to']}" for one in modules(None, stack) for entry in one.extract}
        for manifest in manifests.described(stack):
            for source in manifest.sources:
                assert any(source.startswith(f"{folder}/") for folder in extracted), source
        for chart in charts.described(stack):
            assert chart.source in extracted, chart.name


def test_a_chart_without_the_line_to_stamp_is_an_error() -> None:
    with pytest.raises(BuildError, match="0 lines `appVersion:`"):
        charts.stamped("name: x\nversion: 1\n", "2")


def test_described_charts_come_from_extracted_folders() -> None:
    described = yaml.safe_load((charts.CHARTS.parent / "programs.yaml").read_text())
    extracted = {f"{name}/{entry['to']}" for name, module in described.items() for entry in module.get("extract", [])}
    for chart in [*charts.described(), *charts.described(RENDERED)]:
        assert chart.source in extracted, chart.name
        assert not chart.crds or chart.crds in extracted


@pytest.mark.parametrize(
    ("file", "project"),
    [
        ("scikit_learn-1.5.2-cp311-cp311-manylinux_2_17_x86_64.whl", "scikit-learn"),
        ("PyYAML-6.0.3-cp311-cp311-linux_x86_64.whl", "pyyaml"),
        ("simple_di-0.1.5.tar.gz", "simple-di"),
        ("zope.interface-5.0-py3-none-any.whl", "zope-interface"),
    ],
)
def test_project_of_an_archive(file: str, project: str) -> None:
    assert project_of(file) == project


def test_index_pages_name_files_with_their_hash(tmp_path: Path) -> None:
    files = tmp_path / "wheels"
    files.mkdir()
    (files / "Foo_Bar-1.0-py3-none-any.whl").write_bytes(b"wheel")
    (files / "foo.bar-0.9.tar.gz").write_bytes(b"old")
    write_simple(files, tmp_path / "simple")
    assert not list(files.iterdir())
    page = (tmp_path / "simple" / "foo-bar" / "index.html").read_text()
    value = hashlib.sha256(b"wheel").hexdigest()
    assert f'<a href="Foo_Bar-1.0-py3-none-any.whl#sha256={value}">' in page
    assert "foo.bar-0.9.tar.gz" in page
    assert '<a href="foo-bar/">' in (tmp_path / "simple" / "index.html").read_text()


def test_requirements_of_the_sample_are_pinned() -> None:
    lines = [line for line in REQUIREMENTS.read_text().splitlines() if line and not line.startswith("#")]
    assert all("==" in line for line in lines)
    pinned = {normalised(name): version for name, _, version in (line.partition("==") for line in lines)}
    assert pinned["bentoml"] == "1.1.11"
    assert int(pinned["setuptools"].partition(".")[0]) < 81
    assert sample_version() == sample_version()
    assert len(sample_version()) == 12


def test_a_sample_that_is_there_is_not_built_again(tmp_path: Path) -> None:
    """Nothing but its file is looked at: no virtual environment is made in this empty cache."""
    folder = tmp_path / "home" / "bentos" / "iris_classifier" / sample_version()
    folder.mkdir(parents=True)
    (folder / "bento.yaml").touch()
    assert sample_bento(tmp_path / "home", cache=Cache(tmp_path / "cache")) == f"iris_classifier:{sample_version()}"
    assert not (tmp_path / "cache").exists()
