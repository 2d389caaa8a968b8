#!/usr/bin/python
# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bento_push
short_description: Push a bento and its models to Yatai
version_added: "0.1.0"
author: bentobox.platform contributors (@bentobox-platform)
description:
  - Brings a built bento and the models it names into Yatai, models first, without BentoML on the host.
  - Nothing is sent when Yatai has the same tag with the same content, judged by manifest and size. When only labels
    differ, only labels are changed.
  - The archive is streamed with constant memory. Faults of Yatai or of its object store are ridden out, and what was
    interrupted is completed by the next run.
  - The SHA-256 of the archive is left in Yatai as the label C(bentobox.platform/sha256), which
    M(bentobox.platform.bento_pull) checks.
  - Yatai's API cannot delete bentos, so there is no state V(absent).
extends_documentation_fragment:
  - bentobox.platform.yatai
  - bentobox.platform.yatai.transfer
  - bentobox.platform.yatai_registry.push
  - bentobox.platform.kubernetes
  - bentobox.platform.attributes
  - bentobox.platform.attributes.actiongroup_kubernetes
seealso:
  - module: bentobox.platform.bento_pull
  - module: bentobox.platform.model_push
"""

EXAMPLES = r"""
- name: Push the newest build of a bento
  bentobox.platform.bento_push:
    tag: iris:latest

- name: Push an exported bento from outside the cluster with labels
  bentobox.platform.bento_push:
    endpoint: https://yatai.example.org
    api_token: "{{ yatai_token }}"
    path: /srv/builds/iris-v1.bento
    labels:
      team: vision
  register: pushed

- name: Overwrite a tag, in parts straight to the object store
  bentobox.platform.bento_push:
    path: /srv/bentos/iris/v1
    strategy: presigned
    verify: digest
    force: true
"""

RETURN = r"""
tag:
  description: The bento's tag with its version.
  returned: always
  type: str
  sample: iris:v1
digest:
  description:
    - SHA-256 of the archive as stored. Null when it was there before and was not pushed by this module.
  returned: always
  type: str
  sample: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
uploaded:
  description: Whether the bento's archive was sent, or would be in check mode.
  returned: always
  type: bool
size:
  description: Bytes of the bento's archive.
  returned: always
  type: int
bytes_sent:
  description: Bytes of archives that left this host, those of models and of repetitions included.
  returned: always
  type: int
seconds:
  description: Time the whole push took.
  returned: always
  type: float
strategy:
  description: How the bento's archive travelled, V(proxy) or V(presigned). Null when nothing was sent.
  returned: always
  type: str
verified:
  description: How the stored archive was checked, V(size), V(digest) or V(none). Null when nothing was sent.
  returned: always
  type: str
url:
  description: The bento's page in Yatai's web interface.
  returned: always
  type: str
labels:
  description: The bento's labels in Yatai.
  returned: always
  type: dict
models:
  description: What became of each model of the bento that is on disk, with the same keys as the bento.
  returned: always
  type: list
  elements: dict
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
        result = push("bento", module, module.check_mode, module.tmpdir, progress(module))
    except (YataiError, KubeError) as error:
        module.fail_json(**push_failure("bento", error))
    module.exit_json(**result)


def main() -> None:
    work(AnsibleModule(**OPTIONS, supports_check_mode=True))


if __name__ == "__main__":
    main()
