"""Build the bento: python build.py VERSION, into the store at BENTOML_HOME. Does nothing when it is there already."""

from __future__ import annotations

import sys
from pathlib import Path

import bentoml
from bentoml.exceptions import NotFound
from train import NAME, train


def main(version: str) -> None:
    tag = f"{NAME}:{version}"
    try:
        bento = bentoml.bentos.get(tag)
    except NotFound:
        try:
            bentoml.models.get(tag)
        except NotFound:
            train(version)
        bento = bentoml.bentos.build_bentofile("bentofile.yaml", version=version, build_ctx=str(Path(__file__).parent))
    print(bento.tag)


if __name__ == "__main__":
    main(*sys.argv[1:])
