"""CLUSTER=existing: somebody's cluster, reached by a kubeconfig. It is only looked at; `down` touches nothing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import yaml

from lab.errors import LabError
from lab.providers.base import DOMAIN, Provider


def find_kubeconfig(environ: dict[str, str] | None = None) -> Path | None:
    """The same variables as the modules, in the same order."""
    env = dict(os.environ) if environ is None else environ
    for variable in ("K8S_AUTH_KUBECONFIG", "KUBECONFIG"):
        if value := env.get(variable):
            return Path(value.split(os.pathsep)[0]).expanduser()
    return None


class Existing(Provider):
    def needs(self) -> str:
        return "an answering cluster; seconds, nothing on this machine"

    def kubeconfig(self) -> Path:
        return find_kubeconfig() or self.settings.kubeconfig

    def problems(self) -> list[str]:
        path = find_kubeconfig()
        if path is None:
            return ["no kubeconfig: set KUBECONFIG or K8S_AUTH_KUBECONFIG to the cluster's"]
        if not path.is_file():
            return [f"the kubeconfig {path} does not exist"]
        try:
            content = yaml.safe_load(path.read_text())
        except yaml.YAMLError as error:
            return [f"the kubeconfig {path} is not YAML: {error}"]
        if not isinstance(content, dict) or not content.get("clusters"):
            return [f"the kubeconfig {path} names no cluster"]
        return []

    def version(self) -> str:
        """Asked by the Kubernetes client that the modules use too."""
        try:
            from kubernetes import client, config  # noqa: PLC0415 (only this provider needs it)
        except ImportError as error:
            raise LabError("the Python package `kubernetes` is missing: pip install kubernetes") from error
        try:
            api = config.new_client_from_config(str(self.kubeconfig()), context=os.environ.get("K8S_AUTH_CONTEXT"))
            return str(client.VersionApi(api).get_code(_request_timeout=10).git_version)
        except Exception as error:
            reason = str(error).strip().splitlines()[-1] if str(error).strip() else type(error).__name__
            raise LabError(f"the cluster of {self.kubeconfig()} does not answer: {reason}") from error

    def up(self, *, bare: bool = False) -> None:
        self.console.say(f"cluster of {self.kubeconfig()}: Kubernetes {self.version()}")
        values = {
            "bentobox_kubeconfig": str(self.kubeconfig()),
            "bentobox_release": os.environ.get("BENTOBOX_RELEASE", "2025.07"),
            "yatai_deployment_domain_suffix": os.environ.get("DOMAIN", DOMAIN.format(name=self.settings.name)),
        }
        if context := os.environ.get("K8S_AUTH_CONTEXT"):
            values["bentobox_context"] = context
        if helm := shutil.which("helm"):
            values["bentobox_helm_binary"] = helm
        self.write_vars(values)

    def down(self) -> None:
        self.console.say("the cluster is not ours: nothing is taken down (uninstall.yml removes what was installed)")

    def status(self) -> tuple[bool, list[str]]:
        try:
            return True, [f"cluster of {self.kubeconfig()}: Kubernetes {self.version()}"]
        except LabError as error:
            return False, [str(error)]
