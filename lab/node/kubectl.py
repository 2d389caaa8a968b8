"""The node's own kubectl with the administrator's kubeconfig."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from lab.errors import LabError
from lab.shell import run

# The lab is on this machine: a proxy of the caller's does not know the way to it.
DIRECT = {"NO_PROXY": "*", "no_proxy": "*"}


class Kubectl:
    def __init__(self, program: Path, kubeconfig: Path) -> None:
        self.base = [str(program), f"--kubeconfig={kubeconfig}", "--request-timeout=10s"]

    def raw(self, path: str) -> str:
        """The answer of the API server, or why there is none."""
        done = run([*self.base, "get", "--raw", path], check=False, timeout=30, env=DIRECT)
        if done.returncode:
            raise LabError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no answer")
        return done.stdout

    def get(self, *args: str) -> dict[str, Any]:
        done = run([*self.base, "get", *args, "-o", "json"], check=False, timeout=30, env=DIRECT)
        if done.returncode:
            raise LabError(done.stderr.strip().splitlines()[-1] if done.stderr.strip() else "no answer")
        content = json.loads(done.stdout)
        return content if isinstance(content, dict) else {}

    def apply(self, text: str) -> str:
        return run(
            [*self.base, "apply", "--server-side", "--force-conflicts", "--field-manager=bentobox-lab", "-f", "-"],
            stdin=text,
            timeout=60,
            env=DIRECT,
        ).stdout

    def delete(self, kind: str, name: str, namespace: str) -> None:
        run(
            [*self.base, "delete", kind, name, "-n", namespace, "--ignore-not-found", "--wait=false"],
            timeout=30,
            env=DIRECT,
        )
