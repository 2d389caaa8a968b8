"""Debian programs of the node, unpacked into the cache: nothing is installed or started as a service on the host."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from .cache import Cache, cache_root, digest
from .progress import BuildError, Say, run

PROGRAMS = ("bin/*", "usr/bin/*", "usr/sbin/*", "usr/lib/cni/*")
PACKAGES = Path(__file__).resolve().parent.parent / "images" / "debian.yaml"


def described() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(PACKAGES.read_text())
    return content


def distribution() -> str:
    """Codename and architecture: packages of another Debian are other programs."""
    text = Path("/etc/os-release").read_text()
    codename = re.search(r"^VERSION_CODENAME=(\S+)", text, re.MULTILINE)
    return f"{codename.group(1) if codename else 'unknown'}-{os.uname().machine}"


def require_apt() -> None:
    missing = [name for name in ("apt-get", "dpkg-deb") if shutil.which(name) is None]
    if missing:
        raise BuildError(
            f"the lab takes programs from Debian or Ubuntu packages: no {', no '.join(missing)} on this machine"
        )


def install_host_packages(say: Say) -> list[str]:
    """The few packages that must be on the host itself; returns what was installed."""
    require_apt()
    wanted = described()["host"]
    missing = [entry for entry in wanted if not installed(entry)]
    if not missing:
        return []
    if os.geteuid() != 0:
        raise BuildError(f"not root, and these packages are missing: apt-get install {' '.join(missing)}")
    say(f"installing on this host: {' '.join(missing)}")
    apt(["install", "--yes", "--no-install-recommends", *missing], say)
    return missing


def installed(package: str) -> bool:
    command = ["dpkg-query", "--show", "--showformat=${db:Status-Status}", package]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout == "installed"


def apt(arguments: list[str], say: Say, cwd: Path | None = None) -> None:
    """apt-get with fresh lists: the first refusal is most often a list that names a version which is gone."""
    log = cache_root() / "lab" / "log" / "apt.log"
    environment = {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    what = f"apt-get {arguments[0]}"
    try:
        run(what, ["apt-get", "-q", *arguments], log=log, say=say, cwd=cwd, env=environment, timeout=900)
    except BuildError:
        say("refreshing the package lists")
        run("apt-get update", ["apt-get", "-q", "update"], log=log, say=say, env=environment, timeout=600)
        run(what, ["apt-get", "-q", *arguments], log=log, say=say, cwd=cwd, env=environment, timeout=900)


def debs_key() -> str:
    return digest(described()["node"], distribution())


def debs_path(cache: Cache) -> Path:
    """Where the packages are, or will be."""
    return cache.path("debs", "node", debs_key())


def ensure_debs(cache: Cache, say: Say) -> Path:
    """The folder with the unpacked packages, laid out as on a Debian system (usr/bin, usr/sbin, usr/lib/cni)."""
    packages = described()["node"]

    def make(work: Path) -> None:
        require_apt()
        say(f"fetching {len(packages)} Debian packages: {' '.join(packages)}")
        downloads = work / ".download"
        downloads.mkdir()
        downloads.chmod(0o777)  # apt downloads as its own user
        apt(["download", *packages], say, cwd=downloads)
        versions = []
        for file in sorted(downloads.glob("*.deb")):
            subprocess.run(["dpkg-deb", "--extract", file, work], check=True, timeout=120)
            versions.append(file.name)
        shutil.rmtree(downloads)
        (work / "packages.txt").write_text("\n".join(versions) + "\n")
        make_ca_bundle(work)
        check_libraries(work)
        work.chmod(0o755)  # containers and apt read it as other users

    return cache.get_or_make("debs", "node", debs_key(), make)


def make_ca_bundle(root: Path) -> None:
    """One file of Mozilla's authorities, as update-ca-certificates would make it, for images without a shell."""
    certificates = sorted((root / "usr/share/ca-certificates").rglob("*.crt"))
    bundle = root / "etc/ssl/certs/ca-certificates.crt"
    bundle.parent.mkdir(parents=True, exist_ok=True)
    bundle.write_text("".join(file.read_text().rstrip("\n") + "\n" for file in certificates))


def library_path(root: Path) -> str:
    """LD_LIBRARY_PATH for the unpacked programs."""
    return ":".join(str(folder) for folder in (*root.glob("usr/lib/*-linux-gnu"), *root.glob("lib/*-linux-gnu")))


def check_libraries(root: Path) -> None:
    """Every program must find its libraries, here or on the host, or the node would fail much later with a riddle."""
    environment = {**os.environ, "LD_LIBRARY_PATH": library_path(root)}
    for program in sorted(path for pattern in PROGRAMS for path in root.glob(pattern)):
        if not program.is_file() or program.is_symlink():
            continue
        command = ["ldd", str(program)]
        answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=environment)
        missing = re.findall(r"(\S+) => not found", answer.stdout)
        if missing:
            raise BuildError(f"{program.name} needs {', '.join(missing)}, which this host lacks; install its package")
