#!/usr/bin/python
# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: inference_service_info
short_description: List the models that KServe serves
version_added: "0.1.0"
author: bentobox.platform contributors (@bentobox-platform)
description:
  - Lists KServe's InferenceServices (C(serving.kserve.io/v1beta1)), where they can be reached, which revisions get how
    much of the requests, and whether KServe calls them ready.
  - Costs two LISTs, however many there are. On a cluster without KServe the list is empty.
options:
  name:
    description: Only those of this name.
    type: str
  namespace:
    description: Only those of this namespace. By default those of all, which the user must be allowed to list.
    type: str
extends_documentation_fragment:
  - bentobox.platform.kubernetes
  - bentobox.platform.attributes.info_module
  - bentobox.platform.attributes.actiongroup_kubernetes
notes:
  - From a playbook on the controller it runs inside Ansible's own process.
seealso:
  - module: bentobox.platform.inference_service
"""

EXAMPLES = r"""
- name: See which models there are
  bentobox.platform.inference_service_info:
  register: served

- name: Stop if one of them does not serve
  ansible.builtin.assert:
    that: item.ready
    fail_msg: "{{ item.namespace }}/{{ item.name }}: {{ item.reason }}"
  loop: "{{ served.inference_services }}"
"""

RETURN = r"""
inference_services:
  description: The InferenceServices, by namespace and name.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Name of the InferenceService.
      type: str
      sample: iris
    namespace:
      description: Its namespace.
      type: str
      sample: tenant-a
    ready:
      description:
        - Whether KServe's condition C(Ready) is true, and it is not being deleted. KServe may not have seen the last
          change yet. That is what M(bentobox.platform.inference_service) waits for.
      type: bool
    reason:
      description: Why it is not ready, as KServe says it. Empty otherwise.
      type: str
      sample: "RevisionMissing: Configuration \"iris-predictor\" does not have any ready Revision."
    model_format:
      description: Format of its model. Empty where it runs a container of its own.
      type: str
      sample: sklearn
    storage_uri:
      description: Where its model is.
      type: str
      sample: s3://models/iris
    deployment_mode:
      description: V(Serverless) or V(RawDeployment).
      type: str
      sample: Serverless
    url:
      description: Its address as KServe publishes it. Empty until it is ready.
      type: str
      sample: http://iris.tenant-a.inference.local
    address:
      description: Its address inside the cluster.
      type: str
      sample: http://iris.tenant-a.svc.cluster.local
    ready_replicas:
      description: Pods that are ready, of all revisions. 0 when it is scaled to zero.
      type: int
    revisions:
      description:
        - Names of the newest revision (V(latest_created)), of the newest that is ready (V(latest_ready)), and of the
          one that had all the traffic before (V(previous)). Empty in mode C(RawDeployment).
      type: dict
      sample: {latest_created: iris-predictor-00002, latest_ready: iris-predictor-00002, previous: iris-predictor-00001}
    traffic:
      description: Percent of the requests by revision, and whether an entry follows the newest one.
      type: list
      elements: dict
      sample: [{revision: iris-predictor-00002, percent: 10, latest: true}]
    conditions:
      description: The InferenceService's conditions.
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
from ansible_collections.bentobox.platform.plugins.module_utils.serving.inference_report import find

OPTIONS: dict[str, Any] = {
    "argument_spec": {**kube_argument_spec(), "name": {"type": "str"}, "namespace": {"type": "str"}},
    **KUBE_CONSTRAINTS,
}


def work(module: Any) -> None:
    protect(module)
    try:
        found = find(Client.from_params(module.params), module.params["name"], module.params["namespace"])
    except KubeError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, inference_services=found)


def main() -> None:
    work(AnsibleModule(**OPTIONS, supports_check_mode=True))


if __name__ == "__main__":
    main()
