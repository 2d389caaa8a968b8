# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Servers of this machine as Services of a control plane that has no nodes."""

from __future__ import annotations

import json
import socket
import socketserver
import threading

from .control_plane import ControlPlane


def own_address() -> str:
    """An address of this machine that is not loopback, which Endpoints may not hold."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))
        return str(probe.getsockname()[0])


def put_service(plane: ControlPlane, namespace: str, name: str, port: int, target: int) -> None:
    """A Service in front of a port of this machine, so that a server is reached as in a cluster."""
    meta = {"name": name, "namespace": namespace}
    # The proxy only goes to addresses of Pods: this one has no node, but the address of the real server.
    pod = {"kind": "Pod", "name": name, "namespace": namespace}
    subset = {
        "addresses": [{"ip": own_address(), "targetRef": pod}],
        "ports": [{"name": "http", "port": target}],
    }
    ports = [{"name": "http", "port": port, "targetPort": target}]
    objects = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": {"containers": [{"name": "x", "image": "x"}]}},
        {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"ports": ports}},
        {"apiVersion": "v1", "kind": "Endpoints", "metadata": meta, "subsets": [subset]},
    ]
    plane.run_kubectl("apply", "-f", "-", input=json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
    status = {"status": {"podIP": own_address(), "podIPs": [{"ip": own_address()}]}}
    plane.run_kubectl("-n", namespace, "patch", "pod", name, "--subresource=status", "-p", json.dumps(status))


class Forwarder(socketserver.ThreadingTCPServer):
    """An address that the API server goes to, since it does not go to loopback. Counts what went to the module."""

    daemon_threads = True

    def __init__(self, target: int) -> None:
        self.target, self.answered = target, 0
        super().__init__((own_address(), 0), Connection)


class Connection(socketserver.BaseRequestHandler):
    server: Forwarder

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.target)) as behind:
            threading.Thread(target=self._pump, args=(self.request, behind), daemon=True).start()
            self.server.answered += self._pump(behind, self.request)

    @staticmethod
    def _pump(source: socket.socket, sink: socket.socket) -> int:
        count = 0
        try:
            while data := source.recv(1 << 16):
                sink.sendall(data)
                count += len(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        return count
