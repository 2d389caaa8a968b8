"""The node's processes: what each is started with, and in which namespaces."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path

from lab.namespaces import is_namespace
from lab.node.context import Node

INDEX_PORT = 8090
# Shims keep containers alive over a restart of containerd; they are not the supervisor's.
SHIM = "containerd-shim-runc-v2"


@dataclass(frozen=True)
class Process:
    name: str
    args: list[str]
    mount_namespace: bool = False
    environment: dict[str, str] = field(default_factory=dict)
    stop_seconds: int = 10

    def command(self, node: Node) -> list[str]:
        """nsenter replaces itself by the program, so the supervisor's child is the program itself.
        Not `ip netns exec`: that mounts another /sys, and kubelet finds no cgroups."""
        enter = ["nsenter", f"--net={node.netns}"]
        if self.mount_namespace:
            enter.append(f"--mount={node.mntns}")
        return [*enter, "--", *self.args]


def etcd(node: Node) -> Process:
    """No fsync: a lab's data survives a killed process and a clean reboot, not a power cut, and starts much faster."""
    client = "http://127.0.0.1:2379"
    return Process(
        "etcd",
        [
            str(node.programs.deb("etcd")),
            f"--data-dir={node.data}/etcd",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            "--listen-peer-urls=http://127.0.0.1:2380",
            "--unsafe-no-fsync",
            "--auto-compaction-retention=1",
            "--quota-backend-bytes=4294967296",
            "--logger=zap",
            "--log-level=warn",
        ],
    )


def apiserver(node: Node) -> Process:
    pki = node.pki
    args = [
        str(node.programs.kube["kube-apiserver"]),
        "--etcd-servers=http://127.0.0.1:2379",
        f"--advertise-address={node.network.node_ip}",
        "--secure-port=6443",
        f"--service-cluster-ip-range={node.network.services}",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--client-ca-file={pki}/ca.crt",
        f"--kubelet-client-certificate={pki}/apiserver-kubelet-client.crt",
        f"--kubelet-client-key={pki}/apiserver-kubelet-client.key",
        "--kubelet-preferred-address-types=InternalIP",
        f"--service-account-key-file={pki}/sa.pub",
        f"--service-account-signing-key-file={pki}/sa.key",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--proxy-client-cert-file={pki}/front-proxy-client.crt",
        f"--proxy-client-key-file={pki}/front-proxy-client.key",
        f"--requestheader-client-ca-file={pki}/front-proxy-ca.crt",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        "--enable-aggregator-routing=true",
        "--allow-privileged=true",
    ]
    if node.settings.audit:
        args += [f"--audit-policy-file={node.conf}/audit-policy.yaml", f"--audit-log-path={node.logs}/audit.log"]
    return Process("kube-apiserver", args, stop_seconds=15)


def controller_manager(node: Node) -> Process:
    kubeconfig, pki = f"{node.conf}/controller-manager.conf", node.pki
    return Process(
        "kube-controller-manager",
        [
            str(node.programs.kube["kube-controller-manager"]),
            f"--kubeconfig={kubeconfig}",
            f"--authentication-kubeconfig={kubeconfig}",
            f"--authorization-kubeconfig={kubeconfig}",
            f"--client-ca-file={pki}/ca.crt",
            f"--cluster-signing-cert-file={pki}/ca.crt",
            f"--cluster-signing-key-file={pki}/ca.key",
            f"--root-ca-file={pki}/ca.crt",
            f"--service-account-private-key-file={pki}/sa.key",
            "--use-service-account-credentials",
            "--controllers=*,bootstrapsigner,tokencleaner",
            "--allocate-node-cidrs=true",
            f"--cluster-cidr={node.network.pods}",
            f"--service-cluster-ip-range={node.network.services}",
            "--leader-elect=false",
        ],
    )


def scheduler(node: Node) -> Process:
    kubeconfig = f"{node.conf}/scheduler.conf"
    return Process(
        "kube-scheduler",
        [str(node.programs.kube["kube-scheduler"]), f"--kubeconfig={kubeconfig}", "--leader-elect=false"],
    )


def containerd(node: Node) -> Process:
    return Process(
        "containerd",
        [str(node.programs.deb("containerd")), "-c", f"{node.conf}/containerd.toml"],
        mount_namespace=True,
        environment=node.programs.environment(node.conf / "bin"),
    )


def kubelet(node: Node) -> Process:
    return Process(
        "kubelet",
        [
            str(node.programs.kube["kubelet"]),
            f"--config={node.conf}/kubelet.yaml",
            f"--kubeconfig={node.conf}/kubelet.conf",
            f"--hostname-override={node.name}",
            f"--node-ip={node.network.node_ip}",
        ],
        mount_namespace=True,
        environment=node.programs.environment(node.conf / "bin"),
    )


def kube_proxy(node: Node) -> Process:
    return Process(
        "kube-proxy",
        [str(node.programs.kube["kube-proxy"]), f"--config={node.conf}/kube-proxy.yaml"],
        environment=node.programs.environment(node.conf / "bin"),
    )


def mirror(node: Node) -> Process:
    return Process("mirror", [str(node.programs.deb("docker-registry")), "serve", f"{node.conf}/mirror.yaml"])


def index(node: Node) -> Process:
    """The package index for image builds: plain files."""
    args = [sys.executable, "-u", "-m", "http.server", str(INDEX_PORT), "--bind", node.network.node_ip]
    return Process("package-index", [*args, "--directory", str(node.programs.index_dir)])


def every(node: Node) -> list[Process]:
    """In the order of their start; they stop in the opposite order."""
    makers = (
        etcd,
        mirror,
        index,
        containerd,
        apiserver,
        controller_manager,
        scheduler,
        kubelet,
        kube_proxy,
    )
    return [make(node) for make in makers]


def orphans(numbers: set[int], proc: Path = Path("/proc")) -> set[int]:
    """Of the processes in the node's cgroup those that a dead supervisor left, the shims aside."""
    found = set()
    for pid in numbers:
        try:
            name = (proc / str(pid) / "cmdline").read_bytes().split(b"\0")[0].decode()
        except OSError:
            continue
        if Path(name).name != SHIM:
            found.add(pid)
    return found


def in_namespaces(netns: Path, mntns: Path, proc: Path = Path("/proc")) -> set[int]:
    """Processes that live in the lab's namespaces, whatever their cgroup."""
    wanted = {}
    for kind, path in (("net", netns), ("mnt", mntns)):
        if is_namespace(path, kind):
            wanted[kind] = path.stat().st_ino
    found = set()
    for folder in proc.iterdir() if wanted else []:
        if not folder.name.isdigit():
            continue
        for kind, inode in wanted.items():
            try:
                if (folder / "ns" / kind).stat().st_ino == inode:
                    found.add(int(folder.name))
            except OSError:
                continue
    return found
