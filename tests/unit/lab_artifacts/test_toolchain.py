"""Go comes from the machine, or from the module proxy when there is none or an old one."""

from __future__ import annotations

import hashlib
import http.server
import os
import subprocess
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from lab.artifacts import toolchain
from lab.artifacts.cache import Cache
from lab.artifacts.progress import BuildError, Progress

MACHINE = os.uname().machine


@pytest.mark.parametrize(
    ("version", "expected"),
    [("go1.24", True), ("go1.26.8", True), ("go2.0", True), ("go1.19.8", False), ("devel", False), ("", False)],
)
def test_new_enough(version: str, expected: bool) -> None:
    assert toolchain.new_enough(version) is expected


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("https://go.example.com/,direct", "https://go.example.com"),
        ("off|http://a.example.com", "http://a.example.com"),
    ],
)
def test_proxy(monkeypatch: pytest.MonkeyPatch, setting: str, expected: str) -> None:
    monkeypatch.setenv("GOPROXY", setting)
    assert toolchain.proxy() == expected


@pytest.mark.parametrize("value", ["", "direct", "off"])
def test_no_proxy_to_fetch_from(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOPROXY", value)
    with pytest.raises(toolchain.BuildError, match="install it, or set GOPROXY"):
        toolchain.proxy()


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A module proxy on loopback with a Go release of three files; no Go on PATH but an old one."""
    folder = tmp_path / "proxy" / "golang.org" / "toolchain" / "@v"
    folder.mkdir(parents=True)
    name = f"v0.0.1-{toolchain.PINNED}.linux-amd64"
    archive = folder / f"{name}.zip"
    with zipfile.ZipFile(archive, "w") as content:
        content.writestr(f"golang.org/toolchain@{name}/bin/go", "#!/bin/sh\necho fetched\n")
        content.writestr(f"golang.org/toolchain@{name}/pkg/tool/linux_amd64/link", "#!/bin/sh\n")
        content.writestr(f"golang.org/toolchain@{name}/src/linux-x/a.go", "package a\n")
    monkeypatch.setattr(toolchain, "SHA256", {MACHINE: hashlib.sha256(archive.read_bytes()).hexdigest()})
    handler = partial(http.server.SimpleHTTPRequestHandler, directory=str(tmp_path / "proxy"))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("GOPROXY", f"http://127.0.0.1:{server.server_port},direct")
    old = tmp_path / "bin" / "go"
    old.parent.mkdir()
    old.write_text("#!/bin/sh\necho go1.19.8\n")
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{old.parent}:/usr/bin:/bin")
    yield archive
    server.shutdown()
    server.server_close()


def test_go_is_fetched_once(proxy: Path, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    assert toolchain.look(cache) == toolchain.Go(None, toolchain.PINNED)
    go = toolchain.ensure_go(cache, Progress())
    assert go.program is not None
    assert subprocess.run([go.program], capture_output=True, text=True, check=True).stdout == "fetched\n"
    root = Path(go.program).parent.parent
    assert (root / "src/linux-x/a.go").read_text() == "package a\n"
    assert os.access(root / "pkg/tool/linux_amd64/link", os.X_OK)
    assert not (root / "go.zip").exists()
    proxy.unlink()
    assert toolchain.ensure_go(cache, Progress()) == go


def test_another_archive_is_refused(proxy: Path, tmp_path: Path) -> None:
    proxy.write_bytes(proxy.read_bytes() + b"x")
    with pytest.raises(BuildError, match=r"has the SHA-256 [0-9a-f]{64}, expected "):
        toolchain.ensure_go(Cache(tmp_path / "cache"), Progress())


def test_a_proxy_without_it_is_named(proxy: Path, tmp_path: Path) -> None:
    proxy.unlink()
    with pytest.raises(BuildError, match=r"fetching go1\S* from http://127.0.0.1:.*404.*install Go, or set GOPROXY"):
        toolchain.ensure_go(Cache(tmp_path / "cache"), Progress())


def test_the_machines_own_go_is_preferred(proxy: Path, tmp_path: Path) -> None:
    own = tmp_path / "bin" / "go"
    own.write_text("#!/bin/sh\necho go1.99.1\n")
    assert toolchain.ensure_go(Cache(tmp_path / "cache"), Progress()) == toolchain.Go(str(own), "go1.99.1")
