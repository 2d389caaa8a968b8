# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names and references: pure rules, shared by both modules."""

from __future__ import annotations

import hashlib
import re
from typing import NamedTuple

from .errors import OptionError

RESOURCES_API = "resources.yatai.ai/v1alpha1"
SERVING_API = "serving.yatai.ai/v2alpha1"
MAX_LABEL = 63

_TAG_PART = re.compile(r"[a-z0-9]([-._a-z0-9]*[a-z0-9])?\Z")


class Tag(NamedTuple):
    repository: str
    version: str

    def __str__(self) -> str:
        return f"{self.repository}:{self.version}"


def parse_tag(text: str) -> Tag:
    """'iris:v1'. BentoML lowers the case; a version is needed, since an image is made of one."""
    repository, colon, version = text.strip().lower().partition(":")
    if not colon or not version or version == "latest":
        raise OptionError(f"bento '{text}' needs an exact version, as in {repository or 'iris'}:v1")
    for part in (repository, version):
        # The operators write both into labels, which hold no more.
        if len(part) > MAX_LABEL or not _TAG_PART.match(part):
            raise OptionError(
                f"bento '{text}' is not a tag: name and version are 1 to {MAX_LABEL} of a-z, 0-9, '-', '_' and '.', "
                "beginning and ending with a letter or digit"
            )
    return Tag(repository, version)


def object_name(tag: Tag) -> str:
    """The name of a bento's BentoRequest and Bento: repository--version, or a hash when that is too long."""
    name = re.sub(r"[^a-z0-9-]", "-", f"{tag.repository}--{tag.version}")
    if len(name) <= MAX_LABEL:
        return name
    return "bento-" + hashlib.md5(str(tag).encode(), usedforsecurity=False).hexdigest()


class ImageRef(NamedTuple):
    registry: str
    repository: str
    reference: str  # tag or digest


def parse_image(image: str) -> ImageRef:
    """'host:5000/repository/name:tag' and 'name@sha256:...' as container runtimes read them."""
    rest, at, digest = image.partition("@")
    first, slash, remainder = rest.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost"):
        registry, path = first, remainder
    else:
        registry, path = "docker.io", rest
    repository, colon, tag = path.rpartition(":")
    if not colon:
        repository, tag = path, "latest"
    if registry == "docker.io" and "/" not in repository:
        repository = f"library/{repository}"
    return ImageRef(registry, repository, digest if at else tag)
