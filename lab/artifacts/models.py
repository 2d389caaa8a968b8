"""The lab's sample models, made by what serves them: one folder each, as it is put into the object store."""

from __future__ import annotations

import shutil
from pathlib import Path

from .cache import Cache, digest, file_digest, remove_tree
from .progress import Progress, Say, run
from .rootfs import command_inside, ensure_rootfs, rootfs_key, unpack
from .sample import PROJECT as BENTO
from .sample import bentoml_environment

PROJECT = BENTO.parent / "models"


def iris(progress: Say | None = None, cache: Cache | None = None) -> Path:
    """The folder of the iris classifier (model.joblib), trained once for each state of its sources."""
    cache, say = cache or Cache(), progress or Progress()
    train = PROJECT / "iris" / "train.py"
    sources = [file_digest(path) for path in (train, BENTO / "iris.csv", BENTO / "requirements.txt")]

    def make(work: Path) -> None:
        python = bentoml_environment(cache, say) / "bin/python"
        log = cache.root / "lab" / "log" / "iris.log"
        run("training the iris classifier", [str(python), str(train), str(work)], log=log, say=say, timeout=300)

    return cache.get_or_make("models", "iris", digest(sources), make)


def resnet(progress: Say | None = None, cache: Cache | None = None) -> Path:
    """The folder of the image classifier (model.pt), made by the PyTorch of the image that serves it, once."""
    cache, say = cache or Cache(), progress or Progress()
    script = PROJECT / "resnet" / "make.py"

    def make(work: Path) -> None:
        root, log = work / "root", cache.root / "lab" / "log" / "resnet.log"
        unpack(ensure_rootfs(cache, "torch", say), root, log=log, say=say)
        shutil.copy(script, root / "make.py")
        command = [*command_inside(root), "python3", "/make.py", "/model.pt"]
        run("making the image classifier", command, log=log, say=say, timeout=300)
        (root / "model.pt").rename(work / "model.pt")
        remove_tree(root)

    return cache.get_or_make("models", "resnet", digest(file_digest(script), rootfs_key("torch")), make)
