"""Go modules of the lab: versions, flags, keys."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from lab.artifacts import toolchain
from lab.artifacts.build import Artifacts, Needs, ensure, needs, require_disk
from lab.artifacts.cache import Cache
from lab.artifacts.programs import DEFAULT_KUBERNETES, GO_DIRECTORY, Module, build, modules, put_in_place
from lab.artifacts.progress import BuildError, Progress, run
from lab.stacks import RENDERED, STACKS


@pytest.fixture
def module(tmp_path: Path) -> Module:
    (tmp_path / "go.mod").write_text(
        "module bentobox.platform/lab/x\n\ngo 1.24.0\n\nrequire example.com/one v1.2.3 // indirect\n\n"
        "require (\n\texample.com/two v0.4.0 // indirect\n\texample.com/three v1.0.0\n)\n\n"
        "replace example.com/three => example.com/three v1.0.9\n\ntool example.com/one\n"
    )
    (tmp_path / "go.sum").write_text("sum\n")
    return Module(name="x", directory=tmp_path, module="example.com/one", ldflags=("p.v={version}", "p.m={minor}"))


@pytest.mark.parametrize(
    ("name", "version"),
    [("example.com/one", "v1.2.3"), ("example.com/two", "v0.4.0"), ("example.com/three", "v1.0.9")],
)
def test_required_version(module: Module, name: str, version: str) -> None:
    assert module.required(name) == version


def test_unknown_module_is_an_error(module: Module) -> None:
    with pytest.raises(BuildError, match=r"does not require example\.com/on,"):
        module.required("example.com/on")


def test_flags_stamp_the_version(module: Module) -> None:
    assert module.flags() == "-s -w -X p.v=v1.2.3 -X p.m=2"
    assert replace(module, version="v9.8.7").flags() == "-s -w -X p.v=v9.8.7 -X p.m=8"


def test_key_follows_everything_that_changes_the_program(module: Module) -> None:
    keys = [module.key("go1.26"), module.key("go1.27"), replace(module, ldflags=()).key("go1.26")]
    (module.directory / "go.sum").write_text("other\n")
    keys.append(module.key("go1.26"))
    (module.directory / "main.go").write_text("package main\n")
    keys.append(module.key("go1.26"))
    overlaid = replace(module, overlay=({"module": "example.com/one", "path": "one.go", "with": "ours.txt"},))
    for text in ("ours", "ours as well"):
        (module.directory / "ours.txt").write_text(text)
        keys.append(overlaid.key("go1.26"))
    assert len(set(keys)) == len(keys)
    assert module.key("go1.26") == keys[-3]


def test_every_described_module_has_its_files_and_stamps() -> None:
    for name, entry in modules(DEFAULT_KUBERNETES).items():
        assert (entry.directory / "go.mod").is_file(), name
        assert "{" not in entry.flags(), name
        for extract in entry.extract:
            assert entry.required(extract["module"])
        for overlay in entry.overlay:
            assert entry.required(overlay["module"])
            assert (entry.directory / overlay["with"]).is_file()


def test_what_programs_share_with_kubernetes_is_the_same() -> None:
    """Another version in one of them would be compiled once more, with all that stands on it."""
    everything = modules(DEFAULT_KUBERNETES)
    sharing = 0
    for name, entry in everything.items():
        _, found, shared = entry.text.partition("// As in lab/go/kubernetes")
        sharing += bool(found)
        for path, version in re.findall(r"^\t(\S+) => \S+ (v\S+)$", shared.partition("\n)")[0], re.MULTILINE):
            assert version == everything["kubernetes"].required(path), f"{path} in lab/go/{name}/go.mod"
    assert sharing >= 4


@pytest.mark.parametrize("folder", [False, True])
def test_an_overlay_takes_the_place_of_a_file_or_of_a_folder(tmp_path: Path, folder: bool) -> None:
    ours, theirs = tmp_path / "ours.go", tmp_path / "package"
    ours.write_text("ours")
    theirs.mkdir()
    (theirs / "one.go").write_text("theirs")
    (theirs / "two.go").write_text("theirs")
    put_in_place(ours, theirs if folder else theirs / "one.go")
    left = {path.name: path.read_text() for path in theirs.iterdir()}
    assert left == ({"ours.go": "ours"} if folder else {"one.go": "ours", "two.go": "theirs"})


def test_no_module_is_forgotten() -> None:
    folders = {
        path.parent.name for path in GO_DIRECTORY.glob("*/go.mod") if not path.parent.name.startswith("kubernetes-")
    }
    assert folders == set(modules(DEFAULT_KUBERNETES))


def test_kubernetes_stamps_both_packages() -> None:
    kubernetes = modules(DEFAULT_KUBERNETES)["kubernetes"]
    for package in ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version"):
        assert f"-X {package}.gitVersion=v{DEFAULT_KUBERNETES}" in kubernetes.flags()


def test_unknown_kubernetes_names_the_known_ones() -> None:
    with pytest.raises(
        BuildError,
        match=re.escape(
            f"K8S=1.2.3: no module files at lab/go/kubernetes-1.2.3; there are some for {DEFAULT_KUBERNETES}"
        ),
    ):
        modules("1.2.3")


def test_a_program_is_built_by_go(tmp_path: Path) -> None:
    """A real build, of a program without dependencies."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "go.mod").write_text("module example.com/hello\n\ngo 1.21\n")
    source = 'package main\n\nvar version = "none"\n\nfunc main() { println("hello " + version) }\n'
    (tmp_path / "src" / "main.go").write_text(source)
    hello = Module(name="hello", directory=tmp_path / "src", version="v1.5.0", ldflags=("main.version={plain}",))
    cache = Cache(tmp_path / "cache")
    go = toolchain.ensure_go(Cache(), Progress())  # of the lab's own cache, where this machine has none
    path = build(cache, hello, Progress(), go)
    log = tmp_path / "log"
    run("hello", [path / "bin" / "hello"], log=log, say=Progress())
    assert log.read_text() == "hello 1.5.0\n"
    (tmp_path / "src" / "main.go").write_text("package main\n\nfunc main() { nonsense }\n")
    with pytest.raises(BuildError, match="undefined: nonsense"):
        build(cache, hello, Progress(), go)


def test_run_shows_the_end_of_the_log_and_stops_in_time(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"(?s)making: `sh -c .*ended with code 3.*the reason"):
        run("making", ["sh", "-c", "echo the reason >&2; exit 3"], log=tmp_path / "log", say=Progress())


def test_programs_are_found_by_name(tmp_path: Path) -> None:
    for path in ("a/bin/one", "b/bin/one", "b/bin/two", "debs/usr/sbin/runc", "debs/usr/bin/runc"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    artifacts = Artifacts(programs={"a": tmp_path / "a", "b": tmp_path / "b"}, debs_dir=tmp_path / "debs")
    assert artifacts.bin("two") == tmp_path / "b/bin/two"
    assert artifacts.bin("a/one") == tmp_path / "a/bin/one"
    assert artifacts.bin("runc") == tmp_path / "debs/usr/sbin/runc"
    with pytest.raises(BuildError, match="2 programs are called one"):
        artifacts.bin("one")
    with pytest.raises(BuildError, match="0 programs are called three"):
        artifacts.bin("three")
    with pytest.raises(BuildError, match="charts were not asked for"):
        _ = artifacts.charts_dir


def test_needs_of_an_empty_cache(tmp_path: Path) -> None:
    found = needs(cache=Cache(tmp_path), stack="yatai")
    assert {"kubernetes", "yatai", "images", "debs", "index"} <= set(found.missing)
    assert "kind" not in found.missing
    assert 10 < found.minutes < 30
    assert found.disk_gb < 30
    assert not list(tmp_path.iterdir()), "looking makes nothing"
    assert needs(["index"], cache=Cache(tmp_path), stack="yatai").missing == ("index",)


def test_needs_follow_the_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STACK", "inference")
    inference = needs(cache=Cache(tmp_path))
    assert {"kubernetes", "istio", "kserve", "images"} <= set(inference.missing)
    assert not {"yatai", "kaniko", "hpa-bridge", "index"} & set(inference.missing)
    everything = needs(cache=Cache(tmp_path), stack="all")
    assert {"yatai", "istio", "index"} <= set(everything.missing)
    assert everything.minutes > inference.minutes > 20
    with pytest.raises(BuildError, match="STACK='jam' is unknown: choose yatai, inference, all"):
        needs(cache=Cache(tmp_path), stack="jam")


def test_the_stack_is_no_part_of_a_program(tmp_path: Path) -> None:
    alone = Module(name="a", directory=tmp_path)
    (tmp_path / "go.mod").write_text("module a\n")
    assert alone.key("go1") == Module(name="a", directory=tmp_path, stacks=("yatai",)).key("go1")
    assert {stack for module in modules(None).values() for stack in module.stacks} == {*STACKS, RENDERED}


def test_unknown_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="unknown kind of artifact: image; known: programs, debs"):
        ensure(["image"], cache=Cache(tmp_path))


def test_too_little_disk_is_refused_before_anything(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"needs 1000000000 GB at .* GB are free; make room or set XDG_CACHE_HOME"):
        require_disk(Needs(("kubernetes",), 6, 1e9), Cache(tmp_path))
