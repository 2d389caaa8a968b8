"""The Go compiler: the machine's own if it is new enough, else the pinned one from the Go module proxy.

Go publishes its releases as versions of the module golang.org/toolchain; where modules can be had, so can Go.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path

from .cache import Cache
from .progress import BuildError, Say

OLDEST = (1, 24)
PINNED = "go1.26.8"
SHA256 = {"x86_64": "30c2b1bf7dcc88d3eb0a1364e47ddd9128edb3110a30e8a0ef61cd5856b31de7"}


@dataclass(frozen=True)
class Go:
    """`program` is None while Go is not here yet; `version` is what will be used in any case."""

    program: str | None
    version: str


def new_enough(version: str) -> bool:
    found = re.match(r"go(\d+)\.(\d+)", version)
    return bool(found) and (int(found[1]), int(found[2])) >= OLDEST  # type: ignore[index]


def look(cache: Cache) -> Go:
    """The Go that is here, without fetching anything."""
    own = shutil.which("go")
    if own:
        answer = subprocess.run([own, "env", "GOVERSION"], capture_output=True, text=True, check=False, timeout=60)
        if answer.returncode == 0 and new_enough(answer.stdout.strip()):
            return Go(own, answer.stdout.strip())
    fetched = cache.get("go", PINNED, SHA256.get(os.uname().machine, ""))
    return Go(str(fetched / "bin" / "go") if fetched else None, PINNED)


def ensure_go(cache: Cache, say: Say) -> Go:
    found = look(cache)
    if found.program:
        return found
    machine = os.uname().machine
    if machine not in SHA256:
        oldest = ".".join(map(str, OLDEST))
        raise BuildError(
            f"the lab builds its programs with Go: install Go {oldest} or later (none is pinned for {machine})"
        )

    def make(work: Path) -> None:
        archive = work / "go.zip"
        fetch(archive, machine, say)
        unpack(archive, work)
        archive.unlink()

    folder = cache.get_or_make("go", PINNED, SHA256[machine], make)
    return Go(str(folder / "bin" / "go"), PINNED)


def proxy() -> str:
    """The first module proxy of GOPROXY, as the go command would ask."""
    entries = re.split(r"[,|]", os.environ.get("GOPROXY", ""))
    found = next((entry.rstrip("/") for entry in entries if entry.startswith(("http://", "https://"))), "")
    if not found:
        oldest = ".".join(map(str, OLDEST))
        raise BuildError(f"no Go {oldest} or later on this machine: install it, or set GOPROXY to fetch {PINNED} from")
    return found


def fetch(archive: Path, machine: str, say: Say) -> None:
    architecture = {"x86_64": "amd64"}[machine]
    url = f"{proxy()}/golang.org/toolchain/@v/v0.0.1-{PINNED}.linux-{architecture}.zip"
    say(f"fetching {PINNED} (no Go {'.'.join(map(str, OLDEST))} or later on this machine)")
    try:
        with urllib.request.urlopen(url, timeout=120) as answer, archive.open("wb") as file:  # noqa: S310  # http(s) only
            shutil.copyfileobj(answer, file, 1 << 20)
    except (urllib.error.URLError, OSError) as error:
        raise BuildError(f"fetching {PINNED} from {url}: {error}; install Go, or set GOPROXY") from None
    with archive.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != SHA256[machine]:
        raise BuildError(f"{url} has the SHA-256 {found}, expected {SHA256[machine]}")


def unpack(archive: Path, target: Path) -> None:
    """A module's zip: everything below module@version/, without modes."""
    with zipfile.ZipFile(archive) as content:
        for member in content.infolist():
            _module, _, path = member.filename.partition("linux-")
            relative = path.partition("/")[2]
            if not relative or member.is_dir() or ".." in Path(relative).parts:
                continue
            file = target / relative
            file.parent.mkdir(parents=True, exist_ok=True)
            with content.open(member) as source, file.open("wb") as copy:
                shutil.copyfileobj(source, copy)
            if relative.startswith(("bin/", "pkg/tool/")):
                file.chmod(0o755)
