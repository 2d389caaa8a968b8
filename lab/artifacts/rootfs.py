"""Debian root file systems by mmdebstrap, one compressed layer each."""

from __future__ import annotations

import json
import os
import tarfile
from pathlib import Path
from typing import Any

import yaml

from . import debs
from .cache import Cache, digest, remove_tree
from .layers import Blob, compress_tar
from .progress import BuildError, Say, run

DESCRIPTIONS = Path(__file__).resolve().parent.parent / "images" / "rootfs.yaml"
MIRROR = "http://deb.debian.org/debian"
UNWANTED = ["/usr/share/man/*", "/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*", "/usr/share/lintian/*"]
FORMAT = 2  # raise when the way a root file system is made changes its content
# Runs what follows inside of a root, with /proc and /dev, which are gone from it by themselves afterwards.
INSIDE = """mount -t proc proc "$0/proc" && mount --bind /dev "$0/dev" &&
    exec chroot "$0" env -i PATH=/usr/bin:/bin LC_ALL=C.UTF-8 "$@" """
DATE = "1735689600"  # of files that the build made: not 1970, which zip archives cannot express


def described() -> dict[str, dict[str, Any]]:
    content: dict[str, dict[str, Any]] = yaml.safe_load(DESCRIPTIONS.read_text())
    return content


def rootfs_key(name: str) -> str:
    return digest(FORMAT, described()[name], os.uname().machine)


def shell_path(cache: Cache) -> Path:
    """Where the package with the images' busybox is, or will be."""
    return cache.path("debs", "shell", digest(debs.described()["shell"], os.uname().machine))


def ensure_shell(cache: Cache, say: Say) -> Path:
    """The folder with the images' busybox, bin/busybox, taken from a package without installing anything."""
    entry = debs.described()["shell"]

    def make(work: Path) -> None:
        debs.install_host_packages(say)
        say(f"fetching {entry['package']} of Debian {entry['suite']}")
        tar = work / "packages.tar"
        command = ["mmdebstrap", "--variant=extract", "--format=tar", "--quiet", f"--include={entry['package']}"]
        command += [entry["suite"], str(tar), os.environ.get("DEBIAN_MIRROR", MIRROR)]
        log = cache.root / "lab" / "log" / "shell.log"
        run(f"extracting {entry['package']}", command, log=log, say=say, env={"TMPDIR": str(work)}, timeout=600)
        (work / "bin").mkdir()
        with tarfile.open(tar) as packages:
            for member in packages:
                if member.isreg() and member.name.endswith("bin/busybox"):
                    content = packages.extractfile(member)
                    (work / "bin" / "busybox").write_bytes(content.read() if content else b"")
        (work / "bin" / "busybox").chmod(0o755)
        for left in (tar, *work.glob("mmdebstrap.*")):
            remove_tree(left)

    key = digest(entry, os.uname().machine)
    return cache.get_or_make("debs", "shell", key, make)


def ensure_rootfs(cache: Cache, name: str, say: Say) -> Blob:
    entry = described()[name]

    def make(work: Path) -> None:
        debs.install_host_packages(say)
        if os.geteuid() != 0:
            raise BuildError(f"the root file system {name} of the lab's images is made by mmdebstrap, as root only")
        say(f"making the root file system {name} (Debian {entry['suite']}, {len(entry['packages'])} packages)")
        tar = work / "rootfs.tar"
        command = [
            "nice", "mmdebstrap", "--variant=minbase", "--mode=root", "--format=tar", "--quiet",
            "--include=" + ",".join(entry["packages"]),
            "--dpkgopt=force-unsafe-io",  # a root that is lost in a power cut is made anew
            "--aptopt=Acquire::Languages \"none\"", "--aptopt=APT::Install-Recommends \"false\"",
            *(f"--dpkgopt=path-exclude={pattern}" for pattern in UNWANTED),
            *(f"--essential-hook={line}" for line in entry.get("essential", [])),
            *(f"--customize-hook={line}" for line in entry.get("customize", [])),
            "--skip=output/dev", entry["suite"], str(tar), os.environ.get("DEBIAN_MIRROR", MIRROR),
        ]  # fmt: skip
        environment = {"SOURCE_DATE_EPOCH": DATE, "LC_ALL": "C.UTF-8", "TMPDIR": str(work)}
        log = cache.root / "lab" / "log" / f"rootfs-{name}.log"
        run(f"root file system {name}", command, log=log, say=say, env=environment, timeout=1800)
        blob = compress_tar(tar, work / "layer.tar.gz")
        tar.unlink()
        for left in work.glob("mmdebstrap.*"):
            remove_tree(left)
        described_blob = {"digest": blob.digest, "diff_id": blob.diff_id, "size": blob.size}
        (work / "layer.json").write_text(json.dumps(described_blob))

    folder = cache.get_or_make("rootfs", name, rootfs_key(name), make)
    content = json.loads((folder / "layer.json").read_text())
    return Blob(path=folder / "layer.tar.gz", **content)


def unpack(blob: Blob, root: Path, *, log: Path, say: Say) -> None:
    """Lay a root file system out in a folder."""
    if os.geteuid() != 0:
        raise BuildError("the lab's models are made inside of a root file system, as root only")
    (root / "dev").mkdir(parents=True)
    run("unpacking a root file system", ["tar", "-xzf", blob.path, "-C", root], log=log, say=say, timeout=600)


def command_inside(root: Path) -> list[str]:
    """What goes before a command that is to run inside of a root."""
    return ["unshare", "--mount", "sh", "-c", INSIDE, str(root)]
