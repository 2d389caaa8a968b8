#!/usr/bin/python
# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: yatai_account
short_description: Set Yatai up and keep its administrator, API token, users and settings
version_added: "0.1.0"
author: bentobox.platform contributors (@bentobox-platform)
description:
  - Waits for Yatai's API and completes its first set-up without a browser.
  - The administrator's password comes from O(admin.password), else from O(admin_secret), else it is made up. It is
    stored in O(admin_secret) before Yatai learns it, so that it cannot get lost.
  - An API token is made and stored in O(token_secret). It is made anew only when the Secret has none, or when Yatai
    refuses the one that is there. Yatai shows a token only once, so a lost one is replaced, not found.
  - Passwords and tokens are neither returned nor shown.
  - Accounts cannot be deleted through Yatai's API, so there is no state V(absent).
extends_documentation_fragment:
  - bentobox.platform.yatai
  - bentobox.platform.kubernetes
  - bentobox.platform.attributes
  - bentobox.platform.attributes.actiongroup_kubernetes
attributes:
  check_mode:
    support: full
    details: When Yatai does not answer yet, the result says what a real run would do, with RV(predicted) true.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  api_token:
    description: Not used by this module.
  admin:
    description: The administrator.
    type: dict
    suboptions:
      name:
        description: User name.
        type: str
        default: admin
      email:
        description: Mail address. V(admin@example.org) when neither this nor O(admin_secret) says another.
        type: str
      password:
        description: Password to set up with.
        type: str
  admin_secret:
    description: The Kubernetes Secret that keeps C(email) and C(password) of the administrator.
    type: dict
    suboptions:
      name:
        description: Name of the Secret.
        type: str
        default: yatai-admin
      namespace:
        description: Namespace of the Secret.
        type: str
        default: yatai-system
  initialization_token:
    description: The initialization token that Yatai was started with.
    type: str
  initialization_secret:
    description: The Kubernetes Secret that holds it, used when O(initialization_token) is not given.
    type: dict
    suboptions:
      name:
        description: Name of the Secret.
        type: str
        default: yatai-env
      namespace:
        description: Namespace of the Secret.
        type: str
        default: yatai-system
      key:
        description: Key in the Secret.
        type: str
        default: YATAI_INITIALIZATION_TOKEN
  token:
    description: The API token to keep in O(token_secret).
    type: dict
    suboptions:
      name:
        description: Its name in Yatai, in DNS form.
        type: str
        default: bentobox-platform
      description:
        description: What it is for.
        type: str
        default: Made by bentobox.platform
      scopes:
        description:
          - What it may do. V(api) means everything.
          - A token without scopes crashes the requests of Yatai 1.1, so at least one is needed.
        type: list
        elements: str
        default: [api]
        choices:
          - api
          - read_organization
          - write_organization
          - operate_organization
          - read_cluster
          - write_cluster
          - operate_cluster
  users:
    description: Users that must exist, with their role. Other users are left alone.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: User name.
        type: str
        required: true
      email:
        description: Mail address.
        type: str
      password:
        description: Password of a user that has to be made. That of an existing user is never changed.
        type: str
      role:
        description: Role in the organisation.
        type: str
        choices: [guest, developer, admin]
        default: developer
  organization_config:
    description: Settings of the organisation. What is not given stays as it is.
    type: dict
    suboptions:
      transmission_strategy:
        description: How Yatai advises clients to send archives.
        type: str
        choices: [proxy, presigned_url]
      s3:
        description: The object store of this organisation instead of the one Yatai was started with.
        type: dict
        suboptions:
          endpoint:
            description: Host and port, without a scheme.
            type: str
          access_key:
            description: Access key.
            type: str
          secret_key:
            description: Secret key.
            type: str
          secure:
            description: Whether it is reached by TLS.
            type: bool
          region:
            description: Region.
            type: str
          bentos_bucket_name:
            description: Bucket for bentos.
            type: str
          models_bucket_name:
            description: Bucket for models.
            type: str
  wait_timeout:
    description: For how many seconds to wait for Yatai's API.
    type: int
    default: 300
"""

EXAMPLES = r"""
- name: Set Yatai up and keep a token for other modules in a Secret
  bentobox.platform.yatai_account:
    admin:
      email: ml-platform@example.org

- name: Two users and an own bucket
  bentobox.platform.yatai_account:
    users:
      - name: ana
        email: ana@example.org
        password: "{{ ana_password }}"
        role: admin
      - name: bo
        email: bo@example.org
        password: "{{ bo_password }}"
    organization_config:
      s3:
        endpoint: s3.eu-central-1.amazonaws.com
        region: eu-central-1
        secure: true
        access_key: "{{ s3_key }}"
        secret_key: "{{ s3_secret }}"
        bentos_bucket_name: bentos
        models_bucket_name: models
"""

RETURN = r"""
version:
  description: Version that Yatai says it has. Empty when it did not answer in check mode.
  returned: always
  type: str
predicted:
  description: Whether this is a prediction of check mode about a Yatai that does not answer yet.
  returned: always
  type: bool
setup_done:
  description: Whether the first set-up was completed by this run, or would be in check mode.
  returned: always
  type: bool
admin_secret:
  description: Namespace and name of the administrator's Secret, and whether this run wrote it.
  returned: always
  type: dict
  sample: {"name": "yatai-admin", "namespace": "yatai-system", "written": true}
token_secret:
  description: Namespace, name and key of the token's Secret, and whether this run made a new token.
  returned: always
  type: dict
  sample: {"name": "yatai-api-token", "namespace": "yatai-system", "key": "token", "written": true}
users:
  description: The users asked for, with what happened to them.
  returned: always
  type: list
  elements: dict
organization_changed:
  description: Whether settings of the organisation were changed.
  returned: always
  type: bool
"""

from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.account import Account, Outcome, Secrets, Wishes
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.errors import YataiError
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.options import (
    Connections,
    make_module,
    secret_reference,
)

SCOPES = ["api"] + [f"{verb}_{what}" for what in ("organization", "cluster") for verb in ("read", "write", "operate")]
USER = {
    "name": {"type": "str", "required": True},
    "email": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "role": {"type": "str", "default": "developer", "choices": ["guest", "developer", "admin"]},
}
S3 = {
    "endpoint": {"type": "str"},
    "access_key": {"type": "str", "no_log": True},
    "secret_key": {"type": "str", "no_log": True},
    "secure": {"type": "bool"},
    "region": {"type": "str"},
    "bentos_bucket_name": {"type": "str"},
    "models_bucket_name": {"type": "str"},
}


def argument_spec() -> dict:
    return {
        "admin": {
            "type": "dict",
            "apply_defaults": True,
            "options": {
                "name": {"type": "str", "default": "admin"},
                "email": {"type": "str"},
                "password": {"type": "str", "no_log": True},
            },
        },
        "admin_secret": secret_reference("yatai-admin"),
        "initialization_token": {"type": "str", "no_log": True},
        "initialization_secret": secret_reference("yatai-env", "YATAI_INITIALIZATION_TOKEN"),
        "token": {
            "type": "dict",
            "apply_defaults": True,
            "no_log": False,  # its name and scopes; the token itself only ever goes into the Secret
            "options": {
                "name": {"type": "str", "default": "bentobox-platform"},
                "description": {"type": "str", "default": "Made by bentobox.platform"},
                "scopes": {"type": "list", "elements": "str", "default": ["api"], "choices": SCOPES},
            },
        },
        "users": {"type": "list", "elements": "dict", "default": [], "options": USER},
        "organization_config": {
            "type": "dict",
            "options": {
                "transmission_strategy": {"type": "str", "choices": ["proxy", "presigned_url"]},
                "s3": {"type": "dict", "options": S3},
            },
        },
        "wait_timeout": {"type": "int", "default": 300},
    }


def result(outcome: Outcome, params: dict) -> dict:
    return {
        "changed": outcome.changed,
        "predicted": outcome.predicted,
        "version": outcome.version,
        "setup_done": outcome.setup_done,
        "admin_secret": params["admin_secret"] | {"written": outcome.admin_secret_written},
        "token_secret": params["token_secret"] | {"written": outcome.token_created},
        "users": outcome.users,
        "organization_changed": outcome.organization_changed,
        "diff": {"before": outcome.before, "after": outcome.after},
    }


def main() -> None:
    module = make_module(argument_spec())
    params = module.params
    if not params["token"]["scopes"]:
        module.fail_json(msg="token.scopes is empty: a token without scopes crashes the requests of Yatai 1.1")
    connections = Connections(module)

    def initialization_token() -> str:
        given = params["initialization_token"] or connections.secret_value(params["initialization_secret"])
        if not given:
            ref = params["initialization_secret"]
            raise YataiError(
                f"Yatai needs its first set-up and Secret {ref['namespace']}/{ref['name']} has no {ref['key']}: "
                "give initialization_token"
            )
        return given

    try:
        account = Account(
            connections.client(),
            connections.client,
            Secrets(connections.kube, connections.mask),
            initialization_token,
            Wishes(
                admin=params["admin"],
                admin_secret=params["admin_secret"],
                token=params["token"],
                token_secret=params["token_secret"],
                users=params["users"],
                organization_config=params["organization_config"] or {},
                wait_timeout=float(params["wait_timeout"]),
                check_mode=module.check_mode,
            ),
        )
        outcome = account.run()
    except (YataiError, KubeError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result(outcome, params))


if __name__ == "__main__":
    main()
