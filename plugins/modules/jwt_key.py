#!/usr/bin/python
# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: jwt_key
short_description: A key that signs JSON web tokens, kept in a Secret, its public half published
version_added: "0.1.0"
author: bentobox.platform contributors (@bentobox-platform)
description:
  - Makes a signing key once and keeps it in a Secret. It is never made anew, since every token it signed would be
    refused.
  - Publishes the public keys as a JWK Set (RFC 7517) in a ConfigMap in each namespace whose gateways or policies check
    tokens. ConfigMaps in namespaces that are no longer named are deleted.
  - The name of a key (C(kid)) is its thumbprint after RFC 7638.
  - The Secret holds a private JWK Set under C(keys.json). Its first key signs; all of them are published. A Secret in
    this form that somebody else made is used as it is, and never changed or deleted.
requirements:
  - PyJWT[crypto] >= 2.10
extends_documentation_fragment:
  - bentobox.platform.kubernetes
  - bentobox.platform.attributes
  - bentobox.platform.attributes.actiongroup_kubernetes
attributes:
  check_mode:
    support: full
    details:
      - A key that would be made has no RV(kid) yet, and RV(jwks) is empty then.
  diff_mode:
    support: full
    details:
      - Shows the public keys. Of the Secret only hashes are shown.
  idempotent:
    support: full
options:
  name:
    description: Name of the component that Secret and ConfigMaps belong to, and of the Secret that records it.
    type: str
    default: jwt-issuer
  namespace:
    description: Namespace of the key. It is made when it is missing.
    type: str
    default: jwt-issuer
  state:
    description:
      - V(present) makes the key when there is none, and publishes it.
      - V(absent) takes the published keys away. The key itself stays, unless O(purge=true).
    type: str
    choices: [present, absent]
    default: present
  secret:
    description: Name of the Secret that keeps the key.
    type: str
    default: jwt-signing-key
  algorithm:
    description:
      - What the key signs with, RSA or the elliptic curve P-256, each with SHA-256.
      - It must be that of the key when there is one already.
    type: str
    choices: [RS256, ES256]
    default: RS256
  key_size:
    description: Bits of a new RSA key, from 2048 to 8192. A key that is there is left as it is.
    type: int
    default: 3072
  configmap:
    description: Name of the ConfigMaps that publish the keys, in C(jwks).
    type: str
    default: jwks
  publish_namespaces:
    description: More namespaces to publish the keys in. Those that are missing are made.
    type: list
    elements: str
    default: []
  purge:
    description:
      - Allows O(state=absent) to delete the key, and the namespaces this module made where no other component lives.
      - Every token the key signed is refused then.
    type: bool
    default: false
  take_ownership:
    description: Whether ConfigMaps that others made are taken over.
    type: bool
    default: false
  wait_timeout:
    description: Seconds for everything.
    type: int
    default: 120
seealso:
  - module: bentobox.platform.jwt_token
"""

EXAMPLES = r"""
- name: A key, published where Envoy Gateway looks for it
  bentobox.platform.jwt_key:
    publish_namespaces: [inference-gateway]
  register: issuer

- name: Show what is published
  ansible.builtin.debug:
    var: issuer.jwks

- name: Take everything away, the key too
  bentobox.platform.jwt_key:
    publish_namespaces: [inference-gateway]
    state: absent
    purge: true
"""

RETURN = r"""
name:
  description: Name of the component.
  returned: success
  type: str
  sample: jwt-issuer
namespace:
  description: Namespace of the key.
  returned: success
  type: str
  sample: jwt-issuer
kid:
  description: Name of the key that signs. Empty when there is none.
  returned: success
  type: str
  sample: NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs
algorithm:
  description: What it signs with. Empty with O(state=absent).
  returned: success
  type: str
  sample: RS256
jwks:
  description: The JWK Set that is published.
  returned: success
  type: dict
  sample: {"keys": [{"alg": "ES256", "crv": "P-256", "kid": "...", "kty": "EC", "use": "sig", "x": "...", "y": "..."}]}
created:
  description: Whether the key was made by this run.
  returned: success
  type: bool
  sample: true
version:
  description: Always empty, what is made here has no version.
  returned: success
  type: str
  sample: ""
digest:
  description: Digest of the objects that were asked for, without the values of Secrets.
  returned: success
  type: str
  sample: sha256:13e81d79924af1f613c36ba59cfbdd5876a1ce2b2c8973646e2fe1f1f1643150
objects:
  description: What happened to which objects. In check mode, what would happen.
  returned: success
  type: dict
  contains:
    created:
      description: Objects that were made.
      type: list
      elements: str
      sample: ["Secret jwt-issuer/jwt-signing-key", "ConfigMap inference-gateway/jwks"]
    updated:
      description: Objects that were changed.
      type: list
      elements: str
      sample: []
    pruned:
      description: Objects that were deleted.
      type: list
      elements: str
      sample: []
    unchanged:
      description: Objects that were as they should be.
      type: list
      elements: str
      sample: ["Namespace jwt-issuer"]
kept:
  description: What was left, since it may be needed.
  returned: success
  type: list
  elements: str
  sample: ["Secret jwt-issuer/jwt-signing-key"]
predicted:
  description: Objects whose change was predicted without the API server. Always empty outside check mode.
  returned: success
  type: list
  elements: str
  sample: []
timing:
  description: Seconds that were spent on rendering, comparing, applying and waiting.
  returned: success
  type: dict
  sample: {"render": 0.0, "plan": 0.1, "apply": 0.1, "wait": 0.0}
diff:
  description: The changes, object by object.
  returned: in diff mode
  type: list
  elements: dict
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.bentobox.platform.plugins.module_utils.jwt.errors import JwtError
from ansible_collections.bentobox.platform.plugins.module_utils.jwt.keyring import KeyRing, Wish
from ansible_collections.bentobox.platform.plugins.module_utils.jwt.keys import ALGORITHMS, JWT_IMPORT_ERROR
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
        "name": {"type": "str", "default": "jwt-issuer"},
        "namespace": {"type": "str", "default": "jwt-issuer"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "secret": {"type": "str", "default": "jwt-signing-key", "no_log": False},
        "algorithm": {"type": "str", "choices": list(ALGORITHMS), "default": "RS256"},
        "key_size": {"type": "int", "default": 3072, "no_log": False},
        "configmap": {"type": "str", "default": "jwks"},
        "publish_namespaces": {"type": "list", "elements": "str", "default": []},
        "purge": {"type": "bool", "default": False},
        "take_ownership": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 120},
    }


OPTIONS: dict[str, Any] = {
    "argument_spec": argument_spec(),
    **KUBE_CONSTRAINTS,
}


def work(module: Any) -> None:
    protect(module)
    if JWT_IMPORT_ERROR:
        module.fail_json(msg=missing_required_lib("PyJWT[crypto]"), exception=JWT_IMPORT_ERROR)
    params = module.params
    wish = Wish(
        name=params["name"],
        namespace=params["namespace"],
        secret=params["secret"],
        algorithm=params["algorithm"],
        key_size=params["key_size"],
        configmap=params["configmap"],
        namespaces=tuple(params["publish_namespaces"]),
        take_ownership=params["take_ownership"],
        purge=params["purge"],
        wait_timeout=params["wait_timeout"],
    )
    try:
        ring = KeyRing(
            Client.from_params(params),
            wish,
            check_mode=module.check_mode,
            diff=module._diff,
            protect=module.no_log_values.update,
        )
        result = ring.present() if params["state"] == "present" else ring.absent()
    except (JwtError, KubeError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


def main() -> None:
    work(AnsibleModule(**OPTIONS, supports_check_mode=True))


if __name__ == "__main__":
    main()
