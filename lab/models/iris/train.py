"""Train the classifier of lab/bento, and save it as KServe's sklearn server loads it: python train.py FOLDER."""

from __future__ import annotations

import csv
import sys
from pathlib import Path

import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

DATA = Path(__file__).resolve().parents[2] / "bento" / "iris.csv"


def main(folder: Path) -> None:
    with DATA.open(newline="") as file:
        rows = list(csv.DictReader(file))
    species = np.array([row.pop("species") for row in rows])
    measurements = np.array([[float(value) for value in row.values()] for row in rows])
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, random_state=0))
    model.fit(measurements, species)
    folder.mkdir(parents=True, exist_ok=True)
    joblib.dump(model, folder / "model.joblib")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
