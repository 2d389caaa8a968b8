#!/usr/bin/python
# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bento_pull
short_description: Pull a bento and its models from Yatai
version_added: "0.1.0"
author: bentobox.platform contributors (@bentobox-platform)
description:
  - Brings a bento and its models out of Yatai, into BentoML's store, a directory, or a file that C(bentoml import)
    reads, without BentoML on the host.
  - The archive is unpacked while it comes, with constant memory. It is checked against the SHA-256 that
    M(bentobox.platform.bento_push) left in Yatai, or else for being a whole archive, since Yatai itself ends a download
    that broke as if it were complete.
  - What is pulled appears in its place whole or not at all.
extends_documentation_fragment:
  - bentobox.platform.yatai
  - bentobox.platform.kubernetes
  - bentobox.platform.attributes
  - bentobox.platform.attributes.actiongroup_kubernetes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: With O(force=true) every run downloads.
options:
  tag:
    description: The bento's tag. V(iris) and V(iris:latest) mean the newest in Yatai whose upload succeeded.
    type: str
    required: true
  format:
    description:
      - V(store) puts bento and models into the store of O(bentoml_home), as C(bentoml pull) does.
      - V(directory) unpacks to O(dest), with the models inside in C(models).
      - V(file) writes O(dest) as C(bentoml export) does, packed as its ending says (C(.gz), C(.xz), C(.bz2)), else a
        plain tar.
    type: str
    choices: [store, directory, file]
    default: store
  dest:
    description: The directory or file to make. Its parent must exist.
    type: path
  bentoml_home:
    description:
      - BentoML's home directory for O(format=store).
      - The environment variable E(BENTOML_HOME) is used when it is not given.
    type: path
    default: ~/bentoml
  models:
    description: Whether the bento's models are pulled too.
    type: bool
    default: true
  force:
    description: Overwrite what is there.
    type: bool
    default: false
  strategy:
    description:
      - V(proxy) reads through Yatai, V(presigned) straight from the object store.
      - V(auto) follows what Yatai advises, and reads through Yatai when its object store cannot be reached from here.
    type: str
    choices: [auto, proxy, presigned]
    default: auto
  verify:
    description: Whether a digest that Yatai has for the archive must fit.
    type: str
    choices: [digest, none]
    default: digest
  stall_timeout:
    description: For how many seconds a connection may stand still before it is given up and tried again.
    type: int
    default: 120
seealso:
  - module: bentobox.platform.bento_push
"""

EXAMPLES = r"""
- name: Pull a bento into BentoML's store
  bentobox.platform.bento_pull:
    tag: iris:v1

- name: Keep a copy as a file
  bentobox.platform.bento_pull:
    tag: iris:v1
    format: file
    dest: /srv/backup/iris-v1.bento
"""

RETURN = r"""
tag:
  description: The bento's tag with its version.
  returned: always
  type: str
location:
  description: Where the bento is.
  returned: always
  type: str
digest:
  description: SHA-256 of the archive. Null when nothing came and Yatai has no digest.
  returned: always
  type: str
verified:
  description: How the archive was checked, V(digest) or V(archive) (its own structure). Null when nothing came.
  returned: always
  type: str
bytes_received:
  description: Bytes of all archives that came.
  returned: always
  type: int
seconds:
  description: Time the whole pull took.
  returned: always
  type: float
models:
  description: What became of each model, with the keys tag, location, changed, digest, verified,
    bytes_received, seconds.
  returned: always
  type: list
  elements: dict
"""

import time

from ansible.module_utils.basic import env_fallback
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.download import PullOptions
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.errors import YataiError
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.options import Connections, make_module
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.pull import pull_bento, result_of


def main() -> None:
    module = make_module(
        {
            "tag": {"type": "str", "required": True},
            "format": {"type": "str", "default": "store", "choices": ["store", "directory", "file"]},
            "dest": {"type": "path"},
            "bentoml_home": {"type": "path", "default": "~/bentoml", "fallback": (env_fallback, ["BENTOML_HOME"])},
            "models": {"type": "bool", "default": True},
            "force": {"type": "bool", "default": False},
            "strategy": {"type": "str", "default": "auto", "choices": ["auto", "proxy", "presigned"]},
            "verify": {"type": "str", "default": "digest", "choices": ["digest", "none"]},
            "stall_timeout": {"type": "int", "default": 120},
        },
        required_if=[("format", "directory", ["dest"]), ("format", "file", ["dest"])],
    )
    params = module.params
    begun = time.monotonic()
    connections = Connections(module)
    try:
        options = PullOptions(connections.transfer(), params["strategy"], params["force"], module.check_mode)
        place = params["bentoml_home"] if params["format"] == "store" else params["dest"]
        client = connections.client(connections.token())
        done = pull_bento(client, params["tag"], params["format"], place, options, params["models"])
    except (YataiError, KubeError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result_of(done, options.models, time.monotonic() - begun))


if __name__ == "__main__":
    main()
