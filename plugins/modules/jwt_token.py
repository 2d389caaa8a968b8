#!/usr/bin/python
# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: jwt_token
short_description: Mint a short-lived JSON web token for a tenant
version_added: "0.1.0"
author: bentobox.platform contributors (@bentobox-platform)
description:
  - Signs a token with the key that M(bentobox.platform.jwt_key) keeps in a Secret.
  - Nothing is stored, neither in the cluster nor here. Each run mints another token, and never reports a change.
requirements:
  - PyJWT[crypto] >= 2.10
notes:
  - RV(token) lets its holder act for the tenant until it expires. Ansible shows what a task returns with C(-v) and in
    callbacks, so set C(no_log=true) on this task and on those that use the token. A registered result can be used in
    spite of it.
  - The token is valid by this machine's clock. Gateways put up with a minute of difference or so.
extends_documentation_fragment:
  - bentobox.platform.kubernetes
  - bentobox.platform.attributes
  - bentobox.platform.attributes.actiongroup_kubernetes
attributes:
  check_mode:
    support: full
    details:
      - A token is minted in check mode, too, since that changes nothing. Where the Secret is not there yet, RV(token)
        is empty, with a warning.
  diff_mode:
    support: N/A
    details:
      - Nothing is changed.
  idempotent:
    support: full
    details:
      - A repetition changes nothing, as the first run did not. The token is another one each time.
options:
  subject:
    description: Who the token is for, its claim C(sub).
    type: str
    required: true
    aliases: [sub]
  tenant:
    description: Tenant the subject acts for, the claim C(tenant).
    type: str
    required: true
  audiences:
    description: Who is to accept the token, its claim C(aud). The O(tenant) by default.
    type: list
    elements: str
    aliases: [aud]
  issuer:
    description: Who says all that, the claim C(iss). Gateways and policies compare it.
    type: str
    default: bentobox
    aliases: [iss]
  ttl:
    description: Seconds until the token expires, from 1 to 86400. A token cannot be called back.
    type: int
    default: 3600
  claims:
    description:
      - More claims. They may not be C(iss), C(sub), C(aud), C(exp), C(nbf), C(iat), C(jti) or C(tenant).
    type: dict
    default: {}
  namespace:
    description: Namespace of the key.
    type: str
    default: jwt-issuer
  secret:
    description: Name of the Secret that keeps the key.
    type: str
    default: jwt-signing-key
  kid:
    description: Name of the key to sign with, when the Secret has several. The current one by default.
    type: str
  verify_namespaces:
    description:
      - Namespaces with a ConfigMap of public keys that must accept the token. The module fails when one does not, so
        that nobody gets a token that nobody accepts.
    type: list
    elements: str
    default: []
  configmap:
    description: Name of the ConfigMaps that publish the keys, for O(verify_namespaces).
    type: str
    default: jwks
seealso:
  - module: bentobox.platform.jwt_key
"""

EXAMPLES = r"""
- name: A token for ten minutes
  bentobox.platform.jwt_token:
    subject: alice
    tenant: tenant-a
    ttl: 600
  no_log: true
  register: alice

- name: Ask a model with it
  ansible.builtin.uri:
    url: https://api.inference.local/v1/models/iris:predict
    method: POST
    headers:
      Authorization: "Bearer {{ alice.token }}"
    body_format: json
    body:
      instances: [[5.1, 3.5, 1.4, 0.2]]
  no_log: true
"""

RETURN = r"""
token:
  description: The token. It is a secret, see the notes.
  returned: success
  type: str
  sample: eyJhbGciOiJSUzI1NiIsImtpZCI6Ii4uLiIsInR5cCI6IkpXVCJ9.eyJ...
kid:
  description: Name of the key that signed it. Empty in check mode where there is none yet.
  returned: success
  type: str
  sample: NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs
claims:
  description: All that the token says.
  returned: success
  type: dict
  sample: {"iss": "bentobox", "sub": "alice", "aud": ["tenant-a"], "tenant": "tenant-a", "iat": 1, "exp": 601}
expires:
  description: When it expires, in seconds since 1970.
  returned: success
  type: int
  sample: 1750000600
verified:
  description: The namespaces whose published keys accept it.
  returned: success
  type: list
  elements: str
  sample: ["inference-gateway"]
"""

import time
from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.bentobox.platform.plugins.module_utils.jwt.errors import JwtError, NoKey
from ansible_collections.bentobox.platform.plugins.module_utils.jwt.keyring import find, published
from ansible_collections.bentobox.platform.plugins.module_utils.jwt.keys import JWT_IMPORT_ERROR
from ansible_collections.bentobox.platform.plugins.module_utils.jwt.token import Claims, choose, mint, verify
from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.options import (
    KUBE_CONSTRAINTS,
    kube_argument_spec,
    protect,
)


def argument_spec() -> dict[str, Any]:
    return {
        **kube_argument_spec(),
        "subject": {"type": "str", "required": True, "aliases": ["sub"]},
        "tenant": {"type": "str", "required": True},
        "audiences": {"type": "list", "elements": "str", "aliases": ["aud"]},
        "issuer": {"type": "str", "default": "bentobox", "aliases": ["iss"]},
        "ttl": {"type": "int", "default": 3600},
        "claims": {"type": "dict", "default": {}},
        "namespace": {"type": "str", "default": "jwt-issuer"},
        "secret": {"type": "str", "default": "jwt-signing-key", "no_log": False},
        "kid": {"type": "str"},
        "verify_namespaces": {"type": "list", "elements": "str", "default": []},
        "configmap": {"type": "str", "default": "jwks"},
    }


def run(module: AnsibleModule, claims: Claims) -> dict[str, Any]:
    params, now = module.params, int(time.time())
    claims.check()
    result: dict[str, Any] = {"changed": False, "claims": claims.payload(now), "expires": now + claims.ttl}
    client = Client.from_params(params)
    try:
        keys = find(client, params["namespace"], params["secret"], module.no_log_values.update)
    except NoKey as error:
        if not module.check_mode:
            raise
        module.warn(f"No token in check mode: {error}")
        return {**result, "token": "", "kid": "", "verified": []}
    key = choose(keys, params["kid"], f"Secret {params['namespace']}/{params['secret']}")
    token = mint(claims, key, now)
    for namespace in params["verify_namespaces"]:
        jwks = published(client, namespace, params["configmap"])
        verify(token, jwks, claims, f"ConfigMap {namespace}/{params['configmap']}")
    return {**result, "token": token, "kid": key["kid"], "verified": list(params["verify_namespaces"])}


OPTIONS: dict[str, Any] = {
    "argument_spec": argument_spec(),
    **KUBE_CONSTRAINTS,
}


def work(module: Any) -> None:
    protect(module)
    if JWT_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("PyJWT[crypto]"), exception=JWT_IMPORT_ERROR)
    params = module.params
    claims = Claims(
        subject=params["subject"],
        tenant=params["tenant"],
        issuer=params["issuer"],
        audiences=tuple([params["tenant"]] if params["audiences"] is None else params["audiences"]),
        ttl=params["ttl"],
        extra=params["claims"],
    )
    try:
        result = run(module, claims)
    except (JwtError, KubeError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


def main() -> None:
    work(AnsibleModule(**OPTIONS, supports_check_mode=True))


if __name__ == "__main__":
    main()
