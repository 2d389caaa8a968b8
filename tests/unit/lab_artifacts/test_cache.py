"""The cache: same things, same place; half-made things are never seen."""

from __future__ import annotations

import multiprocessing
import os
import time
from pathlib import Path

import pytest

from lab.artifacts.cache import Cache, cache_root, digest, remove_tree, tree_digest, tree_size


def test_digest_depends_on_values_and_order() -> None:
    assert digest("a", {"x": 1, "y": 2}) == digest("a", {"y": 2, "x": 1})
    assert digest("a", "b") != digest("b", "a")
    assert digest("ab") != digest("a", "b")


def test_tree_digest_sees_content_and_name(tmp_path: Path) -> None:
    (tmp_path / "a.go").write_text("package main\n")
    first = tree_digest(tmp_path, "*.go")
    (tmp_path / "README").write_text("not a source\n")
    assert tree_digest(tmp_path, "*.go") == first
    (tmp_path / "a.go").write_text("package other\n")
    second = tree_digest(tmp_path, "*.go")
    (tmp_path / "a.go").rename(tmp_path / "b.go")
    assert len({first, second, tree_digest(tmp_path, "*.go")}) == 3


def test_cache_root_follows_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_root() == tmp_path / "bentobox.platform"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_root() == Path.home() / ".cache" / "bentobox.platform"


def test_made_once_and_found_again(tmp_path: Path) -> None:
    made = []

    def make(work: Path) -> None:
        made.append(work)
        (work / "content").write_text("x")

    cache = Cache(tmp_path)
    first = cache.get_or_make("programs", "p", digest("k"), make)
    second = cache.get_or_make("programs", "p", digest("k"), make)
    assert first == second
    assert (first / "content").read_text() == "x"
    assert len(made) == 1
    assert made[0] != first, "it must be made elsewhere and moved"
    assert cache.get("programs", "p", digest("other")) is None


def test_failure_leaves_nothing_and_the_next_run_succeeds(tmp_path: Path) -> None:
    cache = Cache(tmp_path)

    def fails(work: Path) -> None:
        (work / "half").write_text("x")
        raise RuntimeError("no")

    with pytest.raises(RuntimeError):
        cache.get_or_make("k", "n", "a" * 64, fails)
    assert cache.get("k", "n", "a" * 64) is None
    assert not list((tmp_path / "artifacts" / ".tmp").iterdir())
    done = cache.get_or_make("k", "n", "a" * 64, lambda work: (work / "whole").touch())
    assert [path.name for path in done.iterdir()] == ["whole"]


def test_leftovers_of_a_killed_run_are_not_taken_over(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    work = tmp_path / "artifacts" / ".tmp" / f"k-n-{'a' * 16}"
    work.mkdir(parents=True)
    (work / "stale").touch()
    done = cache.get_or_make("k", "n", "a" * 64, lambda folder: (folder / "whole").touch())
    assert [path.name for path in done.iterdir()] == ["whole"]


def _make_slowly(root: Path, counter: Path) -> None:
    def make(work: Path) -> None:
        time.sleep(0.2)
        with counter.open("a") as stream:
            stream.write("x")
        (work / "whole").touch()

    Cache(root).get_or_make("k", "n", "a" * 64, make)


def test_two_processes_make_it_once(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    context = multiprocessing.get_context("fork")
    workers = [context.Process(target=_make_slowly, args=(tmp_path, counter)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(20)
        assert worker.exitcode == 0
    assert counter.read_text() == "x"


def test_locks_are_shared_or_held_alone(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    with cache.lock("go", shared=True), cache.lock("go", shared=True, wait=False) as second:
        assert second
        with cache.lock("go", wait=False) as alone:
            assert not alone
    with cache.lock("go", wait=False) as alone:
        assert alone


def test_prune_drops_only_what_is_old_and_unused(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    old, used, fresh = (cache.get_or_make("k", name, "a" * 64, lambda work: None) for name in ("old", "used", "fresh"))
    month_ago = time.time() - 30 * 24 * 3600
    os.utime(old, (month_ago, month_ago))
    os.utime(used, (month_ago, month_ago))
    assert cache.prune({used}) == [old]
    assert not old.exists()
    assert used.exists()
    assert fresh.exists()


def test_use_is_remembered(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    path = cache.get_or_make("k", "n", "a" * 64, lambda work: None)
    os.utime(path, (0, 0))
    assert cache.get("k", "n", "a" * 64) == path
    assert cache.prune(set()) == []


def test_remove_tree_of_read_only_folders_and_size(tmp_path: Path) -> None:
    folder = tmp_path / "mod" / "a@v1"
    folder.mkdir(parents=True)
    (folder / "file").write_bytes(b"x" * 5000)
    os.link(folder / "file", folder / "same")
    size = tree_size(tmp_path / "mod")
    assert 5000 <= size < 10000, "a hard link takes no space of its own"
    folder.chmod(0o555)
    remove_tree(tmp_path / "mod")
    assert not (tmp_path / "mod").exists()
    remove_tree(tmp_path / "never-there")
