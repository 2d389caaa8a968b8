"""Python packages of images: lab/images/python/<name>.txt below /opt/python, one layer for all images that name it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from .cache import Cache, digest, file_digest, remove_tree
from .index import PYTHON, platforms
from .layers import Blob, tree_entries, write_layer
from .progress import Say, run

REQUIREMENTS = Path(__file__).resolve().parent.parent / "images" / "python"
TARGET = "/opt/python"
# A third of all bytes: packages' own tests, and the descriptions of every service of a cloud but those that are asked.
UNUSED = ("**/tests", "bin", "botocore/data/*/")
USED = {f"botocore/data/{service}" for service in ("s3", "sts", "sso", "sso-oidc")}
FORMAT = 1


def requirements(name: str) -> Path:
    return REQUIREMENTS / f"{name}.txt"


def compiled() -> bool:
    """Byte code is of one version of Python; without it a server takes seconds longer to start, every time."""
    return f"{sys.version_info.major}.{sys.version_info.minor}" == PYTHON


def python_key(name: str) -> str:
    return digest(FORMAT, PYTHON, os.uname().machine, file_digest(requirements(name)), UNUSED, sorted(USED), compiled())


def ensure_python(cache: Cache, name: str, say: Say) -> Blob:
    def make(work: Path) -> None:
        say(f"installing the Python packages {name} for images")
        tree, log = work / "tree", cache.root / "lab" / "log" / f"python-{name}.log"
        pip = [sys.executable, "-m", "pip", "install", "--no-deps", "--no-compile", "--only-binary=:all:"]
        pip += ["--python-version", PYTHON, *platforms(), "--target", str(tree)]
        run("pip install", [*pip, "--requirement", requirements(name)], log=log, say=say, timeout=1800)
        for path in unused(tree):
            remove_tree(path)
        if compiled():
            # not by time stamps: a layer has none
            command = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
            command += ["-s", str(tree), "-p", TARGET, str(tree)]
            run("compileall", ["nice", *command], log=log, say=say, timeout=1800)
        blob = write_layer(tree_entries(tree, TARGET), work / "layer.tar.gz")
        remove_tree(tree)
        content = {"digest": blob.digest, "diff_id": blob.diff_id, "size": blob.size}
        (work / "layer.json").write_text(json.dumps(content))

    folder = cache.get_or_make("python", name, python_key(name), make)
    content = json.loads((folder / "layer.json").read_text())
    return Blob(path=folder / "layer.tar.gz", **content)


def unused(tree: Path) -> list[Path]:
    found = {path for pattern in UNUSED for path in tree.glob(pattern) if path.is_dir()}
    return sorted(path for path in found if str(path.relative_to(tree)) not in USED)
