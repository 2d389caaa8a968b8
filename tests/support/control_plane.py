# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Kubernetes control plane on loopback for tests: etcd, kube-apiserver and kube-controller-manager, no nodes.

Deployments are accepted and get their Pods, but nothing runs them. Every request is in the audit log, so that a test
can prove that something wrote nothing.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from .pki import Authority, private_key_pem
from .process import cache_dir, die_with_parent, free_port

WRITES = {"create", "update", "patch", "delete", "deletecollection"}
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "users": ["system:kube-controller-manager", "system:apiserver"]},
        {"level": "Metadata"},
    ],
}


class CannotStart(Exception):
    """Something the control plane is made of is missing; the text says what to do."""


def find_kube(name: str) -> Path:
    """A Kubernetes program: from BENTOBOX_KUBE_BIN, else from the lab's artifacts (built when they are not there)."""
    folder = os.environ.get("BENTOBOX_KUBE_BIN")
    if folder:
        path = Path(folder) / name
        if path.is_file():
            return path
        raise CannotStart(f"BENTOBOX_KUBE_BIN is {folder}, which has no {name}")
    return _artifact(name)


def _artifact(name: str) -> Path:
    try:
        from lab.artifacts import ensure  # noqa: PLC0415  # only when the environment names nothing

        names = ["debs"] if name == "etcd" else ["programs"]
        return Path(ensure(names).bin(name))
    except Exception as error:
        raise CannotStart(
            f"{name} is not there ({type(error).__name__}: {error}). Run 'python -m lab build' in the checkout, or set "
            "BENTOBOX_KUBE_BIN to a folder with kube-apiserver, kube-controller-manager and kubectl."
        ) from error


def find_etcd() -> Path:
    """etcd from BENTOBOX_KUBE_BIN, PATH, or Debian's package unpacked into the cache (nothing is installed)."""
    folder = os.environ.get("BENTOBOX_KUBE_BIN")
    for candidate in (str(Path(folder) / "etcd") if folder else None, shutil.which("etcd")):
        if candidate and Path(candidate).is_file():
            return Path(candidate)
    cached = cache_dir() / "test-etcd"
    program = cached / "usr/bin/etcd"
    if program.is_file():
        return program
    if not shutil.which("apt-get") or not shutil.which("dpkg"):
        return _artifact("etcd")
    partial = cached.with_name(f"test-etcd.{os.getpid()}")
    partial.mkdir(parents=True)
    try:
        command = ["apt-get", "download", "etcd-server"]
        done = subprocess.run(command, cwd=partial, capture_output=True, text=True, timeout=120, check=False)
        packages = list(partial.glob("*.deb"))
        if done.returncode or not packages:
            raise CannotStart(f"etcd is not on PATH and 'apt-get download etcd-server' failed: {done.stderr.strip()}")
        subprocess.run(["dpkg", "-x", str(packages[0]), str(partial)], check=True, timeout=60)
        packages[0].unlink()
        shutil.rmtree(cached, ignore_errors=True)
        partial.rename(cached)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return program


class ControlPlane:
    """Started by start(), ended by stop(); everything it writes is under one folder."""

    def __init__(self, folder: Path, *, controller_manager: bool = True, api_flags: tuple[str, ...] = ()) -> None:
        self.folder = folder
        self.api_flags = api_flags
        self.with_controllers = controller_manager
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.kubeconfig = folder / "kubeconfig"
        self.audit_log = folder / "audit.log"
        self.host = ""
        self.authority = Authority("control-plane-ca")
        self._spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="spawner")

    # -- life ----------------------------------------------------------------------------------------------------
    def start(self) -> ControlPlane:
        self.folder.mkdir(parents=True, exist_ok=True)
        programs = {name: find_kube(name) for name in ("kube-apiserver", "kubectl")}
        if self.with_controllers:
            programs["kube-controller-manager"] = find_kube("kube-controller-manager")
        etcd = find_etcd()
        self.kubectl = programs["kubectl"]
        client_port, peer_port, self.port, manager_port = (free_port() for _ in range(4))
        self.host = f"https://127.0.0.1:{self.port}"
        self._write_files()
        etcd_url = f"http://127.0.0.1:{client_port}"
        peer_url = f"http://127.0.0.1:{peer_port}"
        self._run("etcd", [
            etcd, "--data-dir", self.folder / "etcd", "--listen-client-urls", etcd_url,
            "--advertise-client-urls", etcd_url, "--listen-peer-urls", peer_url,
            "--initial-advertise-peer-urls", peer_url,
            "--initial-cluster", f"default={peer_url}", "--unsafe-no-fsync",
        ])  # fmt: skip
        pki = self.folder / "pki"
        self._apiserver = [
            programs["kube-apiserver"], f"--etcd-servers={etcd_url}", "--bind-address=127.0.0.1",
            f"--secure-port={self.port}", "--endpoint-reconciler-type=none", "--service-cluster-ip-range=10.96.0.0/16",
            "--authorization-mode=RBAC", f"--client-ca-file={pki}/ca.crt", f"--tls-cert-file={pki}/server.crt",
            f"--tls-private-key-file={pki}/server.key", f"--token-auth-file={self.folder}/tokens.csv",
            "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
            f"--service-account-key-file={pki}/sa.key", f"--service-account-signing-key-file={pki}/sa.key",
            f"--audit-policy-file={self.folder}/audit-policy.yaml", f"--audit-log-path={self.audit_log}",
            "--allow-privileged=true", "--profiling=false", *self.api_flags,
        ]  # fmt: skip
        self._run("kube-apiserver", self._apiserver)
        self.wait_ready()
        if self.with_controllers:
            self._run("kube-controller-manager", [
                programs["kube-controller-manager"], f"--kubeconfig={self.folder}/controller-manager.kubeconfig",
                "--leader-elect=false", f"--secure-port={manager_port}", "--bind-address=127.0.0.1",
                f"--service-account-private-key-file={pki}/sa.key", f"--root-ca-file={pki}/ca.crt",
            ])  # fmt: skip
            self._wait(
                lambda: self._get("/api/v1/namespaces/default/serviceaccounts/default")[0] == 200,
                60,
                "kube-controller-manager does not make service accounts",
            )
        return self

    def stop(self) -> None:
        for name in ("kube-controller-manager", "kube-apiserver", "etcd"):
            process = self.processes.pop(name, None)
            if process is None:
                continue
            process.send_signal(signal.SIGCONT)
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)

    def stop_api(self) -> None:
        """The API server goes away (connections are refused) until start_api()."""
        process = self.processes.pop("kube-apiserver")
        process.kill()
        process.wait(10)

    def start_api(self, *, wait: bool = True) -> None:
        self._run("kube-apiserver", self._apiserver)
        if wait:
            self.wait_ready()

    def pause(self) -> None:
        """The API server hangs: it accepts connections and answers nothing."""
        self.processes["kube-apiserver"].send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.processes["kube-apiserver"].send_signal(signal.SIGCONT)

    def wait_ready(self, timeout: float = 90) -> None:
        self._wait(lambda: self._get("/readyz")[0] == 200, timeout, "kube-apiserver does not get ready")

    # -- users ---------------------------------------------------------------------------------------------------
    def user_kubeconfig(self, name: str, groups: tuple[str, ...] = (), path: Path | None = None) -> Path:
        """A kubeconfig of a user with a client certificate; what they may do is up to RBAC."""
        cert, key = self.authority.issue(name, organizations=groups)
        path = path or self.folder / f"{name.replace(':', '-')}.kubeconfig"
        pair = self.folder / "pki" / path.name
        pair.with_suffix(".crt").write_text(cert)
        pair.with_suffix(".key").write_text(key)
        user = {"client-certificate": str(pair.with_suffix(".crt")), "client-key": str(pair.with_suffix(".key"))}
        return self._kubeconfig(path, user)

    def params(self, **more: Any) -> dict[str, Any]:
        """Connection options for a module."""
        return {"kubeconfig": str(self.kubeconfig), **more}

    def make_namespace(self, name: str) -> str:
        """A namespace that takes Pods, which it does once it has its service account."""
        self.run_kubectl("create", "namespace", name)
        self.run_kubectl("-n", name, "wait", "--for=create", "serviceaccount/default", "--timeout=50s")
        return name

    def run_kubectl(
        self, *args: str, check: bool = True, timeout: float = 60, **options: Any
    ) -> subprocess.CompletedProcess[str]:
        command = [str(self.kubectl), "--kubeconfig", str(self.kubeconfig), *args]
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, **options)
        if check and done.returncode:
            raise AssertionError(f"kubectl {' '.join(args)}: {done.stderr}")
        return done

    # -- audit ---------------------------------------------------------------------------------------------------
    def mark(self) -> int:
        """A place in the audit log, for requests(since)."""
        return self.audit_log.stat().st_size if self.audit_log.exists() else 0

    def requests(self, since: int = 0, user: str | None = "admin") -> list[dict[str, Any]]:
        """What was asked since the mark: the events as the API server wrote them."""
        with self.audit_log.open("rb") as file:
            file.seek(since)
            events = [json.loads(line) for line in file if line.endswith(b"\n")]
        return [event for event in events if user is None or event["user"]["username"] == user]

    def writes(self, since: int = 0, user: str | None = "admin") -> list[str]:
        """Requests that could have changed something: writing verbs without dryRun=All."""
        return [
            f"{event['verb']} {event['requestURI']}"
            for event in self.requests(since, user)
            if event["verb"] in WRITES
            and "dryRun=All" not in event["requestURI"]
            and event.get("objectRef", {}).get("resource") not in ("selfsubjectaccessreviews", "selfsubjectreviews")
        ]

    # -- inside --------------------------------------------------------------------------------------------------
    def _write_files(self) -> None:
        pki = self.folder / "pki"
        pki.mkdir(mode=0o700, exist_ok=True)
        (pki / "ca.crt").write_text(self.authority.certificate)
        names = ["localhost", "kubernetes", "kubernetes.default.svc", "127.0.0.1", "10.96.0.1"]
        cert, key = self.authority.issue("kube-apiserver", names=names)
        (pki / "server.crt").write_text(cert)
        (pki / "server.key").write_text(key)
        (pki / "sa.key").write_text(private_key_pem())
        tokens = {"admin": "system:masters", "system:kube-controller-manager": "system:masters"}
        lines = []
        for user, group in tokens.items():
            token = os.urandom(24).hex()
            lines.append(f"{token},{user},{user},{group}")
            name = "kubeconfig" if user == "admin" else "controller-manager.kubeconfig"
            self._kubeconfig(self.folder / name, {"token": token})
            if user == "admin":
                self.token = token
        (self.folder / "tokens.csv").write_text("\n".join(lines) + "\n")
        (self.folder / "audit-policy.yaml").write_text(yaml.safe_dump(AUDIT_POLICY))

    def _kubeconfig(self, path: Path, user: dict[str, Any]) -> Path:
        cluster = {"server": self.host, "certificate-authority": str(self.folder / "pki/ca.crt")}
        config = {
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": cluster}],
            "users": [{"name": "user", "user": user}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "user"}}],
        }  # fmt: skip
        path.touch(mode=0o600)
        path.write_text(yaml.safe_dump(config))
        return path

    def _run(self, name: str, command: list[Any]) -> None:
        arguments = [str(part) for part in command]

        def spawn() -> subprocess.Popen[bytes]:
            with (self.folder / f"{name}.log").open("ab") as log:
                return subprocess.Popen(
                    arguments, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                    preexec_fn=die_with_parent,  # noqa: PLW1509  # one prctl call, no locks
                )  # fmt: skip

        # The kernel means the thread that starts it when it says parent: one that lives as long as the tests do.
        self.processes[name] = self._spawner.submit(spawn).result()

    def _get(self, path: str) -> tuple[int, bytes]:
        context = ssl.create_default_context(cadata=self.authority.certificate)
        request = urllib.request.Request(self.host + path, headers={"Authorization": f"Bearer {self.token}"})
        https = urllib.request.HTTPSHandler(context=context)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), https)
        try:
            with opener.open(request, timeout=5) as answer:
                return answer.status, answer.read()
        except urllib.error.HTTPError as error:
            return error.code, b""
        except OSError:
            return 0, b""

    def _wait(self, check: Callable[[], bool], timeout: float, what: str) -> None:
        deadline = time.monotonic() + timeout
        while not check():
            for name, process in self.processes.items():
                if process.poll() is not None or time.monotonic() > deadline:
                    tail = (self.folder / f"{name}.log").read_text(errors="replace")[-1500:]
                    if process.poll() is not None or name == list(self.processes)[-1]:
                        raise CannotStart(f"{what}; the end of {name}'s log:\n{tail}")
            time.sleep(0.2)
