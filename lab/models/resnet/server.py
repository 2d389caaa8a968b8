"""Image classifiers of torchvision behind KServe's protocols: python3 server.py --model_name NAME --model_dir FOLDER.

FOLDER/model.pt holds {"architecture": a name of torchvision.models, "state_dict": its weights}. An image is {"b64": a
JPEG or PNG} (V1), or numbers from 0 to 1 for red, green and blue, 224 rows of 224 each (V1 and V2). The answer has the
five likeliest classes of each image, likeliest first, and their probabilities. TORCH_NUM_THREADS (default 1) should be
the container's limit of processors: PyTorch itself only sees those of the node.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import io
import os
from pathlib import Path
from typing import Any

import kserve
import numpy as np
import torch
import torchvision
from kserve import InferOutput, InferRequest, InferResponse
from kserve.errors import InvalidInput
from kserve.utils.utils import generate_uuid
from PIL import Image
from torchvision import transforms

SHAPE = (3, 224, 224)
TOP = 5
OUTPUTS = (("classes", "INT64"), ("scores", "FP32"))
MOST_IMAGES = 16
# Bounds of a picture: a small file may hold a very large one, and a thin one becomes large when it is resized.
MOST_PIXELS, MOST_TIMES_AS_LONG = 4096, 16
# What torchvision's classifiers are trained with.
RESIZE = transforms.Compose([transforms.Resize(256), transforms.CenterCrop(SHAPE[1:]), transforms.ToTensor()])
NORMALISE = transforms.Normalize(mean=[0.485, 0.456, 0.406], std=[0.229, 0.224, 0.225])


def from_picture(text: Any) -> torch.Tensor:
    try:
        image = Image.open(io.BytesIO(base64.b64decode(text, validate=True)), formats=("JPEG", "PNG"))
    except (TypeError, ValueError, OSError) as error:
        raise InvalidInput(f"b64 must be a JPEG or PNG in base64: {error}") from None
    short, long = sorted(image.size)
    if long > MOST_PIXELS or long > MOST_TIMES_AS_LONG * short:
        limits = f"{MOST_PIXELS} pixels a side, and {MOST_TIMES_AS_LONG} times as long as wide"
        raise InvalidInput(f"a picture may have at most {limits}; this one is {image.width} by {image.height}")
    try:
        return RESIZE(image.convert("RGB"))
    except (ValueError, OSError, SyntaxError) as error:  # the file ends too early, or is broken
        raise InvalidInput(f"the picture cannot be read: {error}") from None


def from_numbers(numbers: Any) -> torch.Tensor:
    try:
        values = np.array(numbers, dtype=np.float32)
    except (TypeError, ValueError):
        values = np.empty(0, dtype=np.float32)
    if values.shape != SHAPE or not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
        raise InvalidInput(f"an image must be numbers from 0 to 1 of the shape {list(SHAPE)}, or a picture as b64")
    return torch.from_numpy(values)


def instances(payload: dict[str, Any] | InferRequest) -> list[Any]:
    """The images of a request of either protocol."""
    if isinstance(payload, InferRequest):
        if len(payload.inputs) != 1:
            raise InvalidInput(f"one input was expected, not {len(payload.inputs)}")
        try:
            found = list(payload.inputs[0].as_numpy())
        except (TypeError, ValueError) as error:
            raise InvalidInput(f"the input is not what its datatype and shape say: {error}") from None
    else:
        found = payload.get("instances") if isinstance(payload, dict) else None
    if not isinstance(found, list) or not 1 <= len(found) <= MOST_IMAGES:
        raise InvalidInput(f"a request must have a list of 1 to {MOST_IMAGES} images")
    return found


def batch(payload: dict[str, Any] | InferRequest) -> torch.Tensor:
    images = [
        from_picture(one.get("b64")) if isinstance(one, dict) else from_numbers(one) for one in instances(payload)
    ]
    return NORMALISE(torch.stack(images))


class Classifier(kserve.Model):
    def __init__(self, name: str, folder: str) -> None:
        super().__init__(name)
        self.file = Path(folder) / "model.pt"
        self._turn = asyncio.Lock()

    def load(self) -> bool:
        # weights only: a pickle of anything else could run what its author likes
        saved = torch.load(self.file, map_location="cpu", weights_only=True)
        network = torchvision.models.get_model(saved["architecture"], weights=None)
        network.load_state_dict(saved["state_dict"])
        self.network = network.eval()
        self.ready = True
        return self.ready

    def classify(self, payload: dict[str, Any] | InferRequest) -> tuple[np.ndarray, np.ndarray]:
        with torch.inference_mode():
            scores, classes = self.network(batch(payload)).softmax(dim=1).topk(TOP)
        return classes.numpy(), scores.numpy()

    async def predict(
        self, payload: dict[str, Any] | InferRequest, headers: dict[str, str] | None = None
    ) -> dict[str, Any] | InferResponse:
        # In a thread, so that probes are answered meanwhile; one request at a time, since each one uses all threads.
        async with self._turn:
            classes, scores = await asyncio.to_thread(self.classify, payload)
        if not isinstance(payload, InferRequest):
            rows = zip(classes.tolist(), scores.tolist(), strict=True)
            return {"predictions": [{"classes": each, "scores": of_each} for each, of_each in rows]}
        outputs = []
        for (name, datatype), values in zip(OUTPUTS, (classes, scores), strict=True):
            outputs.append(InferOutput(name=name, shape=list(values.shape), datatype=datatype))
            outputs[-1].set_data_from_numpy(values, binary_data=payload.use_binary_outputs)
        return InferResponse(
            response_id=payload.id or generate_uuid(),
            model_name=self.name,
            infer_outputs=outputs,
            use_binary_outputs=payload.use_binary_outputs,
            requested_outputs=payload.request_outputs,
        )

    def get_input_types(self) -> list[dict[str, Any]]:
        return [{"name": "images", "datatype": "FP32", "shape": [-1, *SHAPE]}]

    def get_output_types(self) -> list[dict[str, Any]]:
        return [{"name": name, "datatype": kind, "shape": [-1, TOP]} for name, kind in OUTPUTS]


def main() -> None:
    parser = argparse.ArgumentParser(parents=[kserve.model_server.parser])
    parser.add_argument("--model_dir", default="/mnt/models", help="folder of model.pt")
    options = parser.parse_args()
    torch.set_num_threads(int(os.environ.get("TORCH_NUM_THREADS", "1")))
    model = Classifier(options.model_name, options.model_dir)
    model.load()
    kserve.ModelServer().start([model])


if __name__ == "__main__":
    main()
