#!/usr/bin/python
# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: component_info
short_description: List the components of the platform that are installed on a Kubernetes cluster
version_added: "0.1.0"
author:
  - bentobox.platform contributors (@bentobox-platform)
description:
  - Reads the records that M(bentobox.platform.component) leaves in the cluster, and says whether what they name is
    there, is ready, and is as it was applied.
  - Costs one LIST for each kind of object that the components have, however many components there are.
options:
  name:
    description: Only the component of this name.
    type: str
  namespace:
    description: Only components of this namespace.
    type: str
extends_documentation_fragment:
  - bentobox.platform.kubernetes
  - bentobox.platform.attributes.info_module
  - bentobox.platform.attributes.actiongroup_kubernetes
seealso:
  - module: bentobox.platform.component
"""

EXAMPLES = r"""
- name: See what is installed
  bentobox.platform.component_info:
  register: installed

- name: Stop unless cert-manager is ready
  ansible.builtin.assert:
    that: installed.components | selectattr('name', 'eq', 'cert-manager') | selectattr('ready') | length == 1

- name: See what somebody else changed or deleted
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.drifted }} {{ item.missing }}"
  loop: "{{ installed.components }}"
  when: item.drifted or item.missing
"""

RETURN = r"""
components:
  description: The components, by namespace and name.
  type: list
  elements: dict
  returned: success
  contains:
    name:
      description: Name of the component.
      type: str
      sample: cert-manager
    namespace:
      description: Namespace of the component.
      type: str
      sample: cert-manager
    version:
      description: Version that was declared for it.
      type: str
      sample: "1.18.1"
    release:
      description: Release of the platform it was installed from.
      type: str
      sample: "2025.07"
    digest:
      description: Digest of what was asked for last, as RV(bentobox.platform.component#module:digest) tells it.
      type: str
      sample: sha256:13e81d79924af1f613c36ba59cfbdd5876a1ce2b2c8973646e2fe1f1f1643150
    managed_by:
      description: The tool that manages it, which is another one after it was handed over.
      type: str
      sample: bentobox.platform/v0.1.0
    complete:
      description: Whether the last run applied all of it. If not, the next run goes on.
      type: bool
      sample: true
    objects:
      description: Its objects that are there.
      type: list
      elements: str
      sample: ["Deployment cert-manager/cert-manager"]
    objects_count:
      description: How many objects it has.
      type: int
      sample: 47
    ready:
      description: Whether all of them are ready.
      type: bool
      sample: false
    not_ready:
      description: What is not ready, and why.
      type: list
      elements: str
      sample: ["Deployment cert-manager/cert-manager: 0/1"]
    drift_known:
      description:
        - Whether RV(components[].drifted) can be told. It cannot while the component is not complete, when it was
          applied by another tool, or when it has so many objects (tens of thousands) that their fields do not fit its
          record.
      type: bool
      sample: true
    drifted:
      description: Objects that somebody else changed, in fields that the component sets. The next run sets them again.
      type: list
      elements: dict
      sample:
        - object: Deployment cert-manager/cert-manager
          fields:
            - field: .spec.replicas
              manager: kubectl
      contains:
        object:
          description: The object.
          type: str
        fields:
          description: Its fields. Values are never shown.
          type: list
          elements: dict
          contains:
            field:
              description: Path of the field.
              type: str
            manager:
              description: The field manager that changed it; empty when the field was removed.
              type: str
    missing:
      description: Objects that were deleted, and generated Secrets among them.
      type: list
      elements: str
      sample: ["ConfigMap cert-manager/settings"]
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.inventory import installed
from ansible_collections.bentobox.platform.plugins.module_utils.kube.options import (
    KUBE_CONSTRAINTS,
    kube_argument_spec,
    protect,
)


def main():
    module = AnsibleModule(
        argument_spec={**kube_argument_spec(), "name": {"type": "str"}, "namespace": {"type": "str"}},
        **KUBE_CONSTRAINTS,
        supports_check_mode=True,
    )
    protect(module)
    try:
        client = Client.from_params(module.params)
        components = installed(client, module.params["name"], module.params["namespace"])
    except KubeError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, components=components)


if __name__ == "__main__":
    main()
