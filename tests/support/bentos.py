# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Bentos for tests: small ones written by hand in BentoML's layout, and the real BentoML client, kept apart."""

from __future__ import annotations

import datetime
import os
import subprocess
from pathlib import Path

import yaml

BENTOML = "1.1.11"
_BUILT = datetime.datetime(2025, 7, 1, 12, 0, 0, 123456, tzinfo=datetime.UTC)


def make_model(home: Path, name: str, version: str, size: int = 1000, content: bytes = b"m", **more: object) -> Path:
    """A model as BentoML lays it out in its store."""
    folder = home / "models" / name / version
    folder.mkdir(parents=True)
    info = {
        "name": name,
        "version": version,
        "module": "bentoml.sklearn",
        "labels": {},
        "options": {},
        "metadata": {},
        "context": {
            "framework_name": "sklearn",
            "framework_versions": {"scikit-learn": "1.5.2"},
            "bentoml_version": BENTOML,
            "python_version": "3.11.2",
        },
        "signatures": {"predict": {"batchable": False}},
        "api_version": "v1",
        "creation_time": _BUILT,
        **more,
    }
    (folder / "model.yaml").write_text(yaml.safe_dump(info, sort_keys=False))
    fill(folder / "saved_model.pkl", size, content)
    (folder.parent / "latest").write_text(version)
    return folder


def make_bento(
    home: Path, name: str, version: str, models: tuple[str, ...] = (), size: int = 1000, **more: object
) -> Path:
    """A built bento as BentoML lays it out in its store."""
    folder = home / "bentos" / name / version
    (folder / "src").mkdir(parents=True)
    (folder / "env" / "docker").mkdir(parents=True)
    info = {
        "service": "service:svc",
        "name": name,
        "version": version,
        "bentoml_version": BENTOML,
        "creation_time": _BUILT,
        "labels": {"made-by": "tests"},
        "models": [{"tag": tag, "module": "bentoml.sklearn", "creation_time": _BUILT} for tag in models],
        "runners": [
            {
                "name": tag.split(":")[0],
                "runnable_type": "SklearnRunnable",
                "embedded": False,
                "models": [tag],
                "resource_config": None,
            }
            for tag in models
        ],
        "apis": [{"name": "predict", "input_type": "NumpyNdarray", "output_type": "NumpyNdarray"}],
        "docker": {"distro": "debian", "python_version": "3.11"},
        "python": {"packages": []},
        "conda": {},
        **more,
    }
    (folder / "bento.yaml").write_text(yaml.safe_dump(info, sort_keys=False))
    (folder / "README.md").write_text(f"# {name}\n")
    (folder / "src" / "service.py").write_text("svc = None\n")
    (folder / "env" / "docker" / "entrypoint.sh").write_text("#!/bin/sh\n")
    (folder / "env" / "docker" / "entrypoint.sh").chmod(0o755)
    fill(folder / "src" / "data.bin", size, b"b")
    (folder.parent / "latest").write_text(version)
    return folder


def fill(path: Path, size: int, content: bytes) -> None:
    """A file of that size without holding it in memory."""
    block = (content * (1 << 20))[: 1 << 20]
    with path.open("wb") as file:
        for _ in range(size >> 20):
            file.write(block)
        file.write(block[: size & ((1 << 20) - 1)])


def bentoml_python() -> Path:
    """The Python of a virtual environment with the real client (the lab makes it once and keeps it in the cache)."""
    given = os.environ.get("BENTOBOX_BENTOML_PYTHON")
    if given:
        return Path(given)
    try:
        from lab.artifacts.sample import bentoml_environment  # noqa: PLC0415  # only when the environment names nothing
    except ImportError as error:
        raise RuntimeError(
            f"BentoML {BENTOML} cannot be found ({error}): run the tests from the checkout, or set "
            "BENTOBOX_BENTOML_PYTHON to a Python that has it"
        ) from error
    return bentoml_environment() / "bin" / "python"


def run_bentoml(home: Path, *arguments: str, cwd: Path | None = None, timeout: float = 300) -> str:
    """The real client's command line, on a store of the test's own."""
    return _run([bentoml_python(), "-m", "bentoml", *arguments], home, cwd, timeout)


def run_python(home: Path, code: str, cwd: Path | None = None, timeout: float = 300) -> str:
    """Python code with the real client."""
    return _run([bentoml_python(), "-c", code], home, cwd, timeout)


def _run(command: list[object], home: Path, cwd: Path | None, timeout: float) -> str:
    environment = os.environ | {"BENTOML_HOME": str(home), "BENTOML_DO_NOT_TRACK": "True", "COLUMNS": "200"}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd or home,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(
            f"{' '.join(str(w) for w in command[1:4])} failed:\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
        )
    return done.stdout


_TRAIN = """
import bentoml, numpy as np
from sklearn.linear_model import LinearRegression
x = np.array([[1.0, 2.0], [2.0, 1.0], [3.0, 5.0], [4.0, 3.0]])
model = LinearRegression().fit(x, x @ [1.0, 2.0] + 0.5)
print(bentoml.sklearn.save_model("line:m1", model))
"""
_SERVICE = """
import bentoml
from bentoml.io import NumpyNdarray
runner = bentoml.sklearn.get("line:m1").to_runner()
svc = bentoml.Service("line", runners=[runner])

@svc.api(input=NumpyNdarray(), output=NumpyNdarray())
def predict(x):
    return runner.predict.run(x)
"""


def build_real_bento(home: Path, project: Path) -> str:
    """A bento that BentoML itself built, with a model that scikit-learn trained; returns its tag."""
    project.mkdir(parents=True, exist_ok=True)
    home.mkdir(parents=True, exist_ok=True)
    (project / "service.py").write_text(_SERVICE)
    (project / "bentofile.yaml").write_text(
        'service: "service:svc"\ninclude: ["service.py"]\nlabels: {team: lines}\n'
        'python: {packages: ["scikit-learn==1.5.2"]}\n'
    )
    run_python(home, _TRAIN, cwd=project)
    run_bentoml(home, "build", "--version", "v1", cwd=project)
    return "line:v1"


# Loads a bento from the store as a server would, and asks it.
PREDICT = """
import bentoml, numpy as np
svc = bentoml.load("line:v1")
for runner in svc.runners:
    runner.init_local(quiet=True)
print("prediction", float(svc.apis["predict"].func(np.array([[1.0, 2.0]]))[0]))
"""
