"""A package index (PEP 503 folders) with exactly what bentos of the lab install, served inside the cluster."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from .cache import Cache, digest, file_digest
from .progress import Say, run

REQUIREMENTS = Path(__file__).resolve().parent.parent / "bento" / "requirements.txt"
PYTHON = "3.11"  # of the image that bentos are built from
FORMAT = 1


def normalised(name: str) -> str:
    """PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()


def project_of(file: str) -> str:
    """Name of the project a wheel or source archive belongs to."""
    name = file.split("-", maxsplit=1)[0] if file.endswith(".whl") else file.rsplit("-", 1)[0]
    return normalised(name)


def platforms() -> list[str]:
    """What pip must be told to take wheels for the images' system, whatever system it runs on."""
    machine = os.uname().machine
    tags = ("2014", "_2_17", "_2_28", "_2_27", "_2_24", "_2_34")
    return [f"--platform=manylinux{tag}_{machine}" for tag in tags]


def index_key() -> str:
    return digest(FORMAT, PYTHON, os.uname().machine, file_digest(REQUIREMENTS))


def find_index(cache: Cache) -> Path | None:
    return cache.get("index", "pypi", index_key())


def ensure_index(cache: Cache, say: Say) -> Path:
    def make(work: Path) -> None:
        say("fetching the wheels for bentos")
        wheels = work / "wheels"
        command = [
            sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--python-version", PYTHON,
            *platforms(),
            "--dest", str(wheels), "--requirement", str(REQUIREMENTS),
        ]  # fmt: skip
        run("pip download", command, log=cache.root / "lab" / "log" / "index.log", say=say, timeout=1200)
        write_simple(wheels, work / "simple")
        wheels.rmdir()

    return cache.get_or_make("index", "pypi", index_key(), make)


def write_simple(files: Path, simple: Path) -> None:
    """Move the archives into simple/<project>/; every folder has a page, so that any static web server will do."""
    projects = set()
    for file in sorted(files.iterdir()):
        project = project_of(file.name)
        projects.add(project)
        (simple / project).mkdir(parents=True, exist_ok=True)
        file.rename(simple / project / file.name)
    for project in projects:
        archives = sorted((simple / project).iterdir())
        links = [(path.name, f"{path.name}#sha256={file_digest(path)}") for path in archives]
        write_page(simple / project / "index.html", links)
    write_page(simple / "index.html", [(project, f"{project}/") for project in sorted(projects)])


def write_page(path: Path, links: list[tuple[str, str]]) -> None:
    rows = "".join(f'<a href="{target}">{name}</a><br>\n' for name, target in links)
    path.write_text(f"<!DOCTYPE html>\n<html><body>\n{rows}</body></html>\n")
