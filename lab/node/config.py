"""The configuration files of the node's processes, as data; `write` puts them into the state folder."""

from __future__ import annotations

import json
from typing import Any

import yaml

from lab.node.context import Node

Files = dict[str, str]


def containerd(node: Node) -> str:
    """restrict_oom_score_adj: some kernels refuse to lower it. opt: containerd would make /opt/containerd."""
    return f"""\
version = 2
root = "{node.data}/containerd"
state = "{node.settings.run}/containerd/state"
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]
[grpc]
  address = "{node.containerd_socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{node.data}/containerd/opt"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "registry.k8s.io/pause:3.10"
  max_concurrent_downloads = 4
  # As newer containerd does by default: a pod's process may bind port 80 or 53 without being root.
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    discard_unpacked_layers = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{node.programs.cni}"
    conf_dir = "{node.conf}/cni"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{node.conf}/certs.d"
"""


def registry_hosts(node: Node) -> Files:
    """Every registry name is asked of the lab's mirror first. No `server` line: what the mirror does not have is asked
    of the name's own registry, so that a registry inside the cluster works (and the internet just is not there).
    127.0.0.1:5000 is where a registry's own proxy listens on the node; it is plain http and never mirrored."""
    mirror = f'[host."http://{node.mirror}"]\n  capabilities = ["pull", "resolve"]\n'
    return {
        "certs.d/_default/hosts.toml": mirror,
        "certs.d/127.0.0.1:5000/hosts.toml": 'server = "http://127.0.0.1:5000"\n',
        "certs.d/localhost:5000/hosts.toml": 'server = "http://localhost:5000"\n',
    }


def cni(node: Node) -> dict[str, Any]:
    return {
        "cniVersion": "0.4.0",
        "name": node.unit,
        "plugins": [
            {
                "type": "bridge",
                "bridge": "cni0",
                "isGateway": True,
                "ipMasq": False,
                "hairpinMode": True,
                "ipam": {
                    "type": "host-local",
                    "ranges": [[{"subnet": node.network.node_pods}]],
                    "routes": [{"dst": "0.0.0.0/0"}],
                },
            },
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def kubelet(node: Node) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True, "cacheTTL": "10s"},
            "x509": {"clientCAFile": f"{node.pki}/ca.crt"},
        },
        # A short cache for refusals: the binding that lets the API server in comes a moment after the first request.
        "authorization": {"mode": "Webhook", "webhook": {"cacheUnauthorizedTTL": "1s"}},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": node.cgroup_pods,
        "containerRuntimeEndpoint": f"unix://{node.containerd_socket}",
        "volumePluginDir": "/var/lib/kubelet/volume-plugins",
        "clusterDNS": [node.network.dns_ip],
        "clusterDomain": "cluster.local",
        "resolvConf": f"{node.conf}/resolv.conf",
        "failSwapOn": False,
        "serializeImagePulls": False,
        "maxParallelImagePulls": 4,
        "registryPullQPS": 0,
        # The machine's disk and memory are shared with others: kubelet must not answer for them by evicting pods.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {"nodefs.available": "0%", "imagefs.available": "0%", "memory.available": "100Mi"},
    }


def kube_proxy(node: Node) -> dict[str, Any]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": f"{node.conf}/kube-proxy.conf"},
        "clusterCIDR": node.network.pods,
        "mode": "iptables",
        "hostnameOverride": node.name,
        "healthzBindAddress": "0.0.0.0:10256",
        "conntrack": {"maxPerCore": 0},
        "iptables": {"minSyncPeriod": "1s"},
    }


def mirror(node: Node) -> dict[str, Any]:
    """Read-only: all labs of a machine serve the same cached folder."""
    return {
        "version": 0.1,
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": str(node.programs.registry_dir)},
            "cache": {"blobdescriptor": "inmemory"},
            "maintenance": {"readonly": {"enabled": True}},
        },
        "http": {"addr": node.mirror},
    }


def audit_policy() -> dict[str, Any]:
    return {"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "rules": [{"level": "Metadata"}]}


def files(node: Node) -> Files:
    """Every file below conf/, rendered."""
    return {
        "containerd.toml": containerd(node),
        **registry_hosts(node),
        "cni/10-bridge.conflist": json.dumps(cni(node), indent=1),
        "kubelet.yaml": yaml.safe_dump(kubelet(node), sort_keys=False),
        "kube-proxy.yaml": yaml.safe_dump(kube_proxy(node), sort_keys=False),
        "mirror.yaml": yaml.safe_dump(mirror(node), sort_keys=False),
        "audit-policy.yaml": yaml.safe_dump(audit_policy(), sort_keys=False),
        # Pods with the node's own resolver (hostNetwork) ask the cluster's DNS: there is no other.
        "resolv.conf": f"nameserver {node.network.dns_ip}\n",
    }


# Which process reads a file at its start only, and so must start anew when the file changed.
READERS = {
    "containerd.toml": "containerd",
    "kubelet.yaml": "kubelet",
    "resolv.conf": "kubelet",
    "kube-proxy.yaml": "kube-proxy",
    "mirror.yaml": "mirror",
    "audit-policy.yaml": "kube-apiserver",
}


def write(node: Node) -> set[str]:
    """Write what differs; the processes that must read it anew."""
    readers = set()
    for name, text in files(node).items():
        path = node.conf / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or path.read_text() != text:
            path.write_text(text)
            readers |= {READERS[name]} if name in READERS else set()
    return readers
