#!/usr/bin/python
# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: bento_deployment
short_description: Serve a bento on Kubernetes
version_added: "0.1.0"
author: bentobox.platform contributors (@bentobox-platform)
description:
  - Makes a BentoDeployment (C(serving.yatai.ai/v2alpha1)) by server-side apply and waits until the bento really serves.
    The Deployments of the API server and of all runners are rolled out with this image and these settings, their
    HorizontalPodAutoscalers exist, and the ingress answers where its address is known. The operator's own condition
    C(Available) tells none of this.
  - Fails early and says why when a container crashes, an image cannot be pulled, no node fits, a quota is exceeded or
    the Bento is missing.
extends_documentation_fragment:
  - bentobox.platform.kubernetes
  - bentobox.platform.attributes
  - bentobox.platform.attributes.actiongroup_kubernetes
attributes:
  check_mode:
    support: full
    details: The API server validates the object in a dry run.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  name:
    description: Name of the BentoDeployment, its Deployment, Service and Ingress.
    type: str
    required: true
  namespace:
    description: Namespace, one of those that C(yatai-deployment) watches. The Bento must be in it.
    type: str
    default: yatai
  state:
    description: V(absent) removes the deployment and waits until all that was made for it is gone.
    type: str
    choices: [present, absent]
    default: present
  bento:
    description:
      - Name of the Bento, as M(bentobox.platform.image_build) returns it, or the bento's tag.
      - Required with O(state=present).
    type: str
  resources: &resources
    description:
      - Resources of the bento's container. The operator's defaults are 300m and 500Mi requested, and limits of 500m
        and 1Gi. What is not given keeps its default.
    type: dict
    suboptions:
      requests: &amount
        description: Amounts to reserve as requests, not to exceed as limits.
        type: dict
        suboptions:
          cpu:
            description: Processors.
            type: str
          memory:
            description: Memory.
            type: str
          gpu:
            description: Number of NVIDIA GPUs. Only counts as a limit.
            type: str
          custom:
            description: Other resources by name.
            type: dict
      limits: *amount
  autoscaling: &autoscaling
    description: Number of replicas. The operator's default is one.
    type: dict
    suboptions:
      min_replicas:
        description: Smallest number of replicas.
        type: int
        required: true
      max_replicas:
        description: Largest number of replicas. The default is the smallest.
        type: int
      metrics:
        description:
          - Metrics to scale by, as Kubernetes writes them. The operator's default is 80 percent of the CPU request.
        type: list
        elements: dict
      behavior:
        description: Scaling behaviour. The operator stores it and drops it, so it brings a warning.
        type: dict
  envs: &envs
    description:
      - Environment variables of the bento's container. Plain values only. The operator silently drops C(valueFrom), so
        it is refused.
      - Values are readable in the BentoDeployment.
    type: dict
  annotations: &annotations
    description: Annotations that steer the operator, such as C(yatai.ai/enable-debug-mode).
    type: dict
  labels: &labels
    description: More labels of all objects of the component.
    type: dict
  deployment_strategy: &strategy
    description: How pods are replaced.
    type: str
    choices: [RollingUpdate, Recreate, RampedSlowRollout, BestEffortControlledRollout]
  extra_pod_metadata: &extra_pod_metadata
    description: More metadata of the pods.
    type: dict
    suboptions:
      annotations:
        description: Annotations.
        type: dict
      labels:
        description: Labels.
        type: dict
  extra_pod_spec: &extra_pod_spec
    description: More of the pods' specification.
    type: dict
    suboptions:
      scheduler_name:
        description: Scheduler.
        type: str
      node_selector:
        description: Labels of the nodes.
        type: dict
      affinity:
        description: Affinity, as Kubernetes writes it.
        type: dict
      tolerations:
        description: Tolerations, as Kubernetes writes them.
        type: list
        elements: dict
      topology_spread_constraints:
        description: Topology spread constraints, as Kubernetes writes them.
        type: list
        elements: dict
      containers:
        description: More containers, as Kubernetes writes them.
        type: list
        elements: dict
      service_account_name:
        description: Service account.
        type: str
  runners:
    description: Settings of the bento's runners. One that is not listed gets the operator's defaults.
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the runner in the bento.
        type: str
        required: true
      resources: *resources
      autoscaling: *autoscaling
      envs: *envs
      annotations: *annotations
      labels: *labels
      deployment_strategy: *strategy
      extra_pod_metadata: *extra_pod_metadata
      extra_pod_spec: *extra_pod_spec
  ingress:
    description: The Ingress. Its host is made by the operator from name, namespace and its domain suffix.
    type: dict
    suboptions:
      enabled:
        description: Whether there is one.
        type: bool
        default: false
      annotations:
        description: Annotations.
        type: dict
      labels:
        description: Labels.
        type: dict
      tls:
        description: TLS.
        type: dict
        suboptions:
          secret_name:
            description: Name of a Secret with the certificate.
            type: str
            required: true
  monitor_exporter:
    description: The sidecar that exports monitoring data of the API server.
    type: dict
    suboptions:
      enabled:
        description: Whether there is one.
        type: bool
        default: true
      output:
        description: Where it writes to.
        type: str
      options:
        description: Options of that output.
        type: dict
      structure_options:
        description: Options of that output as environment variables. Plain values only.
        type: dict
      mounts:
        description: Volumes of the sidecar.
        type: list
        elements: dict
        suboptions:
          path:
            description: Where it is mounted.
            type: str
            required: true
          read_only:
            description: Whether it is mounted read-only.
            type: bool
            default: false
          source:
            description: The volume, as Kubernetes writes it, such as C({secret {secretName x}}).
            type: dict
            required: true
  wait:
    description: Whether to wait, for the roll-out as well as for the end.
    type: bool
    default: true
  wait_timeout:
    description: For how many seconds to wait.
    type: int
    default: 600
  unschedulable_timeout:
    description: For how many seconds a pod may find no node. More than a cluster autoscaler needs.
    type: int
    default: 60
  ingress_address:
    description:
      - Host or C(host:port) of the ingress controller. The Ingress must answer there under its own host name, so no
        name service is needed.
      - Without it, the address that the controller has published in the Ingress is used when it can be reached.
    type: str
  verify_url:
    description: A URL that must answer with success before the module ends.
    type: str
  ingress_validate_certs:
    description: Whether to verify certificates on the way through the ingress and of O(verify_url).
    type: bool
    default: true
  ingress_ca_cert:
    description: File with the certificate authorities to trust there.
    type: path
  probe:
    description: A real request to the bento through the API server's service proxy, made when it is rolled out.
    type: dict
    suboptions:
      path:
        description: Path.
        type: str
        default: /readyz
      method:
        description: Method.
        type: str
        default: GET
      body:
        description: Body. Text is sent as it is, anything else as JSON.
        type: raw
      headers:
        description: Headers. C(Content-Type) is C(application/json) unless given.
        type: dict
      timeout:
        description: For how many seconds to wait for the answer.
        type: int
        default: 30
      expect:
        description: What the answer must be.
        type: dict
        suboptions:
          status:
            description: Status codes that are right. The default is 200.
            type: list
            elements: int
          contains:
            description: Text that the body must contain.
            type: str
          json:
            description: The body must be this value in JSON.
            type: raw
  take_ownership:
    description: Whether to take over fields that another client has set. Without it that is an error.
    type: bool
    default: false
seealso:
  - module: bentobox.platform.image_build
"""

EXAMPLES = r"""
- name: Serve a bento, and do not believe it before it predicts
  bentobox.platform.bento_deployment:
    name: iris
    bento: iris:v1
    resources:
      requests: {cpu: 100m, memory: 256Mi}
    autoscaling: {min_replicas: 1, max_replicas: 3}
    runners:
      - name: iris_clf
        resources:
          requests: {cpu: 100m, memory: 256Mi}
    ingress:
      enabled: true
    ingress_address: 192.0.2.10
    probe:
      path: /classify
      method: POST
      body: [[5.1, 3.5, 1.4, 0.2]]
      expect: {json: [0]}
  register: iris

- name: Show where it is
  ansible.builtin.debug:
    msg: "{{ iris.urls.ingress }} runs {{ iris.image }}"

- name: Take it away
  bentobox.platform.bento_deployment:
    name: iris
    state: absent
"""

RETURN = r"""
name:
  description: Name of the BentoDeployment.
  returned: always
  type: str
namespace:
  description: Its namespace.
  returned: always
  type: str
bento:
  description: Name of the Bento it serves.
  returned: always
  type: str
image:
  description: The image it runs.
  returned: always
  type: str
urls:
  description: The addresses of the API server. V(service) inside the cluster, V(ingress) when there is one.
  returned: always
  type: dict
  sample: {service: "http://iris.yatai.svc:3000", ingress: "http://iris-yatai.example.org"}
host:
  description: Host name of the Ingress. Empty without one.
  returned: always
  type: str
replicas:
  description: Replicas that are up, of the API server and of each runner.
  returned: always
  type: dict
  sample: {api: 1, runners: {iris_clf: 1}}
conditions:
  description: The BentoDeployment's conditions.
  returned: always
  type: list
  elements: dict
probe:
  description: The answer to O(probe). Status, body (its first 4096 characters), json and seconds. Empty without one.
  returned: always
  type: dict
seconds:
  description: Time it took.
  returned: always
  type: float
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
from ansible_collections.bentobox.platform.plugins.module_utils.serving.deployment import BentoDeployment, Settings
from ansible_collections.bentobox.platform.plugins.module_utils.serving.deployment_spec import manifest
from ansible_collections.bentobox.platform.plugins.module_utils.serving.errors import ServingError

STRATEGIES = ["RollingUpdate", "Recreate", "RampedSlowRollout", "BestEffortControlledRollout"]


def component_spec() -> dict[str, Any]:
    """The options that the API server and a runner have in common."""
    text, mapping = {"type": "str"}, {"type": "dict"}
    dicts = {"type": "list", "elements": "dict"}
    amount = {"type": "dict", "options": {"cpu": text, "memory": text, "gpu": text, "custom": mapping}}
    scaling = {
        "min_replicas": {"type": "int", "required": True},
        "max_replicas": {"type": "int"},
        "metrics": dicts,
        "behavior": mapping,
    }
    pod = {
        "scheduler_name": text,
        "node_selector": mapping,
        "affinity": mapping,
        "tolerations": dicts,
        "topology_spread_constraints": dicts,
        "containers": dicts,
        "service_account_name": text,
    }
    return {
        "resources": {"type": "dict", "options": {"requests": amount, "limits": amount}},
        "autoscaling": {"type": "dict", "options": scaling},
        "envs": mapping,
        "annotations": mapping,
        "labels": mapping,
        "deployment_strategy": {"type": "str", "choices": STRATEGIES},
        "extra_pod_metadata": {"type": "dict", "options": {"annotations": mapping, "labels": mapping}},
        "extra_pod_spec": {"type": "dict", "options": pod},
    }


def argument_spec() -> dict[str, Any]:
    mapping = {"type": "dict"}
    ingress = {
        "enabled": {"type": "bool", "default": False},
        "annotations": mapping,
        "labels": mapping,
        "tls": {"type": "dict", "options": {"secret_name": {"type": "str", "required": True, "no_log": False}}},
    }
    mount = {
        "path": {"type": "str", "required": True},
        "read_only": {"type": "bool", "default": False},
        "source": {"type": "dict", "required": True},
    }
    monitor = {
        "enabled": {"type": "bool", "default": True},
        "output": {"type": "str"},
        "options": mapping,
        "structure_options": mapping,
        "mounts": {"type": "list", "elements": "dict", "options": mount},
    }
    expect = {
        "status": {"type": "list", "elements": "int"},
        "contains": {"type": "str"},
        "json": {"type": "raw"},
    }
    probe = {
        "path": {"type": "str", "default": "/readyz"},
        "method": {"type": "str", "default": "GET"},
        "body": {"type": "raw"},
        "headers": mapping,
        "timeout": {"type": "int", "default": 30},
        "expect": {"type": "dict", "options": expect},
    }
    runner = {"name": {"type": "str", "required": True}, **component_spec()}
    return {
        **kube_argument_spec(),
        "name": {"type": "str", "required": True},
        "namespace": {"type": "str", "default": "yatai"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "bento": {"type": "str"},
        **component_spec(),
        "runners": {"type": "list", "elements": "dict", "options": runner},
        "ingress": {"type": "dict", "options": ingress},
        "monitor_exporter": {"type": "dict", "options": monitor},
        "wait": {"type": "bool", "default": True},
        "wait_timeout": {"type": "int", "default": 600},
        "unschedulable_timeout": {"type": "int", "default": 60},
        "ingress_address": {"type": "str"},
        "verify_url": {"type": "str"},
        "ingress_validate_certs": {"type": "bool", "default": True},
        "ingress_ca_cert": {"type": "path"},
        "probe": {"type": "dict", "options": probe},
        "take_ownership": {"type": "bool", "default": False},
    }


def main() -> None:
    module = AnsibleModule(
        argument_spec=argument_spec(),
        supports_check_mode=True,
        **KUBE_CONSTRAINTS,
        required_if=[["state", "present", ["bento"]]],
    )
    protect(module)
    params = module.params
    settings = Settings(
        wait=params["wait"],
        timeout=params["wait_timeout"],
        unschedulable_timeout=params["unschedulable_timeout"],
        ingress_address=params["ingress_address"] or "",
        verify_url=params["verify_url"] or "",
        validate_certs=params["ingress_validate_certs"],
        ca_cert=params["ingress_ca_cert"] or "",
        probe=params["probe"] or {},
        take_ownership=params["take_ownership"],
        check_mode=module.check_mode,
    )
    try:
        if params["state"] == "present":
            desired, warnings = manifest(params)
            for text in warnings:
                module.warn(text)
        client = Client.from_params(params)
        deployment = BentoDeployment(client, params["name"], params["namespace"], settings, module.warn)
        result = deployment.present(desired) if params["state"] == "present" else deployment.absent()
    except (ServingError, KubeError) as error:
        module.fail_json(msg=str(error))
    if not module._diff:
        result.pop("diff")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
