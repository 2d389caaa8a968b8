"""Make a ResNet-18 whose weights are drawn from a fixed seed, as server.py loads it: python3 make.py FILE.

Nobody has trained it, since weights can be had from no package registry: its classes mean nothing, and are the same on
every machine.
"""

from __future__ import annotations

import sys

import torch
import torchvision

SEED = 2025
ARCHITECTURE = "resnet18"


def main(file: str) -> None:
    torch.manual_seed(SEED)
    network = torchvision.models.get_model(ARCHITECTURE, weights=None)
    torch.save({"architecture": ARCHITECTURE, "state_dict": network.state_dict()}, file)


if __name__ == "__main__":
    main(sys.argv[1])
