# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The planned tar: its arithmetic must be that of a real tar, for any range."""

from __future__ import annotations

import hashlib
import io
import os
import socket
import tarfile
from pathlib import Path

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.errors import SourceError
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.tarplan import CHUNK, plan_directory

TIME = 1_750_000_000
LONG = "d" * 90 + "/" + "n" * 200


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name, size in {
        "a": 0,
        "b": 1,
        "c": 511,
        "d": 512,
        "e": 513,
        "f": CHUNK + 7,
        "z/deep/file": 3000,
        LONG: 10,
    }.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(os.urandom(size))
    (root / "empty").mkdir()
    (root / "run.sh").write_text("x")
    (root / "run.sh").chmod(0o700)
    (root / "umläut ☃").write_text("y")
    (root / "link").symlink_to("a")
    (root / "models").mkdir()
    (root / "models" / "m").write_text("model")
    return root


def content(plan, start=0, end=None) -> bytes:
    return b"".join(bytes(piece) for piece in plan.chunks(start, end))


def test_it_is_the_tar_it_promises(tree: Path) -> None:
    plan = plan_directory(str(tree), TIME)
    data = content(plan)
    assert len(data) == plan.size
    assert len(data) % tarfile.RECORDSIZE == 0
    assert f"sha256:{hashlib.sha256(data).hexdigest()}" == plan.digest()
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
        members = {m.name.removeprefix("./"): m for m in archive.getmembers()}
        for path in tree.rglob("*"):
            member = members[str(path.relative_to(tree))]
            if path.is_symlink():
                assert member.linkname == "a"
            elif path.is_file():
                assert archive.extractfile(member).read() == path.read_bytes()
        assert members["run.sh"].mode == 0o755
        assert members["a"].mode == 0o644
        assert {(m.mtime, m.uid, m.gid, m.uname) for m in members.values()} == {(TIME, 0, 0, "root")}
        assert plan.content_size == sum(m.size for m in members.values())


def test_any_range_is_a_slice(tree: Path) -> None:
    plan = plan_directory(str(tree), TIME)
    data = content(plan)
    edges = sorted({0, 1, 511, 512, 513, 1024, 5000, CHUNK, CHUNK + 1, len(data) - 1025, len(data) - 1, len(data)})
    for start in edges:
        for end in edges:
            if start <= end:
                assert content(plan, start, end) == data[start:end], (start, end)
    step = 4097
    assert b"".join(content(plan, at, at + step) for at in range(0, len(data), step)) == data


def test_pieces_are_full_however_small_the_files_are(tree: Path) -> None:
    plan = plan_directory(str(tree), TIME)
    lengths = [len(piece) for piece in plan.chunks()]
    assert set(lengths[:-1]) <= {CHUNK}
    small = memoryview(bytearray(700))
    pieces = list(map(bytes, plan.chunks(100, 100 + 7000, buffers=iter([small] * 3))))
    assert b"".join(pieces) == content(plan)[100 : 100 + 3 * 700], "the pieces end with the buffers"


def test_equal_content_gives_equal_bytes(tree: Path) -> None:
    before = plan_directory(str(tree), TIME).digest()
    for path in tree.rglob("*"):
        if not path.is_symlink():
            os.utime(path, (1, 1))
    (tree / "a").chmod(0o600)
    assert plan_directory(str(tree), TIME).digest() == before
    (tree / "b").write_bytes(b"other")
    assert plan_directory(str(tree), TIME).digest() != before


def test_models_are_left_out_at_the_top_only(tree: Path) -> None:
    (tree / "z" / "models").mkdir()
    (tree / "z" / "models" / "kept").write_text("x")
    names = [entry.name for entry in plan_directory(str(tree), TIME, ("models",)).entries]
    assert "./models" not in names
    assert "./models/m" not in names
    assert "./z/models/kept" in names


def test_an_empty_directory_is_a_valid_tar(tmp_path: Path) -> None:
    data = content(plan_directory(str(tmp_path), 0))
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        [member] = archive.getmembers()
        assert member.mtime == 315532800, "wheels cannot be built from files older than 1980"


def test_a_file_beyond_what_octal_headers_hold(tmp_path: Path) -> None:
    size = 9 << 30
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(size)
    plan = plan_directory(str(tmp_path), TIME)
    first = content(plan, 0, 1024)
    with tarfile.open(fileobj=io.BytesIO(first + bytes(1024)), mode="r:") as archive:
        archive.next()
        assert archive.next().size == size
    assert content(plan, plan.size - 2048, plan.size) == bytes(2048)


def test_files_that_change_are_not_sent_as_garbage(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x" * 1000)
    plan = plan_directory(str(tmp_path), TIME)
    file.write_bytes(b"x" * 1001)
    with pytest.raises(SourceError, match="changed its size"):
        content(plan)
    file.unlink()
    with pytest.raises(SourceError, match="cannot read"):
        content(plan)


def test_what_cannot_travel_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").symlink_to("../elsewhere")
    with pytest.raises(SourceError, match="leads out"):
        plan_directory(str(tmp_path), TIME)
    (tmp_path / "out").unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        with pytest.raises(SourceError, match="neither a file"):
            plan_directory(str(tmp_path), TIME)
    with pytest.raises(SourceError, match="cannot list"):
        plan_directory(str(tmp_path / "absent"), TIME)
