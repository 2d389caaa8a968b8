"""Runs `ansible-test sanity` on this checkout for every supported ansible-core.

usage: python tests/sanity/run.py [CORE ...]      (default: all of tests/sanity/cores.txt)

ansible-test wants the collection in .../ansible_collections/bentobox/platform, as a tree that holds nothing else, so
the files that git knows (and the new ones that it does not ignore) are copied there. Everything is kept in the cache:
$XDG_CACHE_HOME/bentobox.platform/sanity. Two releases are tried at a time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
TOP = HERE.parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "bentobox.platform" / "sanity"


def cores() -> dict[str, str]:
    """ansible-core version -> Python version, as in cores.txt."""
    lines = (HERE / "cores.txt").read_text().splitlines()
    return dict(line.split() for line in lines if line and not line.startswith("#"))  # type: ignore[misc]


def find_python(version: str) -> str:
    """An interpreter of that version: on PATH, or one of pyenv's."""
    name = f"python{version}"
    found = shutil.which(name)
    if found and subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode == 0:
        return found
    candidates = sorted((Path.home() / ".pyenv" / "versions").glob(f"{version}.*/bin/{name}"))
    if candidates:
        return str(candidates[-1])
    sys.exit(f"sanity: no {name} on PATH or in pyenv. Install it (apt-get install {name}, or pyenv install {version}).")


def virtual_environment(core: str, python: str) -> Path:
    venv = CACHE / f"core-{core}"
    if not (venv / ".complete").exists():
        shutil.rmtree(venv, ignore_errors=True)
        subprocess.run([python, "-m", "venv", str(venv)], check=True)
        subprocess.run([str(venv / "bin" / "pip"), "install", "-q", f"ansible-core=={core}"], check=True)
        (venv / ".complete").touch()
    return venv


def copy_collection(core: str) -> Path:
    target = CACHE / f"tree-{core}" / "ansible_collections" / "bentobox" / "platform"
    keep = target / "tests", target / "tests" / "output"  # ansible-test's virtual environment for the next run is there
    for path in (*target.glob("*"), *target.glob("tests/*")):
        if path not in keep:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=TOP,
        check=True,
        capture_output=True,
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        source = TOP / name
        # The lab and the tests' own tools are no part of what is shipped; unit tests are linted by ruff.
        if source.is_file() and not name.startswith(("lab/", "tests/", ".ci/", "extensions/")):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name)
    (target / "tests").mkdir(exist_ok=True)
    shutil.copy2(TOP / "tests" / "config.yml", target / "tests" / "config.yml")
    return target


def run(core: str, python_version: str) -> bool:
    started = time.monotonic()
    venv = virtual_environment(core, find_python(python_version))
    tree = copy_collection(core)
    home = CACHE / f"home-{core}"  # of its own: two at a time must not write to one
    bootstrap = home / ".ansible" / "test" / "cache"
    bootstrap.mkdir(parents=True, exist_ok=True)
    # Each core asks for the version that it was released with.
    for version in ("20_3_4", "21_3_1", "24_2", "24_3_1", "25_0", "25_1", "25_2", "25_3", "26_0"):
        shutil.copyfile(HERE / "get_pip.py", bootstrap / f"get_pip_{version}.py")
    path = f"{venv / 'bin'}:{Path(find_python(python_version)).parent}:{os.environ['PATH']}"
    result = subprocess.run(
        [str(venv / "bin" / "ansible-test"), "sanity", "--venv", "--python", python_version, "--color", "no"],
        cwd=tree,
        env={**os.environ, "HOME": str(home), "PATH": path},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    verdict = "passed" if result.returncode == 0 else "FAILED"
    print(
        f"sanity: ansible-core {core} on Python {python_version} {verdict} ({time.monotonic() - started:.0f} s)",
        flush=True,
    )
    return result.returncode == 0


def main() -> int:
    known = cores()
    wanted = sys.argv[1:] or list(known)
    unknown = [core for core in wanted if core not in known]
    if unknown:
        sys.exit(f"sanity: {', '.join(unknown)} not in tests/sanity/cores.txt; known: {', '.join(known)}")
    with ThreadPoolExecutor(max_workers=2) as pool:
        passed = list(pool.map(lambda core: run(core, known[core]), wanted))
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
