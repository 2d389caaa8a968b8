"""One supervisord per lab restarts what dies. It is detached from its caller and born in the lab's cgroup."""

from __future__ import annotations

import http.client
import os
import resource
import shlex
import signal
import socket
import subprocess
import sys
import time
import xmlrpc.client
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.node import cgroups
from lab.node.context import Node
from lab.node.processes import Process
from lab.node.programs import SYSTEM_PATH
from lab.settings import Settings

# Nothing of the caller's environment: neither its secrets, nor a proxy that the air-gapped node could not reach.
CLEAN = {"PATH": f"/usr/local/sbin:/usr/local/bin:{SYSTEM_PATH}", "HOME": "/root", "LANG": "C.UTF-8"}


def socket_path(settings: Settings) -> Path:
    return settings.run / "supervisor.sock"


def _value(text: str) -> str:
    """supervisord expands %(name)s everywhere."""
    return text.replace("%", "%%")


def _environment(values: dict[str, str]) -> str:
    return ",".join(f'{key}="{_value(value)}"' for key, value in values.items())


def render(node: Node, processes: list[Process]) -> str:
    sections = [
        f"""\
[unix_http_server]
file = {socket_path(node.settings)}
chmod = 0700

[supervisord]
logfile = {node.logs}/supervisord.log
logfile_maxbytes = 5MB
logfile_backups = 1
pidfile = {node.settings.run}/supervisord.pid
childlogdir = {node.logs}
identifier = {node.unit}
directory = /
umask = 022

[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
"""
    ]
    for number, process in enumerate(processes):
        sections.append(
            f"""\
[program:{process.name}]
command = {_value(shlex.join(process.command(node)))}
priority = {(number + 1) * 10}
autostart = false
autorestart = true
startsecs = 1
startretries = 1000
stopwaitsecs = {process.stop_seconds}
redirect_stderr = true
stdout_logfile = {node.logs}/{process.name}.log
stdout_logfile_maxbytes = 20MB
stdout_logfile_backups = 1
environment = {_environment(process.environment)}
"""
        )
    return "\n".join(sections)


class _Connection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(60)
        self.sock.connect(self.host.removeprefix("unix:"))


class _Transport(xmlrpc.client.Transport):
    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path

    def make_connection(self, host: object) -> http.client.HTTPConnection:
        connection = _Connection("localhost")
        connection.host = f"unix:{self.path}"
        return connection


class Supervisor:
    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._rpc: Any = xmlrpc.client.ServerProxy("http://lab/RPC2", transport=_Transport(socket_path(settings)))

    def alive(self) -> bool:
        try:
            return bool(self._rpc.supervisor.getPID())
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return False

    def launch(self, config: Path) -> None:
        """Start supervisord; it goes to the background by itself, away from the caller's terminal and session."""
        socket_path(self.settings).unlink(missing_ok=True)
        program = Path(sys.executable).with_name("supervisord")
        command = [str(program)] if program.exists() else [sys.executable, "-m", "supervisor.supervisord"]
        done = subprocess.run(
            [*command, "-c", str(config)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            cwd="/",
            env=CLEAN,
            start_new_session=True,
            preexec_fn=self._birth,
        )
        if done.returncode:
            raise LabError(f"supervisord did not start: {(done.stderr or done.stdout).strip()}")
        end = time.monotonic() + 15
        while not self.alive():
            if time.monotonic() > end:
                raise LabError(
                    "supervisord does not answer on its socket", self.settings.state / "logs/supervisord.log"
                )
            time.sleep(0.1)

    def _birth(self) -> None:
        """Runs in the child: the lab's cgroup, and as many open files as allowed (containerd hands it to pods)."""
        cgroups.join(self.settings)
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

    def states(self) -> dict[str, dict[str, Any]]:
        return {info["name"]: info for info in self._rpc.supervisor.getAllProcessInfo()}

    def start(self, name: str) -> bool:
        """True when it had to be started."""
        state = self._rpc.supervisor.getProcessInfo(name)["statename"]
        if state in ("RUNNING", "STARTING"):
            return False
        try:
            self._rpc.supervisor.startProcess(name, False)
        except xmlrpc.client.Fault as fault:
            if "ALREADY_STARTED" not in fault.faultString:
                raise LabError(f"{name} does not start: {fault.faultString}", self.log(name)) from fault
        return True

    def stop(self, name: str) -> None:
        try:
            self._rpc.supervisor.stopProcess(name, True)
        except xmlrpc.client.Fault as fault:
            if "NOT_RUNNING" not in fault.faultString and "BAD_NAME" not in fault.faultString:
                raise

    def restart(self, name: str) -> None:
        self.stop(name)
        self.start(name)

    def reread(self) -> None:
        """Take a changed configuration: processes whose command changed are stopped, to be started by `up`."""
        added, changed, removed = self._rpc.supervisor.reloadConfig()[0]
        for name in [*changed, *removed]:
            self._rpc.supervisor.stopProcessGroup(name)
            self._rpc.supervisor.removeProcessGroup(name)
        for name in [*added, *changed]:
            self._rpc.supervisor.addProcessGroup(name)

    def log(self, name: str) -> Path:
        return self.settings.state / "logs" / f"{name}.log"

    def trouble(self, *names: str) -> str:
        """Which of the processes is not running, and why not; empty when all run."""
        states = self.states()
        bad = [f"{n} is {states[n]['statename']} {states[n]['spawnerr']}" for n in names if self._bad(states[n])]
        return "; ".join(text.strip() for text in bad)

    @staticmethod
    def _bad(info: dict[str, Any]) -> bool:
        return str(info["statename"]) != "RUNNING"

    def shutdown(self, timeout: float = 60) -> None:
        """Stop all processes in the opposite order of their start, then supervisord itself."""
        try:
            pid = int(self._rpc.supervisor.getPID())
            self._rpc.supervisor.shutdown()
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return
        end = time.monotonic() + timeout
        while Path(f"/proc/{pid}").exists():
            if time.monotonic() > end:
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.1)
