"""Raise the node, or heal it: every step looks first and makes only what is missing."""

from __future__ import annotations

import datetime
import signal
import time
from functools import partial
from pathlib import Path

from lab.console import Console
from lab.namespaces import is_namespace
from lab.node import addons, cgroups, config, containers, mounts, network, pki, policies, processes, sysctls, wait
from lab.node.context import Node
from lab.node.kubectl import Kubectl
from lab.node.programs import link_iptables
from lab.node.supervisor import Supervisor, render


def up(node: Node, console: Console, *, with_addons: bool = True) -> None:
    supervisor, kubectl = Supervisor(node.settings), Kubectl(node.programs.kubectl, node.settings.kubeconfig)
    console.say(
        f"node {node.name} ({node.network.node_ip}), Services {node.network.services}, pods {node.network.pods}"
    )
    prepare(node, console, supervisor)
    since = start(node, console, supervisor, kubectl)
    with console.step("node Ready"):
        log = supervisor.log("kubelet")
        console.wait(
            "the node",
            lambda: (
                wait.running(supervisor, "kubelet", "containerd")
                or wait.condition(kubectl, "node", node.name, "Ready")
                or (wait.heard_of(kubectl, node.name, since) if since else "")
                or wait.truthful(kubectl, partial(containers.running_containers, node))
            ),
            timeout=180,
            log=log,
        )
    if with_addons:
        install_addons(node, console, kubectl)


def prepare(node: Node, console: Console, supervisor: Supervisor) -> None:
    """Folders, certificates, namespaces, configuration; and no process of a supervisor that died."""
    for folder in (node.logs, node.data, node.data / "volumes", node.data / "etcd"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for folder in (node.settings.state, node.data, node.data / "volumes"):
        folder.chmod(0o711)  # pods of any user reach their volumes, nobody lists them
    with console.step("certificates"):
        pki.ensure(node)
    sysctls.remember()
    if not supervisor.alive() and (left := processes.orphans(cgroups.pids(node.settings, "node"))):
        console.say(f"the supervisor is gone; ending the {len(left)} processes it left (pods keep running)")
        end_orphans(node, left)
    with console.step("network namespace, mount namespace, cgroups"):
        if not is_namespace(node.netns) and supervisor.alive():
            console.say("the network namespace is gone: everything in it must start anew")
            supervisor.shutdown()
            cgroups.kill_all(node.settings)
        network.load_modules()
        cgroups.ensure(node.settings)
        network.ensure(node)
        mounts.ensure(node)
    link_iptables(node.programs.debs, node.conf / "bin")
    policies.ensure(node)
    changed = config.write(node)
    rendered = supervisor_config(node)
    if supervisor.alive():
        supervisor.reread()
        for name in sorted(changed):
            console.say(f"the configuration of {name} changed: it starts anew")
            supervisor.stop(name)
    else:
        with console.step("supervisor"):
            supervisor.launch(rendered)


def end_orphans(node: Node, left: set[int]) -> None:
    cgroups.send(left, signal.SIGTERM)
    end = time.monotonic() + 10
    while (left := processes.orphans(cgroups.pids(node.settings, "node"))) and time.monotonic() < end:
        time.sleep(0.1)
    cgroups.send(left, signal.SIGKILL)


def supervisor_config(node: Node) -> Path:
    path = node.conf / "supervisord.conf"
    path.write_text(render(node, processes.every(node)))
    return path


def start(node: Node, console: Console, supervisor: Supervisor, kubectl: Kubectl) -> datetime.datetime | None:
    """In order, each group when what it needs answers. Returns when kubelet was started, if it had to be."""
    first = ("etcd", "mirror", "package-index", "containerd", "kube-apiserver")
    with console.step("etcd, API server, containerd, mirror, package index"):
        for name in first:
            supervisor.start(name)
        for name in first:
            console.wait(name, partial(wait.running, supervisor, name), timeout=60, log=supervisor.log(name))
        ready = "the API server"
        console.wait(
            ready,
            partial(wait.api_ready, node.api, node.pki / "ca.crt"),
            timeout=120,
            log=supervisor.log("kube-apiserver"),
        )
        console.wait("the roles of RBAC", partial(wait.rbac, kubectl), timeout=60, log=supervisor.log("kube-apiserver"))
    kubectl.apply(addons.access())
    for name in containers.forget_stale(node):
        console.say(f"the mirror has a newer {name}: the next pod gets it")
    second = ("kube-controller-manager", "kube-scheduler", "kubelet", "kube-proxy")
    with console.step("controller manager, scheduler, kubelet, kube-proxy"):
        now = datetime.datetime.now(datetime.UTC)
        started = {name for name in second if supervisor.start(name)}
        for name in second:
            console.wait(name, partial(wait.running, supervisor, name), timeout=60, log=supervisor.log(name))
        ip = node.network.node_ip
        for name, url in {
            "mirror": f"http://{node.mirror}/v2/",
            "package-index": f"http://{ip}:{processes.INDEX_PORT}/",
            "kube-proxy": f"http://{ip}:10256/healthz",
        }.items():
            console.wait(name, partial(wait.http, url), timeout=60, log=supervisor.log(name))
    return now if "kubelet" in started else None


def install_addons(node: Node, console: Console, kubectl: Kubectl) -> None:
    workloads = addons.workloads(node.settings.stack)
    parts = ", ".join(name for _kind, _namespace, name in workloads)
    with console.step(f"in the cluster: {parts}"):
        kubectl.apply(addons.render(node))
        for namespace, name in wait.backing_off(kubectl, {namespace for _kind, namespace, _name in workloads}):
            # kubelet would wait up to 5 minutes before it tries again; what kept the pod down may just have been healed
            console.say(f"replacing {namespace}/{name}, which waits for its next restart")
            kubectl.delete("pod", name, namespace)
        for kind, namespace, name in workloads:
            console.wait(
                f"{namespace}/{name}",
                partial(wait.rolled_out, kubectl, kind, namespace, name),
                timeout=180,
                log=node.logs / "kubelet.log",
            )
        name = "kubernetes.default.svc.cluster.local"
        console.wait("DNS", partial(wait.dns, node.network.dns_ip, name), timeout=60)
        bridge = "v2beta2.autoscaling"
        if addons.needed(addons.BRIDGE, node.settings.stack):
            console.wait(bridge, partial(wait.condition, kubectl, "apiservice", bridge, "Available"), timeout=60)
