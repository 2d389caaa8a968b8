"""Answers which iris a flower is from its four measurements in centimetres."""

from __future__ import annotations

import bentoml
import numpy as np
from bentoml.io import JSON, NumpyNdarray

model = bentoml.sklearn.get("iris_classifier:latest")
runner = model.to_runner()
svc = bentoml.Service("iris_classifier", runners=[runner])


@svc.api(input=NumpyNdarray(shape=(-1, 4), dtype=np.float64, enforce_shape=True), output=JSON())
async def predict(measurements: np.ndarray) -> dict:
    """[[sepal length, sepal width, petal length, petal width], ...] -> species and probability of each flower."""
    probabilities = await runner.predict_proba.async_run(measurements)
    species = model.custom_objects["species"]
    best = probabilities.argmax(axis=1)
    return {
        "species": [species[index] for index in best],
        "probability": [round(float(row[index]), 4) for row, index in zip(probabilities, best, strict=True)],
    }
