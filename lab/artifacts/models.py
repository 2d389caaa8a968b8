"""The lab's sample models, made by what serves them: one folder each, as it is put into the object store."""

from __future__ import annotations

from pathlib import Path

from .cache import Cache, digest, file_digest
from .progress import Progress, Say, run
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
