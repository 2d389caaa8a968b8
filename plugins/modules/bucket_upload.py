#!/usr/bin/python

# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bucket_upload
short_description: Files in a bucket of an object store that speaks S3, such as a model to be served
version_added: "0.1.0"
author: bentobox.platform contributors (@bentobox-platform)
description:
  - Uploads a file or a folder below a prefix of a bucket. What is there already with the same content is left alone.
  - The SHA-256 of each file is kept as the object's metadata V(sha256) and compared, so an object that something else
    uploaded is uploaded again once.
  - Objects below the prefix that are not in the folder stay, unless O(purge=true).
extends_documentation_fragment:
  - bentobox.platform.attributes
  - bentobox.platform.store
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Names of objects with their checksums, never their content.
  idempotent:
    support: full
options:
  src:
    description: File or folder on the machine the module runs on.
    type: path
    required: true
  bucket:
    description: Name of the bucket. It must exist; M(bentobox.platform.bucket) makes it.
    type: str
    required: true
  prefix:
    description:
      - What the names of the objects begin with. A single file C(model.joblib) with the prefix V(iris/) becomes
        C(iris/model.joblib).
      - A slash at the end is added where it is missing.
    type: str
    required: true
  purge:
    description: Whether objects below O(prefix) that are not in O(src) are deleted.
    type: bool
    default: false
seealso:
  - module: bentobox.platform.bucket
"""

EXAMPLES = r"""
- name: Put a model where KServe finds it
  bentobox.platform.bucket_upload:
    endpoint: http://s3.example.com:8333
    access_key: "{{ vault_s3_access_key }}"
    secret_key: "{{ vault_s3_secret_key }}"
    src: models/iris
    bucket: models
    prefix: tenant-a/iris

- name: Put it into the platform's own store, which only the cluster reaches
  bentobox.platform.bucket_upload:
    cluster:
      namespace: object-store
      secret: object-store-yatai
    src: models/iris
    bucket: models
    prefix: tenant-a/iris
"""

RETURN = r"""
uri:
  description: The place as KServe's storage URI names it.
  returned: always
  type: str
  sample: s3://models/tenant-a/iris/
uploaded:
  description: Names of the objects that were uploaded, or would be in check mode.
  returned: always
  type: list
  elements: str
  sample: [tenant-a/iris/model.joblib]
unchanged:
  description: Names of the objects that were there with the same content.
  returned: always
  type: list
  elements: str
  sample: []
extra:
  description: Names of objects below the prefix that are not in the folder; deleted with O(purge).
  returned: always
  type: list
  elements: str
  sample: []
bytes:
  description: Bytes that were uploaded, or would be in check mode.
  returned: always
  type: int
  sample: 1024
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.store import upload
from ansible_collections.bentobox.platform.plugins.module_utils.store.errors import StoreError
from ansible_collections.bentobox.platform.plugins.module_utils.store.options import (
    STORE_ARGUMENTS,
    STORE_MUTUALLY_EXCLUSIVE,
    STORE_REQUIRED_TOGETHER,
    open_store,
    require_boto3,
)

ARGUMENTS: dict[str, Any] = {
    **STORE_ARGUMENTS,
    "src": {"type": "path", "required": True},
    "bucket": {"type": "str", "required": True},
    "prefix": {"type": "str", "required": True},
    "purge": {"type": "bool", "default": False},
}


def ensure(params: dict[str, Any], dry_run: bool) -> dict[str, Any]:
    prefix = params["prefix"].strip("/") + "/"
    wanted = upload.files(Path(params["src"]), prefix)
    store = open_store(params)
    steps = upload.plan(store, params["bucket"], prefix, wanted)
    if not dry_run:
        upload.apply(store, params["bucket"], steps, purge=params["purge"])
    gone = steps.extra if params["purge"] else ()
    return {
        "changed": bool(steps.upload or gone),
        "uri": f"s3://{params['bucket']}/{prefix}",
        "uploaded": [file.key for file in steps.upload],
        "unchanged": [file.key for file in steps.unchanged],
        "extra": list(steps.extra),
        "bytes": sum(file.size for file in steps.upload),
        "diff": {
            "before": {**dict.fromkeys(gone, "(other content)"), **_known(steps.unchanged)},
            "after": _known((*steps.upload, *steps.unchanged)),
        },
    }


def _known(files: tuple[upload.File, ...]) -> dict[str, str]:
    return {file.key: f"sha256:{file.sha256}" for file in files}


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
    module.exit_json(**result)


def main() -> None:
    work(AnsibleModule(**OPTIONS, supports_check_mode=True))


if __name__ == "__main__":
    main()
