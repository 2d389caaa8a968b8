"""The interface to the lab: ensure() gives paths, build_all() makes everything and tidies up."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from lab import stacks

from . import charts, debs, images, index, programs, rootfs, toolchain
from .cache import Cache, remove_tree, tree_size
from .progress import BuildError, Progress, Say

KINDS = ("programs", "debs", "charts", "images", "index")
INDEX_STACK = ("yatai",)  # whose image builds install Python packages


@dataclass
class Artifacts:
    """Paths of what was asked for; what was not asked for is missing."""

    stack: str = stacks.ALL
    programs: dict[str, Path] = field(default_factory=dict)
    debs_dir: Path | None = None
    charts_path: Path | None = None
    registry_path: Path | None = None
    index_path: Path | None = None
    used: set[Path] = field(default_factory=set)

    def bin(self, name: str) -> Path:
        """A program by its name, or as module/program where several modules have one of that name."""
        if "/" in name:
            module, _, program = name.partition("/")
            found = [self.programs[module] / "bin" / program] if module in self.programs else []
        else:
            found = [path / "bin" / name for path in self.programs.values()]
        existing = [path for path in found if path.is_file()]
        if self.debs_dir and not existing:
            folders = ("usr/sbin", "usr/bin", "sbin", "bin")
            existing = [path for path in (self.debs_dir / folder / name for folder in folders) if path.is_file()][:1]
        if len(existing) != 1:
            where = ", ".join([*self.programs, *(["Debian packages"] if self.debs_dir else [])])
            raise BuildError(f"{len(existing)} programs are called {name}, one was expected in: {where}")
        return existing[0]

    @property
    def debs(self) -> Path:
        """Root of the unpacked Debian packages."""
        return present(self.debs_dir, "debs")

    @property
    def cni_bin_dir(self) -> Path:
        return self.debs / "usr/lib/cni"

    @property
    def library_path(self) -> str:
        """LD_LIBRARY_PATH for Debian programs that need more libraries than a bare system has (runc, iptables)."""
        return debs.library_path(self.debs)

    @property
    def charts_dir(self) -> Path:
        """Folder of <chart>-<version>.tgz, itself called `charts`; beside it `files` with <name>-<version>.yaml."""
        return present(self.charts_path, "charts")

    @property
    def registry_dir(self) -> Path:
        """Root of a registry's filesystem storage (holds docker/registry/v2); to be served read-only."""
        return present(self.registry_path, "images")

    @property
    def index_dir(self) -> Path:
        """Root of a web server's files (holds simple/)."""
        return present(self.index_path, "index")

    @property
    def images(self) -> list[str]:
        """Full upstream names of the images in the mirror."""
        return images.names(self.stack)


def present(path: Path | None, kind: str) -> Path:
    if path is None:
        raise BuildError(f"the lab's {kind} were not asked for: ensure([{kind!r}])")
    return path


def kinds_of(names: Iterable[str] | None, stack: str) -> set[str]:
    """The kinds to make: what was asked for, less what the stack has no use for."""
    wanted = set(names) if names is not None else set(KINDS)
    if unknown := wanted - set(KINDS):
        raise BuildError(f"unknown kind of artifact: {', '.join(sorted(unknown))}; known: {', '.join(KINDS)}")
    if wrong := stacks.problem(stack):
        raise BuildError(wrong)
    return wanted if stacks.needed(INDEX_STACK, stack) else wanted - {"index"}


def ensure(
    names: Iterable[str] | None = None,
    progress: Say | None = None,
    k8s: str | None = None,
    cache: Cache | None = None,
    stack: str | None = None,
) -> Artifacts:
    """Make what is missing of the named kinds (default: all of KINDS) for the stack and return where it is."""
    stack = stacks.chosen(stack)
    wanted = kinds_of(names, stack)
    cache, say, result = cache or Cache(), progress or Progress(), Artifacts(stack)
    if wanted & {"programs", "images"}:
        go = toolchain.look(cache)
        for module in programs.chosen(k8s, stack):
            if not go.program and not cache.get("programs", module.name, module.key(go.version)):
                go = toolchain.ensure_go(cache, say)
            result.programs[module.name] = programs.build(cache, module, say, go)
        result.used.update(result.programs.values())
    if wanted & {"debs", "images"}:
        result.debs_dir = debs.ensure_debs(cache, say)
        result.used.add(result.debs_dir)
    if "charts" in wanted:
        result.charts_path, used = ensure_charts(cache, say, k8s, stack)
        result.used |= used
    if "images" in wanted and result.debs_dir:
        shell = rootfs.ensure_shell(cache, say)
        result.used.add(shell)
        sources = images.Sources(cache, result.programs, result.debs_dir, shell, say)
        result.registry_path, used = images.ensure_registry(sources, stack)
        result.used |= used
    if "index" in wanted:
        result.index_path = index.ensure_index(cache, say)
        result.used.add(result.index_path)
    return result


def ensure_charts(cache: Cache, say: Say, k8s: str | None, stack: str) -> tuple[Path, set[Path]]:
    """The charts of a stack, or of the releases that are only rendered, and all of the cache that is used for them."""
    go, used = toolchain.look(cache), charts.modules_used(stack)
    shipping = [module for module in programs.chosen(k8s, stack) if module.name in used]
    if not go.program and not all(programs.shipped_path(cache, module).is_dir() for module in shipping):
        go = toolchain.ensure_go(cache, say)
    shipped = {module.name: programs.shipped(cache, module, say, go) for module in shipping}
    path = charts.ensure_charts(cache, shipped, say, stack)
    return path, {*shipped.values(), path.parent}


def ensure_rendered(progress: Say | None = None, cache: Cache | None = None) -> Path:
    """Folder like Artifacts.charts_dir, with what unit tests render of releases that the lab does not run."""
    return ensure_charts(cache or Cache(), progress or Progress(), None, stacks.RENDERED)[0]


@dataclass(frozen=True)
class Needs:
    """What a build still has to do, for the line a command says at its start."""

    missing: tuple[str, ...]
    minutes: float
    disk_gb: float


# Minutes on 2 cores and GB at most while building, as measured; what is not listed is a Go module of middling size.
MINUTES = {
    "kubernetes": 6.0, "helm": 0.3, "coredns": 1.2, "cert-manager": 2.2, "kaniko": 1.8, "yatai": 1.6,
    "metrics-server": 0.2, "traefik": 1.5, "local-path-provisioner": 0.2, "images": 3.0,
    "yatai-deployment": 0.1, "hpa-bridge": 0.1, "metrics-transformer": 0.1, "debs": 0.3, "index": 0.3,
    "knative-serving": 2.0, "kserve": 4.0, "kube-rbac-proxy": 2.0, "istio": 3.6, "envoy-gateway": 4.0,
    "ai-gateway": 3.8, "kube-network-policies": 1.7, "ratelimit": 0.4,
}  # fmt: skip
DISK_GB = {
    "kubernetes": 7.0, "helm": 0.3, "metrics-server": 0.3, "local-path-provisioner": 0.3,
    "hpa-bridge": 0.3, "metrics-transformer": 0.2, "debs": 0.5, "index": 0.3,
    "istio": 2.0, "envoy-gateway": 2.5, "ai-gateway": 2.0, "ratelimit": 0.3, "images": 2.0,
}  # fmt: skip
USUAL_MINUTES, USUAL_DISK_GB = 1.0, 1.3


def needs(
    names: Iterable[str] | None = None, k8s: str | None = None, cache: Cache | None = None, stack: str | None = None
) -> Needs:
    """Look, without making anything."""
    stack = stacks.chosen(stack)
    wanted, cache = kinds_of(names, stack), cache or Cache()
    missing: list[str] = []
    if wanted & {"programs", "images"}:
        version = toolchain.look(cache).version
        modules = programs.chosen(k8s, stack)
        paths = {module.name: cache.path("programs", module.name, module.key(version)) for module in modules}
        missing += [name for name, path in paths.items() if not path.is_dir()]
        if "images" in wanted:
            packages = debs.debs_path(cache), rootfs.shell_path(cache)
            sources = images.Sources(cache, paths, *packages, say=lambda _text: None)
            if not cache.get("registry", "mirror", images.registry_key(sources, stack)):
                missing.append("images")
    if wanted & {"debs", "images"} and not debs.debs_path(cache).is_dir():
        missing.append("debs")
    if "index" in wanted and not index.find_index(cache):
        missing.append("index")
    minutes = sum(MINUTES.get(name, USUAL_MINUTES) for name in missing)
    return Needs(tuple(missing), minutes, sum(DISK_GB.get(name, USUAL_DISK_GB) for name in missing))


def require_disk(needed: Needs, cache: Cache) -> None:
    cache.root.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(cache.root).free / 1e9
    if needed.disk_gb > free:
        raise BuildError(
            f"building {', '.join(needed.missing)} needs {needed.disk_gb:.0f} GB at {cache.root},"
            f" {free:.1f} GB are free; make room or set XDG_CACHE_HOME to a larger disk"
        )


def build_all(
    progress: Callable[[str], None] | None = None, k8s: str | None = None, stack: str | None = None
) -> Artifacts:
    """`python -m lab build`: make everything for the stack, then give back the disk that only building needed."""
    say, cache = progress or Progress(), Cache()
    needed = needs(k8s=k8s, cache=cache, stack=stack)
    if needed.missing:
        say(f"to build: {', '.join(needed.missing)}")
        say(f"about {needed.minutes:.0f} min on 2 cores, up to {needed.disk_gb:.0f} GB of disk")
    require_disk(needed, cache)
    result = ensure(progress=say, k8s=k8s, cache=cache, stack=stack)
    if os.environ.get("LAB_KEEP_BUILD_CACHE") != "1":
        programs.drop_build_caches(cache, say)
        remove_tree(cache.artifacts / "go")
        for path in cache.prune(result.used):
            say(f"dropped {path.name}, unused for two weeks")
    say(f"everything is built: {tree_size(cache.artifacts) / 1e9:.1f} GB in {cache.artifacts}")
    return result
