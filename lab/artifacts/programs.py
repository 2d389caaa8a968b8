"""Go programs of the lab, each module of lab/go built once into the cache together with what its module ships."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lab import stacks

from .cache import Cache, digest, file_digest, remove_tree, tree_digest, tree_size
from .progress import BuildError, Say, run
from .toolchain import Go

GO_DIRECTORY = Path(__file__).resolve().parent.parent / "go"
DEFAULT_KUBERNETES = "1.33.13"
# Nobody debugs these programs: without the tables for it they are compiled 12 % faster, into 20 % less disk.
BUILD_FLAGS = ("-gcflags=all=-dwarf=false",)
# With -trimpath Go compiles a package anew for each module that requires another version of it, also where a replace
# line has all of them use the same. lab/go/*/go.mod do so for Kubernetes' libraries; the inference platform's do not.
SHARING = "yatai"
BUILD_LOCK = "go"  # shared by builds, held alone by whoever drops their caches
BUILD_CACHE_LIMIT = 14 * 1024**3  # bytes of Go build cache at which it is dropped between two modules


@dataclass(frozen=True)
class Module:
    """One folder of lab/go with its entry in lab/go/programs.yaml."""

    name: str
    directory: Path
    module: str = ""  # the Go module whose version is stamped
    version: str = ""  # stamped version, when it differs from the module's
    ldflags: tuple[str, ...] = ()
    extract: tuple[dict[str, str], ...] = ()
    overlay: tuple[dict[str, str], ...] = ()
    optional: bool = False  # built on request only
    stacks: tuple[str, ...] = ()  # the platforms that need it; none: all
    binaries: dict[str, str] = field(default_factory=dict)  # name built by go -> name in the lab

    @property
    def text(self) -> str:
        return (self.directory / "go.mod").read_text()

    def required(self, module: str) -> str:
        """The version that go.mod really builds: a replace line wins over the requirement."""
        name = re.escape(module)
        for pattern in (rf"replace {name}(?: \S+)? => \S+ (v\S+)", rf"(?:require |\t){name} (v\S+)"):
            found = re.search("^" + pattern, self.text, re.MULTILINE)
            if found:
                return found.group(1)
        raise BuildError(f"lab/go/{self.name}/go.mod does not require {module}, which lab/go/programs.yaml names")

    def flags(self) -> str:
        version = self.version or (self.required(self.module) if self.module else "")
        plain = version.lstrip("v")
        major, _, rest = plain.partition(".")
        values = {"version": version, "plain": plain, "major": major, "minor": rest.partition(".")[0]}
        return " ".join(["-s -w", *(f"-X {flag.format(**values)}" for flag in self.ldflags)])

    @property
    def build_flags(self) -> tuple[str, ...]:
        return BUILD_FLAGS if stacks.needed(self.stacks, SHARING) else ("-trimpath", *BUILD_FLAGS)

    def key(self, go_version: str) -> str:
        sources = tree_digest(self.directory, "*.go")
        overlay = [(entry, file_digest(self.directory / entry["with"])) for entry in self.overlay]
        sums = self.directory / "go.sum"
        files = (self.text, file_digest(sums) if sums.exists() else "", sources)
        return digest(*files, self.flags(), self.extract, overlay, self.binaries, self.build_flags, go_version)


def modules(kubernetes: str | None = None, directory: Path = GO_DIRECTORY) -> dict[str, Module]:
    kubernetes = kubernetes or os.environ.get("K8S") or DEFAULT_KUBERNETES
    found: dict[str, Module] = {}
    described: dict[str, dict[str, Any]] = yaml.safe_load((directory / "programs.yaml").read_text())
    for name, entry in described.items():
        folder = directory / name
        if name == "kubernetes" and kubernetes != DEFAULT_KUBERNETES:
            folder = directory / f"kubernetes-{kubernetes}"
            if not (folder / "go.mod").exists():
                known = [DEFAULT_KUBERNETES, *(path.name.partition("-")[2] for path in directory.glob("kubernetes-*"))]
                raise BuildError(
                    f"K8S={kubernetes}: no module files at lab/go/{folder.name}; there are some for {', '.join(known)}"
                )
        options = {**entry, **{key: tuple(entry.get(key, ())) for key in ("ldflags", "extract", "overlay", "stacks")}}
        found[name] = Module(name=name, directory=folder, **options)
    return found


def chosen(kubernetes: str | None, stack: str) -> list[Module]:
    """What `python -m lab build` makes for a stack."""
    found = modules(kubernetes).values()
    return [module for module in found if not module.optional and stacks.needed(module.stacks, stack)]


def build_environment(cache: Cache) -> dict[str, str]:
    lab = cache.root / "lab"
    return {
        "CGO_ENABLED": "0",
        "GOCACHE": str(lab / "go-build"),
        "GOMODCACHE": str(lab / "go-mod"),
        "GOFLAGS": "-buildvcs=false -mod=readonly",
        "GOWORK": "off",
        "GOOS": "linux",
        # Compilers and linkers live for seconds and would spend a third of them on collecting garbage.
        "GOGC": "400",
    }


def build(cache: Cache, module: Module, say: Say, go: Go) -> Path:
    """The folder of a module's artifact: bin/<program> and files/<extracted>."""

    def make(work: Path) -> None:
        with cache.lock(BUILD_LOCK, shared=True):
            make_locked(work)
        limit_build_cache(cache, say)

    def make_locked(work: Path) -> None:
        say(f"building {module.name} ({go.version})")
        program = go.program or "go"
        environment = {**build_environment(cache), "GOBIN": str(work / "bin")}
        own = any(module.directory.glob("*.go"))
        log = cache.root / "lab" / "log" / f"go-{module.name}.log"
        overlay = patched_modfile(program, module, environment, cache.root / "lab" / "patched" / module.name)
        flags = [*module.build_flags, "-ldflags", module.flags(), *overlay]
        command = ["nice", program, "install", *flags, "." if own else "tool"]
        run(f"building {module.name}", command, cwd=module.directory, env=environment, log=log, say=say)
        for built, wanted in module.binaries.items():
            (work / "bin" / built).rename(work / "bin" / wanted)
        extract(program, module, environment, work)

    return cache.get_or_make("programs", module.name, module.key(go.version), make)


def shipped(cache: Cache, module: Module, say: Say, go: Go) -> Path:
    """The folder with files/<extracted> alone: what a module ships can be had without compiling anything."""

    def make(work: Path) -> None:
        say(f"fetching what {module.name} ships")
        with cache.lock(BUILD_LOCK, shared=True):
            extract(go.program or "go", module, build_environment(cache), work)

    return cache.get_or_make("shipped", module.name, shipped_key(module), make)


def shipped_key(module: Module) -> str:
    return digest([(entry, module.required(entry["module"])) for entry in module.extract])


def shipped_path(cache: Cache, module: Module) -> Path:
    """Where it is, made or not."""
    return cache.path("shipped", module.name, shipped_key(module))


def extract(go: str, module: Module, environment: dict[str, str], work: Path) -> None:
    for entry in module.extract:
        source = module_directory(go, module, entry["module"], environment) / entry["path"]
        if not source.exists():
            raise BuildError(f"module {entry['module']} of lab/go/{module.name} has no {entry['path']}")
        target = work / "files" / entry["to"]
        target.parent.mkdir(parents=True, exist_ok=True)
        copy_writable(source, target)


def module_directory(go: str, module: Module, path: str, environment: dict[str, str]) -> Path:
    command = [go, "mod", "download", "-json", f"{path}@{module.required(path)}"]
    variables = {**os.environ, **environment}
    answer = subprocess.run(
        command, cwd=module.directory, env=variables, capture_output=True, text=True, timeout=600, check=False
    )
    found = re.search(r'"Dir": "([^"]+)"', answer.stdout)
    if answer.returncode or not found:
        raise BuildError(f"`{' '.join(command)}` failed: {answer.stdout}{answer.stderr}")
    return Path(found.group(1))


def patched_modfile(go: str, module: Module, environment: dict[str, str], work: Path) -> list[str]:
    """The module's own go.mod with local copies of other modules, in which files of ours replace theirs."""
    if not module.overlay:
        return []
    remove_tree(work)
    lines = [module.text]
    for path in dict.fromkeys(entry["module"] for entry in module.overlay):
        copy = work / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy_writable(module_directory(go, module, path, environment), copy)
        lines.append(f"replace {path} => {copy}\n")
    for entry in module.overlay:
        target = work / entry["module"] / entry["path"]
        if not target.exists():
            raise BuildError(f"lab/go/{module.name}: the overlay replaces {entry['path']}, which is not there")
        put_in_place(module.directory / entry["with"], target)
    (work / "go.mod").write_text("\n".join(lines))
    shutil.copyfile(module.directory / "go.sum", work / "go.sum")
    return [f"-modfile={work / 'go.mod'}"]


def put_in_place(source: Path, target: Path) -> None:
    """Of a file, or of all that a folder holds."""
    if target.is_dir():
        remove_tree(target)
        target.mkdir()
        target /= source.name
    shutil.copyfile(source, target)


def copy_writable(source: Path, target: Path) -> None:
    """The module cache is read-only, ours is not; otherwise as in any chart or image."""
    shutil.copytree(source, target, copy_function=shutil.copyfile)
    for folder, _names, _files in os.walk(target):
        Path(folder).chmod(0o755)


def limit_build_cache(cache: Cache, say: Say) -> None:
    folder = cache.root / "lab" / "go-build"
    size = tree_size(folder)
    if size > BUILD_CACHE_LIMIT:
        with cache.lock(BUILD_LOCK, wait=False) as alone:
            if alone:
                say(f"dropping the Go build cache ({size / 1e9:.1f} GB)")
                remove_tree(folder)


def drop_build_caches(cache: Cache, say: Say) -> None:
    """All programs are in the cache now: what Go needed to make them can be had again."""
    with cache.lock(BUILD_LOCK, wait=False) as alone:
        folders = [cache.root / "lab" / name for name in ("go-build", "go-mod", "patched")] if alone else []
        for folder in folders:
            if folder.exists():
                say(f"dropping {folder.name}: {tree_size(folder) / 1e9:.1f} GB that can be had again")
                remove_tree(folder)
