"""What the lab is made of: programs, Debian packages, charts, images, the package index, the sample bento.

Everything is made once into the cache of the machine and found again by what it is made from, so that a second checkout
on the same machine has nothing to build.
"""

from __future__ import annotations

from .build import Artifacts, Needs, build_all, ensure, ensure_rendered, needs
from .cache import cache_root
from .debs import install_host_packages
from .models import iris, resnet
from .progress import BuildError, Progress, Say
from .sample import sample_bento

__all__ = [
    "Artifacts",
    "BuildError",
    "Needs",
    "Progress",
    "Say",
    "build_all",
    "cache_root",
    "ensure",
    "ensure_rendered",
    "install_host_packages",
    "iris",
    "needs",
    "resnet",
    "sample_bento",
]
