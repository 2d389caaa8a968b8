#!/usr/bin/python

# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bucket
short_description: A bucket in an object store that speaks S3
version_added: "0.1.0"
author: bentobox.platform contributors (@bentobox-platform)
description:
  - Makes a bucket in Amazon S3, MinIO, SeaweedFS, Google Cloud Storage (with an HMAC key) or any store that speaks S3,
    and sets its versioning, lifecycle and tags.
  - What is not given is left as it is. Google Cloud Storage takes neither O(lifecycle_rules) nor O(tags).
  - Never removes an object unless O(purge=true).
extends_documentation_fragment:
  - bentobox.platform.attributes
  - bentobox.platform.store
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  name:
    description: Name of the bucket.
    type: str
    required: true
  state:
    description:
      - V(present) makes the bucket or changes it.
      - V(absent) removes it. It refuses a bucket that is not empty without O(purge).
    type: str
    choices: [present, absent]
    default: present
  purge:
    description: Allows O(state=absent) to destroy everything in the bucket, with all versions.
    type: bool
    default: false
  location:
    description:
      - Where a new bucket is made, when the store has places to choose from (V(EU) or V(europe-west3) on V(gcs)).
      - An existing bucket elsewhere is an error, since a bucket cannot be moved.
    type: str
  versioning:
    description: Whether old versions of objects are kept.
    type: bool
  lifecycle_rules:
    description:
      - All lifecycle rules of the bucket. Rules that are not in this list are removed, so an empty one removes all.
    type: list
    elements: dict
    suboptions:
      id:
        description: Name of the rule.
        type: str
        required: true
      prefix:
        description: The rule is for objects whose names start with this.
        type: str
        default: ""
      enabled:
        description: Whether the rule is in force.
        type: bool
        default: true
      expiration_days:
        description: Objects are deleted this many days after they were made.
        type: int
      noncurrent_expiration_days:
        description: Old versions are deleted after this many days.
        type: int
      abort_incomplete_multipart_days:
        description: Unfinished uploads are given up after this many days.
        type: int
  tags:
    description: All tags of the bucket. An empty dictionary removes all.
    type: dict
"""

EXAMPLES = r"""
- name: A bucket in a store of our own
  bentobox.platform.bucket:
    endpoint: http://s3.example.com:8333
    access_key: "{{ vault_s3_access_key }}"
    secret_key: "{{ vault_s3_secret_key }}"
    name: yatai

- name: A bucket in Amazon S3 that keeps old versions for a month
  bentobox.platform.bucket:
    provider: s3
    region: eu-central-1
    name: example-bentos
    versioning: true
    lifecycle_rules:
      - id: old-versions
        noncurrent_expiration_days: 30
      - id: broken-uploads
        abort_incomplete_multipart_days: 2
    tags:
      team: ml

- name: A bucket in Google Cloud Storage
  bentobox.platform.bucket:
    provider: gcs
    access_key: "{{ vault_hmac_access_id }}"
    secret_key: "{{ vault_hmac_secret }}"
    name: example-bentos
    location: EU
"""

RETURN = r"""
name:
  description: Name of the bucket.
  returned: always
  type: str
  sample: yatai
state:
  description: What was asked for.
  returned: always
  type: str
  sample: present
endpoint:
  description: The store.
  returned: always
  type: str
  sample: http://s3.example.com:8333
actions:
  description: What was done, or would be in check mode.
  returned: always
  type: list
  elements: str
  sample: ["creating bucket 'yatai'"]
objects_removed:
  description: How many objects and versions were removed with the bucket. In check mode at most 1000 are counted.
  returned: always
  type: int
  sample: 0
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.store import bucket
from ansible_collections.bentobox.platform.plugins.module_utils.store.errors import StoreError
from ansible_collections.bentobox.platform.plugins.module_utils.store.options import (
    STORE_ARGUMENTS,
    STORE_MUTUALLY_EXCLUSIVE,
    STORE_REQUIRED_TOGETHER,
    open_store,
    require_boto3,
)
from ansible_collections.bentobox.platform.plugins.module_utils.store.remove import remove

RULE: dict[str, Any] = {
    "id": {"type": "str", "required": True},
    "prefix": {"type": "str", "default": ""},
    "enabled": {"type": "bool", "default": True},
    "expiration_days": {"type": "int"},
    "noncurrent_expiration_days": {"type": "int"},
    "abort_incomplete_multipart_days": {"type": "int"},
}

ARGUMENTS: dict[str, Any] = {
    "name": {"type": "str", "required": True},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    "purge": {"type": "bool", "default": False},
    **STORE_ARGUMENTS,
    "location": {"type": "str"},
    "versioning": {"type": "bool"},
    "lifecycle_rules": {
        "type": "list",
        "elements": "dict",
        "options": RULE,
        "required_one_of": [["expiration_days", "noncurrent_expiration_days", "abort_incomplete_multipart_days"]],
    },
    "tags": {"type": "dict"},
}


def desired(params: dict[str, Any]) -> bucket.Desired:
    tags = params["tags"]
    return bucket.Desired(
        name=params["name"],
        location=params["location"],
        versioning=params["versioning"],
        lifecycle_rules=params["lifecycle_rules"],
        tags=None if tags is None else {str(key): str(value) for key, value in tags.items()},
    )


def ensure(params: dict[str, Any], dry_run: bool) -> dict[str, Any]:
    want = desired(params)
    bucket.check_provider(params["provider"], want)
    store = open_store(params)
    result: dict[str, Any] = {
        "name": want.name,
        "state": params["state"],
        "endpoint": store.target.shown,
        "objects_removed": 0,
    }
    current = bucket.read(store, want)
    before = None if current is None else current.shown()
    if params["state"] == "absent":
        actions: list[str] = []
        if current is not None:
            result["objects_removed"] = remove(store, want.name, purge=params["purge"], dry_run=dry_run)
            actions.append(f"removing bucket {want.name!r}")
        return {**result, "changed": bool(actions), "actions": actions, "diff": {"before": before, "after": None}}
    steps = bucket.plan(current, want, params["provider"], params["region"])
    if not dry_run:
        bucket.apply(store, want, steps)
    return {
        **result,
        "changed": bool(steps),
        "actions": [step.attempted for step in steps],
        "diff": {"before": before, "after": bucket.after(current, want)},
    }


OPTIONS: dict[str, Any] = {
    "argument_spec": ARGUMENTS,
    "required_together": STORE_REQUIRED_TOGETHER,
    "mutually_exclusive": STORE_MUTUALLY_EXCLUSIVE,
}


def work(module: Any) -> None:
    require_boto3(module)
    try:
        result = ensure(module.params, module.check_mode)
    except StoreError as error:
        module.fail_json(msg=str(error), kind=error.kind)
    except KubeError as error:
        module.fail_json(msg=str(error), kind="kubernetes")
    if not module._diff:
        result.pop("diff")
    elif result["diff"]["before"] is None or result["diff"]["after"] is None:
        # Ansible shows nothing for a missing side; an empty bucket and no bucket must differ
        result["diff"] = {side: "(no bucket)" if state is None else state for side, state in result["diff"].items()}
    module.exit_json(**result)


def main() -> None:
    work(AnsibleModule(**OPTIONS, supports_check_mode=True))


if __name__ == "__main__":
    main()
