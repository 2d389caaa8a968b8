"""Images written straight into the storage of a Docker registry (filesystem driver), which then serves them read-only.

No registry has to run and nothing is pushed: blobs are hard links to the cache, tags are small link files.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from .layers import Blob

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.docker.image.rootfs.diff.tar.gzip"
DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CONFIG_KEYS = {"Entrypoint", "Cmd", "Env", "User", "WorkingDir", "ExposedPorts", "Volumes", "Labels", "StopSignal"}


def split_name(image: str) -> tuple[str, str]:
    """Repository as a mirror knows it (without the registry's host) and tag of a full upstream name."""
    host, slash, rest = image.partition("/")
    repository, colon, tag = rest.rpartition(":")
    if not slash or not colon or not ("." in host or ":" in host or host == "localhost") or "/" in tag:
        raise ValueError(f"{image}: write images as registry-host/name:tag, for example docker.io/library/busybox:1.36")
    return repository, tag


def image_config(config: dict[str, Any], layers: list[Blob]) -> bytes:
    unknown = set(config) - CONFIG_KEYS
    if unknown:
        raise ValueError(f"unknown keys in an image's config: {', '.join(sorted(unknown))}")
    settings = {key: value for key, value in config.items() if value is not None}
    settings["Env"] = list(settings.get("Env", []))
    if not any(entry.startswith("PATH=") for entry in settings["Env"]):
        settings["Env"].insert(0, f"PATH={DEFAULT_PATH}")
    for key in ("ExposedPorts", "Volumes"):
        if key in settings:
            settings[key] = {str(name): {} for name in settings[key]}
    content = {
        "architecture": {"x86_64": "amd64", "aarch64": "arm64"}.get(os.uname().machine, os.uname().machine),
        "os": "linux",
        "created": "1970-01-01T00:00:00Z",
        "config": settings,
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        "history": [{"created": "1970-01-01T00:00:00Z", "created_by": "bentobox.platform lab"} for _layer in layers],
    }
    return json.dumps(content, sort_keys=True, separators=(",", ":")).encode()


def image_manifest(config: bytes, layers: list[Blob]) -> bytes:
    content = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"mediaType": CONFIG, "size": len(config), "digest": sha256(config)},
        "layers": [{"mediaType": LAYER, "size": layer.size, "digest": layer.digest} for layer in layers],
    }
    return json.dumps(content, indent=2).encode()


def sha256(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


class Storage:
    """The folder tree of a registry's filesystem driver."""

    def __init__(self, root: Path) -> None:
        self.base = root / "docker" / "registry" / "v2"

    def blob_path(self, digest: str) -> Path:
        algorithm, _, value = digest.partition(":")
        return self.base / "blobs" / algorithm / value[:2] / value / "data"

    def add_file(self, digest: str, source: Path) -> None:
        path = self.blob_path(digest)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                os.link(source, path)
            except OSError:  # another file system, or one without hard links
                path.write_bytes(source.read_bytes())

    def add_bytes(self, data: bytes) -> str:
        digest = sha256(data)
        path = self.blob_path(digest)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return digest

    def add_image(self, image: str, config: dict[str, Any], layers: list[Blob]) -> str:
        """Store one image under its name; returns the digest of its manifest."""
        repository, tag = split_name(image)
        config_data = image_config(config, layers)
        manifest = self.add_bytes(image_manifest(config_data, layers))
        folder = self.base / "repositories" / repository
        for layer in layers:
            self.add_file(layer.digest, layer.path)
        for digest in [self.add_bytes(config_data), *(layer.digest for layer in layers)]:
            link(folder / "_layers", digest)
        link(folder / "_manifests" / "revisions", manifest)
        tag_folder = folder / "_manifests" / "tags" / tag
        if (tag_folder / "current" / "link").exists():
            raise ValueError(f"two images are called {repository}:{tag} once the registry's host is taken away")
        write_link(tag_folder / "current" / "link", manifest)
        link(tag_folder / "index", manifest)
        return manifest


def link(folder: Path, digest: str) -> None:
    algorithm, _, value = digest.partition(":")
    write_link(folder / algorithm / value / "link", digest)


def write_link(path: Path, digest: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(digest)
