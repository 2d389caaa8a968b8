"""Stands in for get-pip.py, which ansible-test downloads when it makes a virtual environment.

ansible-test looks for its copy in $HOME/.ansible/test/cache before it downloads one. This one needs no download:
pip comes from the ensurepip that every CPython carries, the rest from the package index in use. ansible-test makes
ten such environments for one core, so the first of a kind is kept beside $HOME, and the others are copies of it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from hashlib import sha256
from pathlib import Path


def install(arguments: list[str]) -> None:
    # In a process of its own: ensurepip switches pip's configuration off in the process it runs in.
    subprocess.run([sys.executable, "-m", "ensurepip", "--default-pip"], check=True)
    subprocess.run([sys.executable, "-m", "pip", "install", "--disable-pip-version-check", *arguments], check=True)


def main() -> None:
    arguments = [a for a in sys.argv[1:] if a not in ("--no-setuptools", "--no-wheel")]
    packages = Path(sysconfig.get_path("purelib"))
    key = sha256("\0".join([sys.version, *arguments]).encode()).hexdigest()[:12]
    kept = Path.home().parent / "pip" / key
    if kept.is_dir():
        shutil.copytree(kept, packages, dirs_exist_ok=True)  # with their times, by which bytecode is known as current
        return
    empty = not any(packages.iterdir())
    install(arguments)
    if empty:
        mine = kept.with_name(f"{key}.{os.getpid()}")
        shutil.copytree(packages, mine)
        try:
            mine.rename(kept)  # whole or not at all: two cores are tried at a time
        except OSError:
            shutil.rmtree(mine)


main()
