#!/usr/bin/python
# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: service_probe
short_description: Ask a service inside a Kubernetes cluster until it answers as expected
version_added: "0.1.0"
author:
  - bentobox.platform contributors (@bentobox-platform)
description:
  - Sends a request to a service through the API server's proxy, so that it works from wherever the API server can be
    reached, and repeats it until the answer is the expected one.
options:
  namespace:
    description: Namespace of the service.
    type: str
  service:
    description: Name of the service.
    type: str
  port:
    description: Number or name of the service's port.
    type: str
  scheme:
    description: Whether the service speaks TLS. The API server does not verify its certificate.
    type: str
    choices: [http, https]
    default: http
  path:
    description: Path of the request.
    type: str
    default: /
  api_path:
    description:
      - Path of the API server itself, instead of a service, as C(/apis/metrics.k8s.io/v1beta1/nodes).
    type: str
  query:
    description: Query of the request.
    type: dict
    default: {}
  method:
    description: Method of the request. It should be safe to repeat.
    type: str
    choices: [GET, HEAD, POST, PUT]
    default: GET
  body:
    description: Body of the request, as text.
    type: str
  body_json:
    description: Body of the request, to be sent as JSON.
    type: raw
  headers:
    description: Headers of the request.
    type: dict
    default: {}
  header_secrets:
    description:
      - Headers whose values are read from Secrets, each a dictionary with C(name), C(key) and C(namespace)
        (O(namespace) by default). The values are never shown.
    type: dict
    default: {}
  status_code:
    description: Status codes that are expected.
    type: list
    elements: int
    default: [200]
  contains:
    description: Text the answer must contain.
    type: str
  timeout:
    description: Seconds to go on asking.
    type: int
    default: 60
attributes:
  check_mode:
    support: full
    details:
      - Only C(GET) and C(HEAD) are sent in check mode; other methods are skipped.
  diff_mode:
    support: N/A
    details:
      - This module changes nothing.
  idempotent:
    support: full
    details:
      - This module changes nothing, as far as the service itself does not.
extends_documentation_fragment:
  - bentobox.platform.kubernetes
  - bentobox.platform.attributes
  - bentobox.platform.attributes.actiongroup_kubernetes
"""

EXAMPLES = r"""
- name: Wait until Yatai tells its version
  bentobox.platform.service_probe:
    namespace: yatai-system
    service: yatai
    port: 80
    path: /api/v1/version
    contains: version

- name: Ask who a token belongs to
  bentobox.platform.service_probe:
    namespace: yatai-system
    service: yatai
    port: 80
    path: /api/v1/auth/current
    header_secrets:
      X-YATAI-API-TOKEN:
        name: yatai-api-token
        key: token

- name: Wait until node metrics are served
  bentobox.platform.service_probe:
    api_path: /apis/metrics.k8s.io/v1beta1/nodes
    contains: usage
    timeout: 120
"""

RETURN = r"""
status:
  description: Status code of the answer.
  type: int
  returned: success
  sample: 200
body:
  description: Body of the answer, the first MiB.
  type: str
  returned: success
json:
  description: Body of the answer, if it is JSON.
  type: raw
  returned: success
elapsed:
  description: Seconds until the expected answer.
  type: float
  returned: success
  sample: 0.012
attempts:
  description: Number of requests that were sent.
  type: int
  returned: success
  sample: 1
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.options import (
    kube_argument_spec,
    protect,
    with_connection,
)
from ansible_collections.bentobox.platform.plugins.module_utils.kube.probe import from_params

OPTIONS: dict[str, Any] = {
    "argument_spec": {
        **kube_argument_spec(),
        "namespace": {"type": "str"},
        "service": {"type": "str"},
        "port": {"type": "str"},
        "scheme": {"type": "str", "choices": ["http", "https"], "default": "http"},
        "path": {"type": "str", "default": "/"},
        "api_path": {"type": "str"},
        "query": {"type": "dict", "default": {}},
        "method": {"type": "str", "choices": ["GET", "HEAD", "POST", "PUT"], "default": "GET"},
        "body": {"type": "str"},
        "body_json": {"type": "raw"},
        "headers": {"type": "dict", "default": {}},
        # Names of Secrets, not their values.
        "header_secrets": {"type": "dict", "default": {}, "no_log": False},
        "status_code": {"type": "list", "elements": "int", "default": [200]},
        "contains": {"type": "str"},
        "timeout": {"type": "int", "default": 60},
    },
    **with_connection(
        {
            "mutually_exclusive": [["service", "api_path"], ["body", "body_json"]],
            "required_one_of": [["service", "api_path"]],
            "required_by": {"service": ["namespace", "port"]},
        }
    ),
}


def work(module: Any) -> None:
    protect(module)
    if module.check_mode and module.params["method"] not in ("GET", "HEAD"):
        module.exit_json(changed=False, skipped=True, msg=f"{module.params['method']} is not sent in check mode")
    try:
        probe = from_params(Client.from_params(module.params), module.params)
        module.no_log_values.update(probe.secrets)
        result = probe.until(module.params["timeout"])
    except KubeError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **result)


def main() -> None:
    work(AnsibleModule(**OPTIONS, supports_check_mode=True))


if __name__ == "__main__":
    main()
