#!/usr/bin/python
# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: model_route
short_description: Make a model reachable for a tenant
version_added: "0.1.0"
author: bentobox.platform contributors (@bentobox-platform)
description:
  - Says which model is reachable for which tenant. It makes the route, the policy that lets in only tokens of that
    tenant, the limits, and the leave that backends in other namespaces must give. All of it is applied as one
    component, so what a change leaves behind is removed.
  - Waits until the gateways have taken all of it. A policy about which no gateway says anything is a failure, since
    Envoy Gateway skips a policy without a target in silence.
  - Refuses what a gateway would take and do otherwise than meant. That is a model's name or path that another route on
    the same Gateway has already, a backend of another tenant, limits without a store of counters, and a tenant or model
    that does not exist.
  - A route's policy takes the place of the Gateway's, so each one is complete.
extends_documentation_fragment:
  - bentobox.platform.kubernetes
  - bentobox.platform.attributes
  - bentobox.platform.attributes.actiongroup_kubernetes
attributes:
  check_mode:
    support: full
    details: The API server validates all objects in a dry run. What is missing in the cluster is a warning there.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  name:
    description: Name of the route, of its own in its tenant. The objects are called TENANT-NAME.
    type: str
    required: true
  tenant:
    description: The tenant whose tokens are let in. It must exist.
    type: str
    required: true
  state:
    description: V(absent) takes the route and everything that was made for it away.
    type: str
    choices: [present, absent]
    default: present
  kind:
    description:
      - V(predict) routes by path. That is KServe's protocols, or all of a service under O(path_prefix).
      - V(openai) routes by the model that the request names, through Envoy AI Gateway.
    type: str
    choices: [predict, openai]
    default: predict
  namespace:
    description: Namespace of the route and its policies.
    type: str
    default: inference-gateway
  backends:
    description:
      - Where requests go. Required with O(state=present).
      - Several share the requests by weight. A path has only one name for the model, so those that do must serve it
        under the same name, see O(backends[].model).
      - Those with O(backends[].headers) answer the requests that have these headers, for a test of A against B. Limits
        hold for all backends together.
    type: list
    elements: dict
    suboptions:
      inference_service:
        description: Name of a KServe InferenceService. Exclusive with O(backends[].service).
        type: str
      service:
        description: Name of a Service, such as that of a BentoDeployment.
        type: str
      namespace:
        description: Its namespace. The default is the tenant's name.
        type: str
      port:
        description: Port of the Service. That of an InferenceService is always 80.
        type: int
        default: 80
      weight:
        description: Share of the requests, 0 to 1000000.
        type: int
        default: 1
      model:
        description:
          - The name under which it serves the model. The default is the name of the InferenceService with
            O(kind=predict). With O(kind=openai) the name in the request is passed on unless one is given here, which
            needs AI Gateway 1.0.
        type: str
      prefix:
        description: Path before C(/chat/completions) there, such as V(/openai/v1). Needs AI Gateway 1.0.
        type: str
      headers:
        description:
          - Names and values of headers. It answers those requests only that have all of them, with just these values.
            At least one backend must be without, for all other requests.
          - Backends with the same headers share their requests by weight. Where a request has the headers of several,
            the one with the most headers counts, and of those with as many the first one.
          - Upper and lower case make no difference in names, but in values they do. Values must be text, so numbers and
            C(true) are to be quoted. Headers that the gateways or proxies write are refused, as are C(Authorization)
            and C(Host).
          - With O(kind=openai) it needs AI Gateway 1.0, whose list of models then has the model once for each set of
            headers.
        type: dict
  models:
    description:
      - Names by which clients ask for the model.
      - With O(kind=predict) the default is the name of the InferenceService, or O(name) with several backends. Without
        any, as for a plain service, everything under O(path_prefix) is routed.
      - With O(kind=openai) the default is TENANT/NAME.
    type: list
    elements: str
  protocols:
    description: KServe's protocols that are routed for O(models) with O(kind=predict).
    type: list
    elements: str
    choices: [v1, v2]
    default: [v1, v2]
  path_prefix:
    description:
      - Path in front of all others. The default is none with O(models), else C(/TENANT/NAME).
      - Two tenants whose models have the same name need it, since path and host are all that tells them apart.
    type: str
  strip_prefix:
    description: Whether O(path_prefix) is taken away before the backend sees the path.
    type: bool
    default: true
  domain:
    description: Domain of the default of O(hostname).
    type: str
    default: inference.local
  hostname:
    description: Host name of the route. The default is C(api.DOMAIN) or C(openai.DOMAIN).
    type: str
  jwt:
    description: Which tokens are let in. The claim C(tenant) must be O(tenant) in any case.
    type: dict
    suboptions:
      provider:
        description: Name of the provider. It must be the same in all policies of a Gateway.
        type: str
        default: jwt-issuer
      issuer:
        description: What the claim C(iss) must be.
        type: str
        default: bentobox
      audiences:
        description: Of which the claim C(aud) must hold one. The default is the tenant's name. An empty list is any.
        type: list
        elements: str
      jwks_config_map:
        description: ConfigMap with the public keys, in O(namespace).
        type: str
        default: jwks
  limits:
    description:
      - How much the tenant may use this route, over all its paths and backends and all gateways together. Envoy Gateway
        needs Redis for it.
    type: dict
    suboptions:
      requests:
        description: Requests.
        type: dict
        suboptions:
          count:
            description: How many.
            type: int
            required: true
          unit:
            description: In what time.
            type: str
            choices: [second, minute, hour, day]
            default: minute
      tokens:
        description:
          - Tokens of language models, in and out, with O(kind=openai). They are counted when an answer ends, so the
            request that goes over the limit is still answered.
        type: dict
        suboptions:
          count:
            description: How many.
            type: int
            required: true
          unit:
            description: In what time.
            type: str
            choices: [second, minute, hour, day]
            default: minute
  timeouts:
    description: For how long a request may last. It includes the time a model needs to come up from zero replicas.
    type: dict
    suboptions:
      request:
        description: Seconds for the whole request.
        type: int
        default: 120
      backend_request:
        description: Seconds for one try.
        type: int
  gateway:
    description: Name of the Gateway. The default is V(predict) or V(openai), as O(kind).
    type: str
  gateway_namespace:
    description: Namespace of the Gateway. With AI Gateway 0.2 it must be O(namespace).
    type: str
    default: inference-gateway
  local_gateway:
    description: The Service through which the revisions of Knative are reached inside the cluster.
    type: dict
    suboptions:
      name:
        description: Its name.
        type: str
        default: knative-local-istio
      namespace:
        description: Its namespace.
        type: str
        default: knative-serving
      port:
        description: Its port.
        type: int
        default: 80
  cluster_domain:
    description: Domain of the cluster's Services.
    type: str
    default: cluster.local
  envoy_gateway_namespace:
    description: Namespace of Envoy Gateway, whose configuration tells whether O(limits) can work.
    type: str
    default: envoy-gateway-system
  ai_schema:
    description:
      - Fields of AI Gateway's kinds. V(1.0) is C(v1beta1) with C(parentRefs) and C(hostnames), V(0.2) is C(v1alpha1)
        with C(targetRefs) and C(schema).
      - V(auto) takes V(1.0) where the API server serves C(v1beta1).
    type: str
    choices: [auto, "0.2", "1.0"]
    default: auto
  wait:
    description: Whether to wait until the gateways have taken everything.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds to wait.
    type: int
    default: 120
  take_ownership:
    description: Whether to take over fields that another client has set. Without it that is an error.
    type: bool
    default: false
notes:
  - From a playbook on the controller it runs inside Ansible's own process and shows what it waits for. The variable
    C(bentobox_progress) set to V(false) silences that.
seealso:
  - module: bentobox.platform.inference_service
"""

EXAMPLES = r"""
- name: Tenant A may ask its model iris
  bentobox.platform.model_route:
    name: iris
    tenant: tenant-a
    backends:
      - inference_service: iris
    limits:
      requests: {count: 100, unit: minute}
  register: route

- name: Show where
  ansible.builtin.debug:
    var: route.urls

- name: A language model under the name tenant-a/llm, with a limit on tokens
  bentobox.platform.model_route:
    name: llm
    tenant: tenant-a
    kind: openai
    backends:
      - inference_service: llm
        prefix: /openai/v1
        model: llm
    limits:
      tokens: {count: 10000, unit: hour}
    timeouts: {request: 600}

- name: Version 2 answers who asks for it, and one in ten of all others
  bentobox.platform.model_route:
    name: iris
    tenant: tenant-a
    backends:
      - {inference_service: iris-1, model: iris, weight: 9}
      - {inference_service: iris-2, model: iris, weight: 1}
      - inference_service: iris-2
        headers: {x-variant: b}

- name: A bento under https://api.inference.local/tenant-b/classifier
  bentobox.platform.model_route:
    name: classifier
    tenant: tenant-b
    backends:
      - {service: classifier, namespace: yatai, port: 3000}

- name: Close it
  bentobox.platform.model_route:
    name: classifier
    tenant: tenant-b
    state: absent
"""

RETURN = r"""
name:
  description: Name of the route.
  returned: success
  type: str
tenant:
  description: Its tenant.
  returned: success
  type: str
namespace:
  description: Namespace of its objects.
  returned: success
  type: str
object_name:
  description: Name of the route object and its policies.
  returned: success
  type: str
  sample: tenant-a-iris
host:
  description: Host name that clients use.
  returned: success
  type: str
urls:
  description: What clients can ask. Empty with O(state=absent).
  returned: success
  type: list
  elements: str
  sample: ["https://api.inference.local/v1/models/iris:predict"]
models:
  description: Names by which clients ask.
  returned: success
  type: list
  elements: str
ai_schema:
  description: The fields that were used for AI Gateway. Empty with O(kind=predict).
  returned: success
  type: str
objects:
  description: What was done to which object.
  returned: success
  type: dict
  contains:
    created:
      description: Made.
      type: list
      elements: str
    updated:
      description: Changed.
      type: list
      elements: str
    pruned:
      description: Taken away.
      type: list
      elements: str
    unchanged:
      description: Left as it was.
      type: list
      elements: str
predicted:
  description: Objects whose change check mode could only guess.
  returned: success
  type: list
  elements: str
seconds:
  description: Time it took.
  returned: success
  type: float
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bentobox.platform.plugins.module_utils.gateway.errors import GatewayError
from ansible_collections.bentobox.platform.plugins.module_utils.gateway.options import route_argument_spec
from ansible_collections.bentobox.platform.plugins.module_utils.gateway.route import run
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.options import (
    KUBE_CONSTRAINTS,
    progress,
    protect,
)

OPTIONS: dict[str, Any] = {
    "argument_spec": route_argument_spec(),
    **KUBE_CONSTRAINTS,
}


def work(module: Any) -> None:
    protect(module)
    try:
        result = run(module.params, module.check_mode, progress(module), module.warn)
    except (GatewayError, KubeError) as error:
        module.fail_json(msg=str(error))
    if not module._diff:
        result.pop("diff")
    module.exit_json(**result)


def main() -> None:
    work(AnsibleModule(**OPTIONS, supports_check_mode=True))


if __name__ == "__main__":
    main()
