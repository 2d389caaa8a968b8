"""Where the node's programs are: in the artifacts' cache, never on the machine's own paths."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.settings import Settings

SYSTEM_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
KUBERNETES = (
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "kubeadm",
    "kubectl",
)


@dataclass(frozen=True)
class Programs:
    kube: dict[str, Path]
    helm: Path
    debs: Path  # a root folder with Debian's etcd, containerd, runc, CNI plugins, docker-registry and iptables
    registry_dir: Path
    index_dir: Path
    charts_dir: Path

    def deb(self, name: str) -> Path:
        for folder in ("usr/bin", "usr/sbin", "usr/lib/cni", "bin", "sbin"):
            if (path := self.debs / folder / name).exists():
                return path
        raise FileNotFoundError(f"{name} is not in {self.debs}")

    @property
    def cni(self) -> Path:
        return self.debs / "usr/lib/cni"

    @property
    def kubectl(self) -> Path:
        return self.kube["kubectl"]

    def environment(self, links: Path) -> dict[str, str]:
        """For processes that start others: iptables with its libraries, runc, the shim.

        `links` holds the names that Debian's alternatives would make for iptables."""
        debs = self.debs
        values = {"PATH": f"{links}:{debs}/usr/sbin:{debs}/usr/bin:/usr/local/sbin:/usr/local/bin:{SYSTEM_PATH}"}
        libraries = next((path.parent for path in sorted(debs.glob("usr/lib/*/libxtables.so.*"))), None)
        if libraries:
            values |= {"LD_LIBRARY_PATH": str(libraries), "XTABLES_LIBDIR": str(libraries / "xtables")}
        return values


def link_iptables(debs: Path, links: Path) -> None:
    """`dpkg -x` runs no update-alternatives: make iptables' usual names, for the nft back end as Debian does.
    Where the folder has no iptables, the machine's own is used."""
    links.mkdir(parents=True, exist_ok=True)
    target = debs / "usr/sbin/xtables-nft-multi"
    for family in ("iptables", "ip6tables"):
        for suffix in ("", "-save", "-restore"):
            link = links / f"{family}{suffix}"
            link.unlink(missing_ok=True)
            if target.exists():
                link.symlink_to(target)


def from_artifacts(kinds: Sequence[str], settings: Settings, say: Callable[[str], None], empty: Path) -> Programs:
    """Build what is missing, once, and say where everything is. `empty` stands for folders that there is no use for:
    a bare control plane needs neither images nor charts, and not every stack a package index."""
    from lab import artifacts  # noqa: PLC0415 (building is not needed to take a lab down)

    try:
        if artifacts.needs(kinds, k8s=settings.k8s, stack=settings.stack).missing:
            # also gives back the disk that only building needs
            found = artifacts.build_all(say, k8s=settings.k8s, stack=settings.stack)
        else:
            found = artifacts.ensure(kinds, progress=say, k8s=settings.k8s, stack=settings.stack)
        return Programs(
            kube={name: found.bin(name) for name in KUBERNETES},
            helm=found.bin("helm"),
            debs=found.debs,
            registry_dir=found.registry_dir if "images" in kinds else empty,
            index_dir=found.index_dir if "index" in kinds and found.index_path else empty,
            charts_dir=found.charts_dir if "charts" in kinds else empty,
        )
    except artifacts.BuildError as error:
        raise LabError(str(error)) from error
