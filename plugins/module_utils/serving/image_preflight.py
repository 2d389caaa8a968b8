# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What would make a build fail late or, worse, succeed without what was asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import Forbidden, NotFound

from .errors import OptionError
from .image_request import BuildOptions, missing_build_args

try:
    import yaml
except ImportError:  # the Kubernetes client says so when it needs it
    yaml = None  # type: ignore[assignment]

CONFIG_MAP = "yatai-image-builder-config"


def preflight(
    client: Any,
    options: BuildOptions,
    builder_namespace: str,
    record: Callable[[], bool | None] | None,
    warn: Callable[[str], None],
) -> None:
    if options.docker_config_secret:
        _check_secret(client, options)
    if options.build_args:
        _check_build_args(client, sorted(options.build_args), builder_namespace, warn)
    if not options.download_url and record is not None and record() is False:
        raise OptionError(
            f"Yatai has no bento {options.tag}: push it first (bentobox.platform.bento_push), or give download_url"
        )


def _check_secret(client: Any, options: BuildOptions) -> None:
    where = f"{options.namespace}/{options.docker_config_secret}"
    try:
        secret = client.get("v1", "Secret", options.docker_config_secret, options.namespace)
    except NotFound:
        raise OptionError(f"docker_config_secret: there is no Secret {where}") from None
    except Forbidden:
        return  # the operator may read it though we may not
    if ".dockerconfigjson" not in (secret.get("data") or {}):
        raise OptionError(f"docker_config_secret: Secret {where} has no key .dockerconfigjson")


def _check_build_args(client: Any, names: list[str], namespace: str, warn: Callable[[str], None]) -> None:
    where = f"ConfigMap {namespace}/{CONFIG_MAP}"
    try:
        config = client.get_or_none("v1", "ConfigMap", CONFIG_MAP, namespace)
    except Forbidden:
        warn(f"{where} may not be read, so nobody knows whether build_args {', '.join(names)} reach the builder")
        return
    missing = missing_build_args(names, _parse(((config or {}).get("data") or {}).get("builder_args") or ""))
    if missing:
        wanted = ", ".join(f"--build-arg={name}" for name in missing)
        raise OptionError(
            f"build_args {', '.join(missing)} would be lost: the builder passes a build argument on only when its "
            f"configuration names it. Add {wanted} (without a value) to builder_args of {where} "
            "(yatai_image_builder_builder_args of role bentobox.platform.yatai_image_builder). "
            "Builds that give no value then see an empty one"
        )


def _parse(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return None
