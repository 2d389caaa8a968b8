#!/usr/bin/python
# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: model_push
short_description: Push a model to Yatai
version_added: "0.1.0"
author: bentobox.platform contributors (@bentobox-platform)
description:
  - Brings a model of BentoML's model store, or of a directory or exported file, into Yatai, without BentoML on the
    host.
  - Nothing is sent when Yatai has the same tag with the same content, judged by manifest and size. When only labels
    differ, only labels are changed.
  - The archive is streamed with constant memory. Faults of Yatai or of its object store are ridden out, and what was
    interrupted is completed by the next run.
  - The SHA-256 of the archive is left in Yatai as the label C(bentobox.platform/sha256).
  - Yatai's API cannot delete models, so there is no state V(absent).
extends_documentation_fragment:
  - bentobox.platform.yatai
  - bentobox.platform.yatai.transfer
  - bentobox.platform.yatai_registry.push
  - bentobox.platform.kubernetes
  - bentobox.platform.attributes
  - bentobox.platform.attributes.actiongroup_kubernetes
seealso:
  - module: bentobox.platform.bento_push
  - module: bentobox.platform.model_info
"""

EXAMPLES = r"""
- name: Push the newest version of a model
  bentobox.platform.model_push:
    tag: iris_clf:latest

- name: Push an exported model with labels
  bentobox.platform.model_push:
    endpoint: https://yatai.example.org
    api_token: "{{ yatai_token }}"
    path: /srv/models/iris_clf-m1.bentomodel
    labels:
      stage: production
"""

RETURN = r"""
tag:
  description: The model's tag with its version.
  returned: always
  type: str
  sample: iris_clf:m1
digest:
  description:
    - SHA-256 of the archive as stored. Null when it was there before and was not pushed by this module.
  returned: always
  type: str
  sample: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
uploaded:
  description: Whether the model's archive was sent, or would be in check mode.
  returned: always
  type: bool
size:
  description: Bytes of the model's archive.
  returned: always
  type: int
bytes_sent:
  description: Bytes of the archive that left this host, repetitions included.
  returned: always
  type: int
seconds:
  description: Time the whole push took.
  returned: always
  type: float
strategy:
  description: How the model's archive travelled, V(proxy) or V(presigned). Null when nothing was sent.
  returned: always
  type: str
verified:
  description: How the stored archive was checked, V(size), V(digest) or V(none). Null when nothing was sent.
  returned: always
  type: str
url:
  description: The model's page in Yatai's web interface.
  returned: always
  type: str
labels:
  description: The model's labels in Yatai.
  returned: always
  type: dict
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.options import progress
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.errors import YataiError
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.options import (
    PUSH_CONSTRAINTS,
    prepare,
    push_argument_spec,
    yatai_options,
)
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.runs import push, push_failure

OPTIONS: dict[str, Any] = yatai_options(push_argument_spec(), **PUSH_CONSTRAINTS)


def work(module: Any) -> None:
    prepare(module)
    try:
        result = push("model", module, module.check_mode, module.tmpdir, progress(module))
    except (YataiError, KubeError) as error:
        module.fail_json(**push_failure("model", error))
    module.exit_json(**result)


def main() -> None:
    work(AnsibleModule(**OPTIONS, supports_check_mode=True))


if __name__ == "__main__":
    main()
