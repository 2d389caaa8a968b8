# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Files of a folder as objects of a bucket: what is there, what is wanted, and the requests between them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.bentobox.platform.plugins.module_utils.store.client import Store
from ansible_collections.bentobox.platform.plugins.module_utils.store.errors import Invalid, StoreError

# The store's own ETag is a checksum for small objects in some stores only: our own lies beside the object.
SHA256 = "sha256"
_MISSING = {"404", "NoSuchKey", "NotFound"}


@dataclass(frozen=True)
class File:
    """One file and the object it is to be."""

    path: Path
    key: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Plan:
    upload: tuple[File, ...] = ()
    unchanged: tuple[File, ...] = ()
    # keys below the prefix that no file stands for
    extra: tuple[str, ...] = ()


def files(source: Path, prefix: str) -> list[File]:
    """A file, or every file below a folder, in the order of their names."""
    attempted = f"reading {source}"
    if source.is_file():
        return [_file(source, prefix + source.name)]
    if not source.is_dir():
        raise Invalid(attempted, "there is no such file or folder", "Set src to what is to be uploaded.")
    found = sorted(path for path in source.rglob("*") if path.is_file())
    if not found:
        raise Invalid(attempted, "the folder has no files", "Set src to what is to be uploaded.")
    return [_file(path, prefix + path.relative_to(source).as_posix()) for path in found]


def _file(path: Path, key: str) -> File:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as handle:
            while chunk := handle.read(1024 * 1024):
                digest.update(chunk)
        return File(path, key, path.stat().st_size, digest.hexdigest())
    except OSError as error:
        raise Invalid(f"reading {path}", error.strerror or str(error)) from None


def plan(store: Store, bucket: str, prefix: str, wanted: list[File]) -> Plan:
    there = dict(_listed(store, bucket, prefix))
    upload: list[File] = []
    unchanged: list[File] = []
    for file in wanted:
        same = there.get(file.key) == file.size and _digest(store, bucket, file.key) == file.sha256
        (unchanged if same else upload).append(file)
    return Plan(tuple(upload), tuple(unchanged), tuple(sorted(set(there) - {file.key for file in wanted})))


def _listed(store: Store, bucket: str, prefix: str) -> Iterator[tuple[str, int]]:
    token: dict[str, str] = {}
    while True:
        answer = store.call("list_objects_v2", f"listing {bucket}/{prefix}", Bucket=bucket, Prefix=prefix, **token)
        for entry in answer.get("Contents", []):
            yield entry["Key"], int(entry["Size"])
        if not answer.get("IsTruncated"):
            return
        token = {"ContinuationToken": answer["NextContinuationToken"]}


def _digest(store: Store, bucket: str, key: str) -> str:
    try:
        answer = store.call("head_object", f"reading the checksum of {bucket}/{key}", Bucket=bucket, Key=key)
    except StoreError as error:
        if error.code in _MISSING:
            return ""
        raise
    # what stands in between may have written the header's name in its own way
    return {key.lower(): str(value) for key, value in answer.get("Metadata", {}).items()}.get(SHA256, "")


def apply(store: Store, bucket: str, steps: Plan, *, purge: bool) -> None:
    """Uploads first, so that a reader never finds less than one whole model; large files go in parts."""
    for file in steps.upload:
        store.call(
            "upload_file",
            f"uploading {file.path} to {bucket}/{file.key}",
            Filename=str(file.path),
            Bucket=bucket,
            Key=file.key,
            ExtraArgs={"Metadata": {SHA256: file.sha256}},
        )
    for key in steps.extra if purge else ():
        store.call("delete_object", f"deleting {bucket}/{key}", Bucket=bucket, Key=key)
