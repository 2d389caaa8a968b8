"""The lab's sample bento: lab/bento built by the real bentoml in a virtual environment of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from .cache import Cache, digest, file_digest, tree_digest
from .progress import BuildError, Progress, Say, run

PROJECT = Path(__file__).resolve().parent.parent / "bento"
TAG_PREFIX = "iris_classifier"
PYTHONS = ("3.11", "3.12")


def interpreter() -> tuple[str, str]:
    """A Python that bentoml 1.1.11 and its pinned wheels run on, and its version; the image's own 3.11 is best."""
    for name in ("python3.11", sys.executable, "python3.12"):
        try:
            command = [name, "-c", "import sys; print(*sys.version_info[:2], sep='.')"]
            answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
        except FileNotFoundError:
            continue
        if answer.stdout.strip() in PYTHONS:
            return name, answer.stdout.strip()
    raise BuildError(f"the sample bento is built by Python {' or '.join(PYTHONS)}: neither is on PATH")


def environment_key(version: str) -> str:
    return digest(file_digest(PROJECT / "requirements.txt"), version, os.uname().machine)


def bentoml_environment(cache: Cache | None = None, progress: Say | None = None) -> Path:
    """The virtual environment that holds bentoml 1.1.11 and what the bento needs (it does not share the tooling's)."""
    cache, say = cache or Cache(), progress or Progress()
    python, version = interpreter()

    def make(work: Path) -> None:
        say("making the virtual environment of bentoml")
        log = cache.root / "lab" / "log" / "bentoml-venv.log"
        run("python -m venv", [python, "-m", "venv", str(work)], log=log, say=say, timeout=300)
        pip = [str(work / "bin/python"), "-m", "pip", "install", "--only-binary=:all:", "--no-deps"]
        requirements = str(PROJECT / "requirements.txt")
        run("pip install bentoml", [*pip, "--requirement", requirements], log=log, say=say, timeout=1200)
        final = cache.path("venv", "bentoml", environment_key(version))
        for script in (work / "bin").iterdir():  # made in a temporary place, which the scripts name, and moved
            if script.is_file() and not script.is_symlink():
                script.write_bytes(script.read_bytes().replace(str(work).encode(), str(final).encode()))

    return cache.get_or_make("venv", "bentoml", environment_key(version), make)


def sample_version() -> str:
    """The same sources and requirements give the same version."""
    sources = [tree_digest(PROJECT, pattern) for pattern in ("*.py", "*.csv", "*.yaml")]
    return digest(sources, file_digest(PROJECT / "requirements.txt"))[:12]


def sample_bento(bentoml_home: Path, progress: Say | None = None, cache: Cache | None = None) -> str:
    """Build the sample into a BENTOML_HOME unless it is there; returns its tag."""
    say, cache = progress or Progress(), cache or Cache()
    tag = f"{TAG_PREFIX}:{sample_version()}"
    if (bentoml_home / "bentos" / tag.replace(":", "/") / "bento.yaml").is_file():
        return tag
    environment = bentoml_environment(cache, say)
    bentoml_home.mkdir(parents=True, exist_ok=True)
    say(f"building the bento {tag}")
    log = cache.root / "lab" / "log" / "bento.log"
    command = [str(environment / "bin/python"), str(PROJECT / "build.py"), sample_version()]
    variables = {"BENTOML_HOME": str(bentoml_home), "BENTOML_DO_NOT_TRACK": "True"}
    run(f"building the bento {tag}", command, cwd=PROJECT, env=variables, log=log, say=say, timeout=600)
    return tag
