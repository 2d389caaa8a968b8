# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The action plugins bento_push and model_push: a push of minutes shows how far it is."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from ansible import constants as C
from ansible.module_utils.common.parameters import remove_values
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.options import kubeconfig_secrets
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.errors import YataiError
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.manifest import HAS_YAML
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.options import (
    PUSH_CONSTRAINTS,
    push_argument_spec,
    with_connection,
    yatai_argument_spec,
)
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.runs import push, push_failure
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.transport import HAS_URLLIB3
from ansible_collections.bentobox.platform.plugins.plugin_utils.in_process import InProcessAction


@dataclass
class Options:
    """Stands for the AnsibleModule: options, and the values that must not be seen."""

    params: dict[str, Any]
    no_log_values: set[str] = field(default_factory=set)


class PushAction(InProcessAction):
    kind = ""
    libraries = HAS_URLLIB3 and HAS_YAML

    def argument_spec(self) -> dict[str, Any]:
        return yatai_argument_spec() | push_argument_spec()

    def constraints(self) -> dict[str, Any]:
        return with_connection(PUSH_CONSTRAINTS)

    def run_here(self, params: dict[str, Any]) -> dict[str, Any]:
        # Where a module of a local connection starts, so that relative paths mean the same.
        os.chdir(self._loader.get_basedir())
        secrets = {value for value in (params["api_token"], params["api_key"], params["password"]) if value}
        host = Options(params, secrets | kubeconfig_secrets(params["kubeconfig"]))
        try:
            result = push(
                self.kind,
                host,
                bool(self._task.check_mode),
                C.DEFAULT_LOCAL_TMP,
                lambda text: self.show(remove_values(text, host.no_log_values)),
            )
        except (YataiError, KubeError) as error:
            result = {"failed": True} | push_failure(self.kind, error)
        return remove_values(result, host.no_log_values)
