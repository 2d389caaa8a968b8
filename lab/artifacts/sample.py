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


def environment_key() -> str:
    return digest(file_digest(PROJECT / "requirements.txt"), sys.version_info[:2], os.uname().machine)


def bentoml_environment(cache: Cache | None = None, progress: Say | None = None) -> Path:
    """The virtual environment that holds bentoml 1.1.11 and what the bento needs (it does not share the tooling's)."""
    cache, say = cache or Cache(), progress or Progress()

    def make(work: Path) -> None:
        say("making the virtual environment of bentoml")
        log = cache.root / "lab" / "log" / "bentoml-venv.log"
        run("python -m venv", [python_311(), "-m", "venv", work], log=log, say=say, timeout=300)
        pip = [str(work / "bin/python"), "-m", "pip", "install", "--only-binary=:all:", "--no-deps"]
        requirements = str(PROJECT / "requirements.txt")
        run("pip install bentoml", [*pip, "--requirement", requirements], log=log, say=say, timeout=1200)
        final = cache.path("venv", "bentoml", environment_key())
        for script in (work / "bin").iterdir():  # made in a temporary place, which the scripts name, and moved
            if script.is_file() and not script.is_symlink():
                script.write_bytes(script.read_bytes().replace(str(work).encode(), str(final).encode()))

    return cache.get_or_make("venv", "bentoml", environment_key(), make)


def python_311() -> str:
    """The bento's image has Python 3.11; models pickled by another minor version might not load there."""
    for name in ("python3.11", sys.executable):
        try:
            command = [name, "-c", "import sys; print(sys.version_info[:2] == (3, 11))"]
            answer = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            continue
        if answer.stdout.strip() == "True":
            return name
    raise BuildError("the sample bento is built by Python 3.11: no python3.11 on PATH")


def sample_version() -> str:
    """The same sources and requirements give the same version."""
    sources = [tree_digest(PROJECT, pattern) for pattern in ("*.py", "*.csv", "*.yaml")]
    return digest(sources, environment_key())[:12]


def sample_bento(bentoml_home: Path, progress: Say | None = None, cache: Cache | None = None) -> str:
    """Build the sample into a BENTOML_HOME unless it is there; returns its tag."""
    say = progress or Progress()
    cache = cache or Cache()
    environment = bentoml_environment(cache, say)
    tag = f"{TAG_PREFIX}:{sample_version()}"
    bentoml_home.mkdir(parents=True, exist_ok=True)
    say(f"building the bento {tag}")
    log = cache.root / "lab" / "log" / "bento.log"
    command = [str(environment / "bin/python"), str(PROJECT / "build.py"), sample_version()]
    variables = {"BENTOML_HOME": str(bentoml_home), "BENTOML_DO_NOT_TRACK": "True"}
    run(f"building the bento {tag}", command, cwd=PROJECT, env=variables, log=log, say=say, timeout=600)
    return tag
