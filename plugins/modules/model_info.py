#!/usr/bin/python
# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: model_info
short_description: Read models of Yatai
version_added: "0.1.0"
author: bentobox.platform contributors (@bentobox-platform)
description:
  - Lists the models that Yatai has, newest first, or reads one.
extends_documentation_fragment:
  - bentobox.platform.yatai
  - bentobox.platform.yatai_registry.info
  - bentobox.platform.kubernetes
  - bentobox.platform.attributes
  - bentobox.platform.attributes.info_module
  - bentobox.platform.attributes.actiongroup_kubernetes
seealso:
  - module: bentobox.platform.model_push
  - module: bentobox.platform.bento_info
"""

EXAMPLES = r"""
- name: Read one model
  bentobox.platform.model_info:
    tag: iris:v1
  register: found

- name: The newest models of a team
  bentobox.platform.model_info:
    query: "label:team=vision"
    limit: 10
"""

RETURN = r"""
models:
  description: What was found.
  returned: always
  type: list
  elements: dict
  contains:
    tag:
      description: Name and version.
      type: str
    name:
      description: The name.
      type: str
    version:
      description: The version.
      type: str
    upload_status:
      description: V(success) when it can be used, else V(pending), V(uploading) or V(failed).
      type: str
    upload_reason:
      description: Why an upload failed.
      type: str
    digest:
      description: SHA-256 of the archive, when it was pushed by this collection, else null.
      type: str
    size_bytes:
      description: Its size when unpacked.
      type: int
    labels:
      description: Its labels.
      type: dict
    created_at:
      description: When it was registered.
      type: str
    build_at:
      description: When it was built.
      type: str
    creator:
      description: Who registered it.
      type: str
    url:
      description: Its page in Yatai's web interface.
      type: str
    manifest:
      description: All that Yatai was told about it.
      type: dict
total:
  description: How many are in the list.
  returned: always
  type: int
"""

from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.errors import YataiError
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.options import (
    INFO_CONSTRAINTS,
    info_argument_spec,
    make_module,
)
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.runs import info


def main() -> None:
    module = make_module(info_argument_spec(), **INFO_CONSTRAINTS)
    try:
        result = info("model", module)
    except (YataiError, KubeError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
