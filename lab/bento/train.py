"""Train the classifier on iris.csv (Fisher, 1936) and save it to the model store."""

from __future__ import annotations

import csv
from pathlib import Path

import bentoml
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

NAME = "iris_classifier"


def load() -> tuple[np.ndarray, np.ndarray]:
    with (Path(__file__).parent / "iris.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    species = np.array([row.pop("species") for row in rows])
    return np.array([[float(value) for value in row.values()] for row in rows]), species


def train(version: str) -> bentoml.Model:
    measurements, species = load()
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000, random_state=0))
    accuracy = float(cross_val_score(model, measurements, species, cv=5).mean())
    model.fit(measurements, species)
    return bentoml.sklearn.save_model(
        f"{NAME}:{version}",
        model,
        signatures={"predict_proba": {"batchable": True, "batch_dim": 0}},
        labels={"data": "iris"},
        metadata={"accuracy": round(accuracy, 4), "rows": len(species)},
        custom_objects={"species": [str(name) for name in model.classes_]},
    )
