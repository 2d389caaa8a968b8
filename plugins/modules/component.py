#!/usr/bin/python
# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: component
short_description: Bring one component of the platform to its declared state on a Kubernetes cluster
version_added: "0.1.0"
author:
  - bentobox.platform contributors (@bentobox-platform)
description:
  - Applies everything a component is made of in one task, from manifests, Helm charts and release files, by
    server-side apply and in the order the objects need, then waits until all of it is ready.
  - Charts are only rendered by Helm. No Helm release is made, so nothing can get stuck in one.
  - The component's objects are recorded as an ApplySet (as C(kubectl apply --prune --applyset) does), whose parent is a
    Secret of the component's name in its namespace. Objects that leave the component are deleted, in the reverse order
    of applying. CustomResourceDefinitions, namespaces, PersistentVolumeClaims and objects with the annotation
    C(bentobox.platform/keep) set to V("true") are kept and listed in RV(kept), unless O(purge=true).
  - What was made by another tool or another component is never taken over silently, and never deleted. Fields of this
    component that somebody changed by hand (C(kubectl edit), C(patch), C(scale), C(set)) are set again.
options:
  name:
    description: Name of the component, which is also the name of the Secret that records it.
    type: str
    required: true
  namespace:
    description:
      - Namespace of the component. It is made when it is missing.
      - Objects that name no namespace are put there.
    type: str
    required: true
  state:
    description:
      - V(present) makes the component what is declared, V(absent) takes it away.
      - V(absent) keeps CustomResourceDefinitions, namespaces, PersistentVolumeClaims, generated Secrets and objects
        with the annotation C(bentobox.platform/keep) set to V("true"), unless O(purge=true).
    type: str
    choices: [present, absent]
    default: present
  version:
    description: Version of the component, recorded with it.
    type: str
  release:
    description: Release of the platform the component belongs to, recorded with it.
    type: str
  manifests:
    description: Kubernetes objects. Empty elements are left out, lists are opened.
    type: list
    elements: raw
    default: []
  charts:
    description: Helm charts to render with the version and the APIs of the cluster.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the chart.
        type: str
        required: true
      release_name:
        description: Name of the release the chart sees; its name by default.
        type: str
      namespace:
        description: Namespace of the chart's objects; O(namespace) by default.
        type: str
      ref:
        description: A packed chart or its folder on the controller, an C(https://) URL, or an C(oci://) reference.
        type: str
        required: true
      version:
        description: Version of the chart. The chart that is found must be this version.
        type: str
      digest:
        description: SHA-256 of the packed chart, with or without the prefix C(sha256:).
        type: str
      values:
        description: Values for the chart.
        type: dict
        default: {}
      include_crds:
        description: Whether the CustomResourceDefinitions in the chart's C(crds) folder are applied as well.
        type: bool
        default: true
      skip_schema_validation:
        description: Whether the chart's values schema is ignored.
        type: bool
        default: false
  files:
    description: Files of manifests, each by path or URL.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Path on the controller.
        type: path
      url:
        description: URL to download from.
        type: str
      sha256:
        description: SHA-256 the file must have.
        type: str
  drop:
    description: Rendered objects to leave out. Each must match something, unless it is optional.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: Kind of the object.
        type: str
        required: true
      name:
        description: Name of the object; C(*), C(?) and C([...]) match as in a shell.
        type: str
        default: "*"
      namespace:
        description: Namespace of the object; any by default.
        type: str
      optional:
        description: Whether it may match nothing.
        type: bool
        default: false
  patch:
    description: Changes to rendered objects. Each must match something, unless it is optional.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: Kind of the object.
        type: str
        required: true
      name:
        description: Name of the object; C(*), C(?) and C([...]) match as in a shell.
        type: str
        default: "*"
      namespace:
        description: Namespace of the object; any by default.
        type: str
      merge:
        description: JSON merge patch (RFC 7386); V(null) removes.
        type: dict
      json:
        description: JSON patch (RFC 6902).
        type: list
        elements: dict
      optional:
        description: Whether it may match nothing.
        type: bool
        default: false
  generate_secrets:
    description:
      - Secrets with random values, made once. Existing values are never changed, and none is ever shown.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Name of the Secret.
        type: str
        required: true
      namespace:
        description: Namespace of the Secret; O(namespace) by default.
        type: str
      keys:
        description: The keys it must have, each with a dictionary that may hold C(length) (characters, 32 by default).
        type: dict
        required: true
  config_checksum:
    description:
      - Workloads that must restart when the content of Secrets or ConfigMaps changes, since they read it only once.
      - A checksum of the content is written to the annotation C(bentobox.platform/config-checksum) of their Pods.
    type: list
    elements: dict
    default: []
    suboptions:
      kind:
        description: Kind of the workload.
        type: str
        default: Deployment
      name:
        description: Name of the workload.
        type: str
        required: true
      namespace:
        description: Namespace of the workload; O(namespace) by default.
        type: str
      of:
        description: What it reads. What does not exist counts as empty.
        type: list
        elements: dict
        required: true
        suboptions:
          kind:
            description: Kind of the configuration.
            type: str
            choices: [Secret, ConfigMap]
            required: true
          name:
            description: Name of the configuration.
            type: str
            required: true
          namespace:
            description: Namespace of the configuration; that of the workload by default.
            type: str
  namespaces:
    description: More namespaces to make first.
    type: list
    elements: str
    default: []
  create_namespace_labels:
    description: Labels of namespaces this module makes. Namespaces that others made are left as they are.
    type: dict
    default: {}
  wait:
    description:
      - Whether to wait until everything is ready.
      - With O(state=absent), whether to wait until the definitions and namespaces are gone, whose deletion nothing can
        stop. The component's other objects are waited for in any case.
    type: bool
    default: true
  wait_timeout:
    description:
      - Seconds for everything, from the start of the task until all is ready or gone.
      - An API server that goes away in the meantime is waited for as long as that; one that has never answered is given
        up after a minute.
    type: int
    default: 600
  wait_for:
    description: More objects to wait for.
    type: list
    elements: dict
    default: []
    suboptions:
      api_version:
        description: API version of the object.
        type: str
        required: true
      kind:
        description: Kind of the object.
        type: str
        required: true
      name:
        description: Name of the object.
        type: str
        required: true
      namespace:
        description: Namespace of the object; O(namespace) by default.
        type: str
      condition:
        description: Type of the condition to wait for. Without it, whatever readiness means for that kind.
        type: str
      status:
        description: Status the condition must have.
        type: str
        default: "True"
  purge:
    description:
      - Whether data is deleted too, which is CustomResourceDefinitions with all their custom resources,
        PersistentVolumeClaims, generated Secrets, annotated objects, and the namespaces this module made.
      - With O(state=present) that concerns what is no longer declared.
    type: bool
    default: false
  take_ownership:
    description:
      - Whether to take over objects and fields that another tool or another component manages.
      - An ApplySet of kubectl of the same name and namespace is taken over with all its members. C(kubectl) takes over
        in its turn when the annotation C(applyset.kubernetes.io/tooling) of the Secret O(name) says so, see the
        examples.
    type: bool
    default: false
  helm_binary:
    description: The Helm program, by name or path. Only needed for O(charts).
    type: str
    default: helm
notes:
  - In a Secret, C(${secret:[NAMESPACE/]NAME/KEY}) in a value is replaced by that value of another Secret when it is
    applied.
  - Chart hooks for install and upgrade are applied as plain objects, in their order; test hooks are dropped, hooks for
    deletion and rollback are reported and not run.
  - On local connections the module runs inside the controller's process and shows one line for each change of what it
    waits for. The variable C(bentobox_progress=false) silences it, wherever variables are set (C(-e), inventory, AWX).
  - The next run finishes what an interrupted one began. Whatever carries the component's label is known to its record
    at any time. What is being deleted is waited for and made anew.
  - Renderings without secrets are kept in C($XDG_CACHE_HOME/bentobox.platform/rendered), readable by the user alone,
    and used again when nothing they were made of has changed. C(BENTOBOX_RENDER_CACHE=off) in the environment turns it
    off.
attributes:
  check_mode:
    support: full
    details:
      - Changes are predicted by the API server (dry run). Where it cannot be asked, since a kind or a namespace is not
        there yet, they are predicted here and listed in RV(predicted).
  diff_mode:
    support: full
    details:
      - Shows the fields this module manages. Values of Secrets are shown as hashes.
  idempotent:
    support: full
extends_documentation_fragment:
  - bentobox.platform.kubernetes
  - bentobox.platform.attributes
  - bentobox.platform.attributes.actiongroup_kubernetes
"""

EXAMPLES = r"""
- name: Install cert-manager from its chart
  bentobox.platform.component:
    name: cert-manager
    namespace: cert-manager
    version: "1.18.1"
    charts:
      - name: cert-manager
        ref: https://charts.jetstack.io/charts/cert-manager-v1.18.1.tgz
        version: v1.18.1
        values:
          crds:
            enabled: true

- name: Apply a role's templates, with a password that is made once
  bentobox.platform.component:
    name: postgresql
    namespace: postgresql
    manifests: "{{ lookup('ansible.builtin.template', 'postgresql.yaml.j2') | from_yaml_all | list }}"
    generate_secrets:
      - name: postgresql-admin
        keys:
          password:
            length: 32
    config_checksum:
      - name: postgresql
        of:
          - kind: ConfigMap
            name: postgresql

- name: Correct what a chart gets wrong
  bentobox.platform.component:
    name: yatai
    namespace: yatai-system
    charts:
      - name: yatai
        ref: /srv/charts/yatai-1.1.13.tgz
    drop:
      - kind: Job
        name: "*-test"
    patch:
      - kind: Deployment
        name: yatai
        merge:
          spec:
            strategy:
              type: Recreate

- name: Hand a component over to kubectl apply --prune --applyset=secret/postgresql --server-side
  ansible.builtin.command:
    argv:
      - kubectl
      - annotate
      - --overwrite
      - --namespace=postgresql
      - secret/postgresql
      - applyset.kubernetes.io/tooling=kubectl/v1.33
  changed_when: true

- name: Take it away, but for its data
  bentobox.platform.component:
    name: postgresql
    namespace: postgresql
    state: absent
"""

RETURN = r"""
name:
  description: Name of the component.
  type: str
  returned: success
  sample: cert-manager
namespace:
  description: Namespace of the component.
  type: str
  returned: success
  sample: cert-manager
version:
  description: The version that was declared.
  type: str
  returned: success
  sample: "1.18.1"
digest:
  description:
    - Digest of the objects that were asked for, without the values of Secrets. It is the same for the same input, and
      is recorded, so that M(bentobox.platform.component_info) tells it. Empty with O(state=absent).
  type: str
  returned: success
  sample: sha256:13e81d79924af1f613c36ba59cfbdd5876a1ce2b2c8973646e2fe1f1f1643150
objects:
  description:
    - What happened to which objects. In check mode, what would happen.
    - The component's own record is among them when it is made, when it says something else of the component (its
      version, say), or when nothing else changed.
  type: dict
  returned: success
  contains:
    created:
      description: Objects that were made.
      type: list
      elements: str
      sample: ["Namespace cert-manager", "Deployment cert-manager/cert-manager"]
    updated:
      description: Objects that were changed.
      type: list
      elements: str
      sample: ["ConfigMap cert-manager/settings"]
    pruned:
      description: Objects that were deleted, in this order.
      type: list
      elements: str
      sample: ["Deployment cert-manager/webhook", "Service cert-manager/webhook"]
    unchanged:
      description: Objects that were as they should be.
      type: list
      elements: str
      sample: ["ServiceAccount cert-manager/cert-manager"]
kept:
  description: Objects that belong to the component no longer and were left, since they may hold data or are not ours.
  type: list
  elements: str
  returned: success
  sample: ["PersistentVolumeClaim postgresql/data"]
predicted:
  description: Objects whose change was predicted without the API server. Always empty outside check mode.
  type: list
  elements: str
  returned: success
  sample: ["ClusterIssuer internal"]
timing:
  description: Seconds that were spent on rendering, comparing, applying and waiting.
  type: dict
  returned: success
  sample: {"render": 0.4, "plan": 0.2, "apply": 1.1, "wait": 21.7}
diff:
  description: The changes, object by object.
  type: list
  elements: dict
  returned: in diff mode
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bentobox.platform.plugins.module_utils.kube.component import run
from ansible_collections.bentobox.platform.plugins.module_utils.kube.component_spec import component_argument_spec
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.options import (
    KUBE_CONSTRAINTS,
    protect,
)


class ComponentModule(AnsibleModule):
    """Manifests and values may hold Secrets in any field, which no_log cannot express: so no argument is ever echoed,
    neither to the system log (here) nor in the result's 'invocation' (exit_json and fail_json below)."""

    def _log_invocation(self):
        self.log(f"component {self.params['name']} {self.params['state']}")

    def _return_formatted(self, kwargs):
        super()._return_formatted({**kwargs, "invocation": {"module_args": {"name": self.params.get("name")}}})


def main():
    module = ComponentModule(
        argument_spec=component_argument_spec(),
        **KUBE_CONSTRAINTS,
        supports_check_mode=True,
    )
    protect(module)
    try:
        result = run(module.params, module.check_mode, module._diff, lambda text: None)
    except KubeError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
