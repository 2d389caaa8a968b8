# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration that the node's processes get."""

from __future__ import annotations

import configparser
import dataclasses
import shlex
import tomllib
from collections.abc import Callable

import yaml

from lab.node import addons, config, mounts, pki, policies, processes, supervisor
from lab.node.context import Node
from lab.providers.lab import variables


def test_containerd_asks_the_mirror_first_and_then_the_image_s_own_registry(node: Node) -> None:
    files = config.registry_hosts(node)
    default = tomllib.loads(files["certs.d/_default/hosts.toml"])
    assert list(default["host"]) == [f"http://{node.network.node_ip}:5000"]
    assert "server" not in default, "a server line would hide the registry that the image names"
    own = tomllib.loads(files["certs.d/127.0.0.1:5000/hosts.toml"])
    assert own == {"server": "http://127.0.0.1:5000"}, "the node's own registry is never mirrored"


def test_containerd_s_configuration_is_toml_and_of_this_lab_only(node: Node) -> None:
    parsed = tomllib.loads(config.containerd(node))
    cri = parsed["plugins"]["io.containerd.grpc.v1.cri"]
    assert cri["restrict_oom_score_adj"] is True
    assert cri["enable_unprivileged_ports"] is True
    assert cri["registry"]["config_path"] == f"{node.conf}/certs.d"
    assert parsed["root"].startswith(str(node.settings.state))
    assert parsed["state"].startswith(str(node.settings.run))
    assert parsed["plugins"]["io.containerd.internal.v1.opt"]["path"].startswith(str(node.data))


def test_kubelet_has_a_cgroup_and_a_resolver_of_its_own(node: Node) -> None:
    kubelet = config.kubelet(node)
    assert kubelet["cgroupRoot"] == "/bentobox-paper/pods"
    assert kubelet["clusterDNS"] == [node.network.dns_ip]
    assert kubelet["authentication"]["anonymous"] == {"enabled": False}
    assert config.files(node)["resolv.conf"] == f"nameserver {node.network.dns_ip}\n"


def test_the_mirror_is_read_only_and_not_on_loopback(node: Node) -> None:
    mirror = config.mirror(node)
    assert mirror["storage"]["maintenance"] == {"readonly": {"enabled": True}}
    assert mirror["http"]["addr"] == f"{node.network.node_ip}:5000"


def test_pods_get_addresses_from_the_node_s_part(node: Node) -> None:
    bridge, portmap = config.cni(node)["plugins"]
    assert bridge["ipam"]["ranges"] == [[{"subnet": node.network.node_pods}]]
    assert portmap["type"] == "portmap"


def test_a_changed_file_names_the_process_that_must_read_it(node: Node, node_of: Callable[[int], Node]) -> None:
    assert config.write(node) >= {"containerd", "kubelet", "kube-proxy", "mirror"}
    assert config.write(node) == set(), "nothing changed the second time"
    moved = node_of(4)
    assert config.write(moved) == {"kubelet", "kube-proxy", "mirror"}


def test_every_process_runs_in_the_namespaces_and_none_by_a_shell(node: Node) -> None:
    for process in processes.every(node):
        command = process.command(node)
        assert command[:2] == ["nsenter", "--net=/run/netns/bentobox-paper"]
        assert (f"--mount={node.mntns}" in command) == (process.name in ("kubelet", "containerd"))
        assert "sh" not in command


def test_no_secret_is_on_a_command_line(node: Node) -> None:
    for process in processes.every(node):
        for argument in process.args:
            assert "BEGIN" not in argument
            assert not argument.startswith(("--token", "--password"))


def test_the_api_server_aggregates_and_authorises(node: Node) -> None:
    args = processes.apiserver(node).args
    assert "--enable-aggregator-routing=true" in args
    assert "--authorization-mode=Node,RBAC" in args
    assert f"--service-cluster-ip-range={node.network.services}" in args
    assert not any(argument.startswith("--audit") for argument in args)
    audited = dataclasses.replace(node, settings=dataclasses.replace(node.settings, audit=True))
    assert f"--audit-log-path={node.logs}/audit.log" in processes.apiserver(audited).args


def test_the_supervisor_s_file_reads_back_as_the_commands(node: Node) -> None:
    every = processes.every(node)
    parsed = configparser.RawConfigParser()
    parsed.read_string(supervisor.render(node, every))
    for process in every:
        section = parsed[f"program:{process.name}"]
        assert shlex.split(section["command"]) == process.command(node)
        assert (section["autostart"], section["autorestart"]) == ("false", "true")
    priorities = [int(parsed[f"program:{process.name}"]["priority"]) for process in every]
    assert priorities == sorted(priorities)
    assert parsed["unix_http_server"]["file"] == "/run/bentobox.platform/paper/supervisor.sock"
    assert "inet_http_server" not in parsed


def test_a_percent_sign_survives_the_supervisor() -> None:
    assert supervisor._environment({"A": "50%"}) == 'A="50%%"'


def test_kubeadm_is_told_every_address(node: Node) -> None:
    init, cluster = pki.kubeadm_config(node)
    assert init["localAPIEndpoint"]["advertiseAddress"] == node.network.node_ip
    assert cluster["kubernetesVersion"] == "v1.33.13"
    assert cluster["networking"]["serviceSubnet"] == node.network.services
    assert cluster["certificatesDir"] == str(node.pki)


def test_the_bridge_s_certificate_is_made_once_and_for_its_name(node: Node) -> None:
    node.pki.mkdir(parents=True)
    pki.bridge_certificate(node.pki)
    first = (node.pki / "hpa-bridge.crt").read_bytes()
    pki.bridge_certificate(node.pki)
    assert (node.pki / "hpa-bridge.crt").read_bytes() == first
    assert (node.pki / "hpa-bridge.key").stat().st_mode & 0o077 == 0
    certificate = pki.x509.load_pem_x509_certificate(first)
    names = certificate.extensions.get_extension_for_class(pki.x509.SubjectAlternativeName).value
    assert names.get_values_for_type(pki.x509.DNSName) == ["hpa-bridge.kube-system.svc"]


def test_add_ons_are_complete_objects_with_the_lab_s_addresses(node: Node) -> None:
    node.pki.mkdir(parents=True)
    pki.bridge_certificate(node.pki)
    objects = [one for one in yaml.safe_load_all(addons.render(node)) if one]
    index = {(one["kind"], one["metadata"].get("namespace"), one["metadata"]["name"]): one for one in objects}
    assert len(index) == len(objects), "no object twice"
    assert index["Service", "kube-system", "kube-dns"]["spec"]["clusterIP"] == node.network.dns_ip
    for name in ("mirror", "pypi"):
        slice_ = index["EndpointSlice", "lab", name]
        assert slice_["endpoints"][0]["addresses"] == [node.network.node_ip]
        assert slice_["metadata"]["labels"] == {"kubernetes.io/service-name": name}
    default = index["StorageClass", None, "local-path"]["metadata"]["annotations"]
    assert default == {"storageclass.kubernetes.io/is-default-class": "true"}
    api = index["APIService", None, "v2beta2.autoscaling"]["spec"]
    assert api["caBundle"] == index["Secret", "kube-system", "hpa-bridge-tls"]["data"]["tls.crt"]
    assert "insecureSkipTLSVerify" not in api
    for kind, namespace, name in addons.workloads(node.settings.stack):
        assert (kind.capitalize(), namespace, name) in index
    assert ("DaemonSet", "kube-system", "kube-network-policies") not in index


def test_add_ons_of_the_inference_platform(node: Node) -> None:
    node.pki.mkdir(parents=True)
    pki.bridge_certificate(node.pki)
    inference = dataclasses.replace(node, settings=dataclasses.replace(node.settings, stack="inference"))
    objects = [one for one in yaml.safe_load_all(addons.render(inference)) if one]
    index = {(one["kind"], one["metadata"]["name"]): one for one in objects}
    assert ("APIService", "v2beta2.autoscaling") not in index
    agent = index["DaemonSet", "kube-network-policies"]["spec"]["template"]["spec"]
    assert agent["hostNetwork"], "the queue is the network namespace's"
    assert "--hostname-override=$(NODE_NAME)" in agent["containers"][0]["command"], "$$ is $ after the template"
    assert f"--nfqueue-id={policies.QUEUE}" in agent["containers"][0]["command"]
    assert [name for _, _, name in addons.workloads("inference")] == [
        "coredns",
        "local-path-provisioner",
        "kube-network-policies",
    ]
    assert {name for _, _, name in addons.workloads("all")} >= {"hpa-bridge", "kube-network-policies"}


def test_first_packets_of_pods_are_asked_for_and_no_others(node: Node) -> None:
    lines = policies.rules(node.network.pods).splitlines()
    assert (lines[0], lines[-1]) == ("*mangle", "COMMIT")
    assert lines[1] == f":{policies.CHAIN} - [0:0]", "made, or emptied: never twice the same rule"
    rules = [line.split(maxsplit=2)[2] for line in lines[2:-1]]
    returns = [index for index, rule in enumerate(rules) if rule.endswith("RETURN")]
    asks = [index for index, rule in enumerate(rules) if "NFQUEUE" in rule]
    assert max(returns) < min(asks), "kubelet's probes and established connections first"
    assert [rules[index].split()[:2] for index in asks] == [["-s", node.network.pods], ["-d", node.network.pods]]
    assert all(rules[index].endswith("--queue-bypass") for index in asks), "open while nobody listens"


def test_fixed_paths_of_kubelet_become_the_lab_s_own(node: Node) -> None:
    text = mounts.script(node)
    for target, source in mounts.binds(node).items():
        assert f"mount --bind {source} {target}" in text
        assert str(source).startswith((str(node.settings.state), str(node.settings.run)))
    assert text.index("make-rprivate") < text.index("--bind"), "nothing may reach the machine's own mounts"


def test_variables_for_the_playbooks(node: Node) -> None:
    found = variables(node)
    assert found["bentobox_release"] == "lab-2025.07"
    assert found["ingress_external_ips"] == [node.network.node_ip]
    assert found["bentobox_artifacts_dir"] == "/artifacts/x"
    inference = variables(dataclasses.replace(node, settings=dataclasses.replace(node.settings, stack="inference")))
    assert "yatai_image_builder_builder_args" not in inference
    assert inference["istio_proxy_extensions"] is False
    everything = variables(dataclasses.replace(node, settings=dataclasses.replace(node.settings, stack="all")))
    assert everything == found | inference
    args = found["yatai_image_builder_builder_args"]
    assert "--registry-mirror=mirror.lab.svc.cluster.local:5000" in args
    assert "--insecure-pull" in args
