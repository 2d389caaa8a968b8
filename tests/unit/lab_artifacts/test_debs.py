"""Unpacked Debian programs, and what only building needs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lab.artifacts import debs, programs, rootfs
from lab.artifacts.cache import Cache
from lab.artifacts.layers import Blob
from lab.artifacts.progress import BuildError, Progress


def test_authorities_become_one_file(tmp_path: Path) -> None:
    folder = tmp_path / "usr/share/ca-certificates/mozilla"
    folder.mkdir(parents=True)
    (folder / "b.crt").write_text("-----B-----\n\n")
    (folder / "a.crt").write_text("-----A-----")
    debs.make_ca_bundle(tmp_path)
    assert (tmp_path / "etc/ssl/certs/ca-certificates.crt").read_text() == "-----A-----\n-----B-----\n"


def test_programs_that_find_their_libraries_pass(tmp_path: Path) -> None:
    (tmp_path / "usr/bin").mkdir(parents=True)
    shutil.copy(shutil.which("ls") or "/bin/ls", tmp_path / "usr/bin/ls")
    debs.check_libraries(tmp_path)


def test_a_missing_library_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "usr/bin").mkdir(parents=True)
    (tmp_path / "usr/bin/tool").write_text("x")
    fake = tmp_path / "tools" / "ldd"
    fake.parent.mkdir()
    fake.write_text('#!/bin/sh\nprintf "\\tlibthing.so.3 => not found\\n\\tlibc.so.6 => /lib/libc.so.6 (0x1)\\n"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{fake.parent}:/usr/bin:/bin")
    with pytest.raises(BuildError, match=r"tool needs libthing\.so\.3, which this host lacks; install its package"):
        debs.check_libraries(tmp_path)


def test_library_path_holds_the_folders_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "usr/lib/x86_64-linux-gnu").mkdir(parents=True)
    assert debs.library_path(tmp_path) == str(tmp_path / "usr/lib/x86_64-linux-gnu")


def test_missing_host_packages_without_root_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debs, "described", lambda: {"host": ["dpkg", "no-such-package-at-all"]})
    monkeypatch.setattr(debs.os, "geteuid", lambda: 1000)
    with pytest.raises(
        BuildError, match="not root, and these packages are missing: apt-get install no-such-package-at-all"
    ):
        debs.install_host_packages(Progress())


def test_a_root_file_system_is_laid_out_by_root_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rootfs.os, "geteuid", lambda: 1000)
    with pytest.raises(BuildError, match="inside of a root file system, as root only"):
        rootfs.unpack(Blob(tmp_path / "no.tar.gz", "", "", 0), tmp_path / "root", log=tmp_path / "log", say=Progress())


def test_nothing_is_installed_when_all_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(debs, "described", lambda: {"host": ["dpkg", "apt"]})
    assert debs.install_host_packages(Progress()) == []


def test_rootfs_key_follows_its_description(monkeypatch: pytest.MonkeyPatch) -> None:
    described = rootfs.described()
    first = rootfs.rootfs_key("python")
    described["python"]["packages"].append("more")
    monkeypatch.setattr(rootfs, "described", lambda: described)
    assert rootfs.rootfs_key("python") != first


def test_build_caches_are_dropped_but_not_under_a_build(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    module = tmp_path / "lab" / "go-mod" / "example.com@v1"
    module.mkdir(parents=True)
    (module / "a.go").write_text("package a\n")
    module.chmod(0o555)
    said: list[str] = []
    with cache.lock(programs.BUILD_LOCK, shared=True):
        programs.drop_build_caches(cache, said.append)
    assert module.exists()
    assert not said
    programs.drop_build_caches(cache, said.append)
    assert not (tmp_path / "lab" / "go-mod").exists()
    assert len(said) == 1


def test_the_go_build_cache_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path)
    folder = tmp_path / "lab" / "go-build"
    folder.mkdir(parents=True)
    (folder / "object").write_bytes(b"x" * 10000)
    programs.limit_build_cache(cache, Progress())
    assert folder.exists()
    monkeypatch.setattr(programs, "BUILD_CACHE_LIMIT", 5000)
    programs.limit_build_cache(cache, Progress())
    assert not folder.exists()
