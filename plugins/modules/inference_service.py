#!/usr/bin/python
# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: inference_service
short_description: Serve a model with KServe
version_added: "0.1.0"
author: bentobox.platform contributors (@bentobox-platform)
description:
  - Makes a KServe InferenceService (C(serving.kserve.io/v1beta1)) by server-side apply and waits until its newest
    version really serves. KServe has taken over the change, the newest revision is ready, and requests reach it. With
    O(min_replicas=0) no pod needs to be left for that.
  - Asks first which serving runtimes there are, since KServe accepts a model that none of them takes.
  - Fails early and says why. That is the log of the storage initializer, an image that cannot be pulled, a quota, too
    little memory, or a probe. The revision before keeps its traffic meanwhile, which the error says, too.
  - Moves traffic between revisions with O(canary_percent), O(promote) and O(rollback).
extends_documentation_fragment:
  - bentobox.platform.kubernetes
  - bentobox.platform.attributes
  - bentobox.platform.attributes.actiongroup_kubernetes
attributes:
  check_mode:
    support: full
    details: The API server and KServe's webhooks validate the object in a dry run.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  name:
    description:
      - Name of the InferenceService. Most runtimes serve the model under this name.
      - At most 53 lower case letters, digits and hyphens, beginning with a letter.
    type: str
    required: true
  namespace:
    description: Namespace, usually that of a tenant. It must be there.
    type: str
    required: true
  state:
    description: V(absent) removes the service and waits until its pods are gone, also those of one deleted earlier.
    type: str
    choices: [present, absent]
    default: present
  model_format:
    description:
      - Format of the model, such as V(sklearn), V(xgboost), V(onnx) or V(huggingface).
      - This or O(spec) is required with O(state=present), unless O(promote) or O(rollback) is set.
    type: str
  model_format_version:
    description: Version of the format. Only a runtime that lists it takes the model.
    type: str
  storage_uri:
    description:
      - Where the model is, such as V(s3://models/iris), V(gs://...), V(pvc://claim/path), V(hf://...) or V(https://...).
      - Required with O(model_format).
    type: str
  runtime:
    description:
      - Name of the ServingRuntime or ClusterServingRuntime. By default KServe chooses among those that take the format
        by themselves.
    type: str
  runtime_version:
    description: Tag of the runtime's image, in place of the one in the runtime.
    type: str
  protocol_version:
    description: Protocol that the model must speak. KServe takes V(v1) unless the runtime has only others.
    type: str
    choices: [v1, v2, grpc-v1, grpc-v2]
  resources:
    description: Resources of the model's container. What is not given keeps KServe's default.
    type: dict
    suboptions:
      requests:
        description: Amounts to reserve, by name, as in C({cpu 100m, memory 256Mi}).
        type: dict
      limits:
        description: Amounts not to exceed, by name.
        type: dict
  env:
    description:
      - Environment variables of the model's container. A value is text, or one source as Kubernetes writes it, such as
        C({secretKeyRef {name s, key k}}).
      - Plain values are readable in the InferenceService, so secrets belong in a Secret.
    type: dict
  args:
    description: More arguments of the model's container.
    type: list
    elements: str
  spec:
    description:
      - The whole C(spec) as KServe writes it, for transformers, explainers and containers of your own. Excludes the
        options that describe the model. Scaling, canary, service account and metadata can still be given beside it.
    type: dict
  min_replicas:
    description: Smallest number of replicas. KServe's default is 1, and V(0) lets it scale to zero.
    type: int
  max_replicas:
    description: Largest number of replicas. V(0) is no limit.
    type: int
  scale_target:
    description: What one replica should bear of O(scale_metric).
    type: int
  scale_metric:
    description:
      - What is scaled by. V(concurrency) and V(rps) in mode C(Serverless), V(cpu) and V(memory), both in percent of
        the request, in mode C(RawDeployment).
    type: str
    choices: [concurrency, rps, cpu, memory]
  container_concurrency:
    description: How many requests one replica works on at a time. V(0) is no limit.
    type: int
  request_timeout:
    description: For how many seconds a request may last.
    type: int
  service_account:
    description: Service account of the pods. KServe takes credentials for O(storage_uri) from its Secrets.
    type: str
  canary_percent:
    description:
      - Share of the requests, 0 to 100, that the newest revision gets. The last one that had all of them gets the rest.
      - The very first revision gets all requests whatever is written here.
      - Without it a new revision gets all requests as soon as it is ready. A larger share than before is given when the
        new revision is ready, so that a canary or a revision that was rolled back gets nothing of it meanwhile. With
        O(wait=false) it is given at once.
    type: int
  promote:
    description:
      - Gives all requests to the newest revision, which must be ready. Nothing else is changed, so the options that
        describe the model may be there or not.
    type: bool
    default: false
  rollback:
    description:
      - Gives all requests back to the last revision that had all of them before. Nothing else is changed, so the
        options that describe the model may be there or not.
      - The next task without it, and with another model, starts from there. A task with the same model as before and no
        O(canary_percent) sends the requests to the newest revision again.
    type: bool
    default: false
  deployment_mode:
    description:
      - V(Serverless) runs on Knative, with revisions and scale to zero. V(RawDeployment) is a plain Deployment.
      - KServe 0.16 and later call them Knative and Standard, and write these names down in place of the given ones.
      - By default what the cluster's KServe is configured for.
    type: str
    choices: [Serverless, RawDeployment]
  annotations:
    description: Annotations of the InferenceService. KServe copies them to the pods.
    type: dict
  labels:
    description: Labels of the InferenceService. KServe copies them to the pods.
    type: dict
  wait:
    description: Whether to wait, for the new version as well as for the end.
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
  take_ownership:
    description: Whether to take over fields that another client has set. Without it that is an error.
    type: bool
    default: false
notes:
  - From a playbook on the controller it runs inside Ansible's own process and shows what it waits for. The variable
    C(bentobox_progress) set to V(false) silences that.
seealso:
  - module: bentobox.platform.model_route
  - module: bentobox.platform.bento_deployment
"""

EXAMPLES = r"""
- name: Serve a model that costs nothing while nobody asks
  bentobox.platform.inference_service:
    name: iris
    namespace: tenant-a
    model_format: sklearn
    storage_uri: s3://models/iris/v1
    service_account: models
    min_replicas: 0
    max_replicas: 3
    resources:
      requests: {cpu: 100m, memory: 256Mi}
      limits: {cpu: "1", memory: 512Mi}
  register: iris

- name: Give a tenth of the requests to the next version
  bentobox.platform.inference_service:
    name: iris
    namespace: tenant-a
    model_format: sklearn
    storage_uri: s3://models/iris/v2
    service_account: models
    canary_percent: 10

- name: It is good, so give it all of them
  bentobox.platform.inference_service:
    name: iris
    namespace: tenant-a
    promote: true

- name: It was not, so go back
  bentobox.platform.inference_service:
    name: iris
    namespace: tenant-a
    rollback: true

- name: Take it away
  bentobox.platform.inference_service:
    name: iris
    namespace: tenant-a
    state: absent
"""

RETURN = r"""
name:
  description: Name of the InferenceService.
  returned: success
  type: str
namespace:
  description: Its namespace.
  returned: success
  type: str
url:
  description: Its address as KServe publishes it. Empty until it is ready.
  returned: success
  type: str
  sample: http://iris.tenant-a.inference.local
address:
  description: Its address inside the cluster.
  returned: success
  type: str
  sample: http://iris.tenant-a.svc.cluster.local
ready_replicas:
  description: Pods that are ready, of all revisions. 0 when it is scaled to zero.
  returned: success
  type: int
revisions:
  description:
    - Names of the newest revision (V(latest_created)), of the newest that is ready (V(latest_ready)), and of the one
      that had all the traffic before (V(previous)). Empty in mode C(RawDeployment).
  returned: success
  type: dict
  sample: {latest_created: iris-predictor-00002, latest_ready: iris-predictor-00002, previous: iris-predictor-00001}
traffic:
  description: Percent of the requests by revision, and whether an entry follows the newest one.
  returned: success
  type: list
  elements: dict
  sample: [{revision: iris-predictor-00002, percent: 10, latest: true}]
conditions:
  description: The InferenceService's conditions.
  returned: success
  type: list
  elements: dict
seconds:
  description: Time it took.
  returned: success
  type: float
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.options import (
    KUBE_CONSTRAINTS,
    progress,
    protect,
)
from ansible_collections.bentobox.platform.plugins.module_utils.serving.errors import ServingError
from ansible_collections.bentobox.platform.plugins.module_utils.serving.inference import run
from ansible_collections.bentobox.platform.plugins.module_utils.serving.inference_options import inference_argument_spec

OPTIONS: dict[str, Any] = {
    "argument_spec": inference_argument_spec(),
    **KUBE_CONSTRAINTS,
}


def work(module: Any) -> None:
    protect(module)
    try:
        result = run(module.params, module.check_mode, progress(module), module.warn)
    except (ServingError, KubeError) as error:
        module.fail_json(msg=str(error))
    if not module._diff:
        result.pop("diff")
    module.exit_json(**result)


def main() -> None:
    work(AnsibleModule(**OPTIONS, supports_check_mode=True))


if __name__ == "__main__":
    main()
