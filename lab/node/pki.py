"""Certificates and kubeconfigs: kubeadm makes them, with the lab's addresses; they are kept with the data."""

from __future__ import annotations

import base64
import datetime
import os
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from lab.node.context import Node
from lab.shell import run

CONTROL_PLANE = ("super-admin", "kubelet", "controller-manager", "scheduler")


def kubeadm_config(node: Node) -> list[dict[str, Any]]:
    api = "kubeadm.k8s.io/v1beta4"
    return [
        {
            "apiVersion": api,
            "kind": "InitConfiguration",
            "localAPIEndpoint": {"advertiseAddress": node.network.node_ip, "bindPort": 6443},
            "nodeRegistration": {"name": node.name, "criSocket": f"unix://{node.containerd_socket}"},
        },
        {
            "apiVersion": api,
            "kind": "ClusterConfiguration",
            "kubernetesVersion": f"v{node.settings.k8s}",
            "clusterName": node.unit,
            "certificatesDir": str(node.pki),
            "controlPlaneEndpoint": node.api,
            "networking": {
                "podSubnet": node.network.pods,
                "serviceSubnet": node.network.services,
                "dnsDomain": "cluster.local",
            },
            "apiServer": {"certSANs": ["127.0.0.1", "localhost"]},
        },
    ]


def ensure(node: Node) -> None:
    """Make what is missing; kubeadm keeps the keys that are there."""
    for folder in (node.pki, node.conf):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    config = node.conf / "kubeadm.yaml"
    config.write_text(yaml.safe_dump_all(kubeadm_config(node), sort_keys=False))
    kubeadm = node.programs.kube["kubeadm"]
    proxy = node.conf / "kube-proxy.conf"
    wanted = [node.conf / f"{name}.conf" for name in CONTROL_PLANE]
    if not (node.pki / "front-proxy-client.crt").is_file() or not all(path.is_file() for path in wanted):
        run([kubeadm, "init", "phase", "certs", "all", f"--config={config}"])
        for name in CONTROL_PLANE:
            (node.conf / f"{name}.conf").unlink(missing_ok=True)
            run([kubeadm, "init", "phase", "kubeconfig", name, f"--config={config}", f"--kubeconfig-dir={node.conf}"])
    if not proxy.is_file():
        made = run([kubeadm, "kubeconfig", "user", f"--config={config}", "--client-name=system:kube-proxy"])
        write_secret(proxy, made.stdout)
    write_secret(node.settings.kubeconfig, yaml.safe_dump(user_kubeconfig(node), sort_keys=False))
    bridge_certificate(node.pki)


def user_kubeconfig(node: Node) -> dict[str, Any]:
    """The administrator's kubeconfig under the lab's own name, so that several can be merged."""
    content: dict[str, Any] = yaml.safe_load((node.conf / "super-admin.conf").read_text())
    name = node.unit
    content["clusters"][0]["name"] = name
    content["users"][0]["name"] = name
    content["contexts"] = [{"name": name, "context": {"cluster": name, "user": name}}]
    content["current-context"] = name
    return content


def write_secret(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as handle:
        handle.write(text)


def bridge_certificate(folder: Path) -> None:
    """A certificate of its own for the extension API server; it signs itself and the APIService trusts just that."""
    key_file, certificate_file = folder / "hpa-bridge.key", folder / "hpa-bridge.crt"
    if key_file.is_file() and certificate_file.is_file():
        return
    key = ec.generate_private_key(ec.SECP256R1())
    host = "hpa-bridge.kube-system.svc"
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=3650))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    write_secret(key_file, pem.decode())
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()
