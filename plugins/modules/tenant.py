#!/usr/bin/python
# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: tenant
short_description: A tenant of the model serving platform, with everything that keeps it apart
version_added: "0.1.0"
author: bentobox.platform contributors (@bentobox-platform)
description:
  - Makes a namespace with a quota, default-deny network policies, access for its members, and a service account that
    models are loaded with. With Istio, also mutual TLS, and policies that let requests through only with a token that
    says this tenant.
  - All of it is one component of the tenant's name (see M(bentobox.platform.component)), so that what is no longer
    declared is deleted.
  - A new public key is taken over from where it is published by running this module again.
extends_documentation_fragment:
  - bentobox.platform.kubernetes
  - bentobox.platform.attributes
  - bentobox.platform.attributes.actiongroup_kubernetes
attributes:
  check_mode:
    support: full
    details:
      - Where the keys or the object store's Secret are not there yet, a warning says so.
  diff_mode:
    support: full
    details:
      - Shows the fields this module manages. Values of Secrets are shown as hashes.
  idempotent:
    support: full
options:
  name:
    description: Name of the tenant and of its namespace, at most 40 characters.
    type: str
    required: true
  state:
    description:
      - V(present) makes the tenant what is declared.
      - V(absent) takes away what this module made, but the namespace. It refuses to while there are InferenceServices,
        unless O(purge=true).
    type: str
    choices: [present, absent]
    default: present
  labels:
    description: More labels of the namespace.
    type: dict
    default: {}
  quota:
    description:
      - What all Pods of the tenant may use together, as in the C(hard) of a ResourceQuota. An empty dictionary sets no
        bound.
      - The default is 4 CPUs and 8 GiB requested, 24 CPUs and 16 GiB at most, and 20 Pods. A Pod in the mesh has
        three containers, each of which may use a CPU, so limits are far above requests.
    type: dict
    default:
      requests.cpu: "4"
      requests.memory: 8Gi
      limits.cpu: "24"
      limits.memory: 16Gi
      pods: "20"
  limits:
    description:
      - What a container gets that says nothing of its own, and the bounds of what it may say. Sidecars, queue-proxy and
        KServe's storage initializer are such containers, and a quota on limits refuses Pods without any.
    type: dict
    suboptions:
      default:
        description:
          - Limits by default. A container that requests more than this must have limits of its own.
        type: dict
        default: {cpu: "1", memory: 1Gi}
      default_request:
        description: Requests by default.
        type: dict
        default: {cpu: 20m, memory: 64Mi}
      max:
        description: The most a container may set as its limits.
        type: dict
        default: {}
      min:
        description: The least a container may request.
        type: dict
        default: {}
  members:
    description:
      - Who may work in the namespace.
      - No level may change policies, quota or who is a member. Whoever may run models can read every Secret of the
        namespace by mounting it.
    type: dict
    suboptions:
      view:
        description: They read models, Pods, their logs and the quota, but no Secrets.
        type: dict
        suboptions:
          users: &users
            description: Names of users.
            type: list
            elements: str
            default: []
          groups: &groups
            description: Names of groups.
            type: list
            elements: str
            default: []
          service_accounts: &accounts
            description: Service accounts as C(namespace/name), those of the tenant by their names.
            type: list
            elements: str
            default: []
      edit:
        description: As O(members.view), and they make, change and delete models, ConfigMaps and volume claims.
        type: dict
        suboptions: {users: *users, groups: *groups, service_accounts: *accounts}
      admin:
        description: As O(members.edit), and they manage Secrets and may enter Pods.
        type: dict
        suboptions: {users: *users, groups: *groups, service_accounts: *accounts}
  mesh:
    description:
      - Whether Istio keeps the tenant apart, too. It must be installed then.
      - With V(false), requests are let through by network policies alone, and tokens only count at the gateway.
    type: bool
    default: true
  mesh_mtls:
    description: Whether Pods take mutual TLS only, or plain connections as well.
    type: str
    choices: [STRICT, PERMISSIVE]
    default: STRICT
  mesh_cni:
    description: Whether sidecars are set up by Istio's node agent (CNI) rather than by an init container.
    type: bool
    default: false
  jwt:
    description: Which tokens count, for O(mesh=true).
    type: dict
    suboptions:
      issuer:
        description: The claim C(iss) they must have.
        type: str
        default: bentobox
      audiences:
        description: The claim C(aud) must be one of these. The O(name) of the tenant by default.
        type: list
        elements: str
      jwks:
        description:
          - The public keys as a JWK Set, a dictionary or its JSON. By default what O(jwt.configmap) holds.
        type: raw
      configmap:
        description: ConfigMap with the public keys in C(jwks).
        type: str
        default: jwks
      namespace:
        description: Namespace of O(jwt.configmap).
        type: str
        default: jwt-issuer
  storage:
    description: The object store models are loaded from. Without it, they come from where no credentials are needed.
    type: dict
    suboptions:
      secret:
        description:
          - Existing Secret with C(access_key) and C(secret_key), as the role P(bentobox.platform.object_store#role)
            makes it. Its C(endpoint), C(region) and C(secure) are used where the options do not say them.
          - They are copied to the tenant's Secret C(model-store), as KServe wants them.
        type: str
        required: true
      namespace:
        description: Namespace of the Secret. The tenant's Pods may connect to whatever is in it.
        type: str
        required: true
      endpoint:
        description: Host and port of the store, or its URL.
        type: str
      region:
        description: Region of the store.
        type: str
      secure:
        description: Whether it speaks TLS.
        type: bool
  service_account:
    description: Name of the service account for models.
    type: str
    default: models
  pod_security:
    description:
      - The pod security level the namespace enforces. The default is V(baseline), and V(privileged) where an init
        container has to set up sidecars (O(mesh=true) and O(mesh_cni=false)), which V(baseline) refuses.
    type: str
    choices: [privileged, baseline, restricted]
  allowed_namespaces:
    description: Namespaces whose Pods may connect to the tenant's and the other way round. Tokens are still needed.
    type: list
    elements: str
    default: []
  egress_cidrs:
    description: Networks outside the cluster that Pods may connect to, such as an object store's or a proxy's.
    type: list
    elements: str
    default: []
  platform:
    description: In which namespaces the parts of the platform are that Pods have to do with.
    type: dict
    suboptions:
      dns:
        description: The cluster's name service.
        type: str
        default: kube-system
      mesh:
        description: Istio.
        type: str
        default: istio-system
      serving:
        description: Knative Serving.
        type: str
        default: knative-serving
      monitoring:
        description: What collects metrics.
        type: str
        default: monitoring
      gateways:
        description: Gateways whose Pods connect to models directly.
        type: list
        elements: str
        default: [envoy-gateway-system]
      routes:
        description:
          - Where HTTPRoutes are that may lead to the tenant's Services. Gateway API must be installed, unless this is
            empty.
        type: list
        elements: str
        default: [inference-gateway]
  purge:
    description:
      - Allows O(state=absent) to delete the models and, when this module made it, the namespace with all that is in it.
    type: bool
    default: false
  take_ownership:
    description: Whether objects and fields that others manage are taken over.
    type: bool
    default: false
  wait_timeout:
    description: Seconds for everything.
    type: int
    default: 300
seealso:
  - module: bentobox.platform.component
  - module: bentobox.platform.jwt_key
"""

EXAMPLES = r"""
- name: A tenant
  bentobox.platform.tenant:
    name: tenant-a
    quota:
      requests.cpu: "8"
      requests.memory: 32Gi
      limits.cpu: "16"
      limits.memory: 64Gi
      requests.nvidia.com/gpu: "2"
    members:
      edit:
        groups: [team-a]
      view:
        users: [auditor@example.com]
    storage:
      namespace: object-store
      secret: object-store-yatai

- name: On a cluster without Istio and Gateway API
  bentobox.platform.tenant:
    name: tenant-b
    mesh: false
    platform:
      routes: []

- name: Remove it with all its models
  bentobox.platform.tenant:
    name: tenant-a
    state: absent
    purge: true
"""

RETURN = r"""
name:
  description: Name of the tenant.
  returned: success
  type: str
  sample: tenant-a
namespace:
  description: Its namespace.
  returned: success
  type: str
  sample: tenant-a
service_account:
  description: The service account for models. Empty with O(state=absent).
  returned: success
  type: str
  sample: models
pod_security:
  description: The pod security level that is enforced. Empty with O(state=absent).
  returned: success
  type: str
  sample: baseline
models:
  description: With O(state=absent), the InferenceServices that were there.
  returned: success
  type: list
  elements: str
  sample: []
version:
  description: Always empty, a tenant has no version.
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
      sample: ["Namespace tenant-a", "ResourceQuota tenant-a/tenant"]
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
      sample: []
kept:
  description: What was left, since it may hold data or is not ours.
  returned: success
  type: list
  elements: str
  sample: ["Namespace tenant-a"]
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
  sample: {"render": 0.1, "plan": 0.1, "apply": 0.4, "wait": 0.0}
diff:
  description: The changes, object by object.
  returned: in diff mode
  type: list
  elements: dict
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.options import (
    KUBE_CONSTRAINTS,
    kube_argument_spec,
    protect,
)
from ansible_collections.bentobox.platform.plugins.module_utils.tenancy.apply import TenantRun
from ansible_collections.bentobox.platform.plugins.module_utils.tenancy.errors import TenancyError
from ansible_collections.bentobox.platform.plugins.module_utils.tenancy.options import tenant_argument_spec

OPTIONS: dict[str, Any] = {
    "argument_spec": {**kube_argument_spec(), **tenant_argument_spec()},
    **KUBE_CONSTRAINTS,
}


def work(module: Any) -> None:
    protect(module)
    params = module.params
    try:
        run = TenantRun(
            Client.from_params(params), params, check_mode=module.check_mode, diff=module._diff, warn=module.warn
        )
        result = run.present() if params["state"] == "present" else run.absent()
    except (TenancyError, KubeError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


def main() -> None:
    work(AnsibleModule(**OPTIONS, supports_check_mode=True))


if __name__ == "__main__":
    main()
