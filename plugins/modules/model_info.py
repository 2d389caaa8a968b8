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
  - bentobox.platform.kubernetes
  - bentobox.platform.attributes
  - bentobox.platform.attributes.info_module
  - bentobox.platform.attributes.actiongroup_kubernetes
options:
  tag:
    description:
      - One model, such as V(iris:v1), or all versions of V(iris). Nothing found is an empty list, not an error.
    type: str
  query:
    description:
      - A search in Yatai's own language, such as V(label:team=vision sort:build_at-desc).
    type: str
  limit:
    description: At most so many. 0 means all.
    type: int
    default: 0
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
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.info import find
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.options import Connections, make_module


def main() -> None:
    module = make_module(
        {"tag": {"type": "str"}, "query": {"type": "str"}, "limit": {"type": "int", "default": 0}},
        mutually_exclusive=[["tag", "query"]],
    )
    params = module.params
    connections = Connections(module)
    try:
        client = connections.client(connections.token())
        found = find(client, "model", params["tag"] or "", params["query"] or "", params["limit"])
    except (YataiError, KubeError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, models=found, total=len(found))


if __name__ == "__main__":
    main()
