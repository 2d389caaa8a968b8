#!/usr/bin/python

# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: preflight
short_description: Says everything that is in the way of the platform, in one report
version_added: "0.1.0"
author: bentobox.platform contributors (@bentobox-platform)
description:
  - Looks at a cluster, at the machine this runs on and at what is to be installed, and reports everything that would
    not work, each with the reason, what would do, and the variable to change.
  - Reads only, with one exception. When services outside the cluster are to be used (O(endpoints)), only a pod can say
    whether pods reach them, so one without any rights is started and deleted again, which takes a few seconds. In check
    mode this is left out, and the report says so.
requirements:
  - helm on the machine this runs on
extends_documentation_fragment:
  - bentobox.platform.kubernetes
  - bentobox.platform.attributes
  - bentobox.platform.attributes.actiongroup_kubernetes
attributes:
  check_mode:
    support: partial
    details:
      - Endpoints are not tried, since that needs a pod.
  diff_mode:
    support: N/A
    details:
      - Nothing is changed.
  idempotent:
    support: full
    details:
      - Nothing is changed.
options:
  components:
    description: Components to install, each as P(bentobox.platform.release#lookup) returns it.
    type: list
    elements: dict
    default: []
  agree:
    description: Groups of components that must agree in the minor version, as in the release.
    type: list
    elements: dict
    default: []
    suboptions:
      components:
        description: Names of the components.
        type: list
        elements: str
        required: true
      reason:
        description: Why they must.
        type: str
        required: true
  allow_version_mismatch:
    description: Makes versions that do not agree a warning.
    type: bool
    default: false
  compatibility:
    description:
      - Which versions go together, as in the release. Each line speaks of one minor version of a component and another
        component, or V(kubernetes), and counts only when both are in O(components).
      - A pair inside C(supported) is fine, one of C(verified) is a notice, one of C(expected) a warning, any other an
        error.
    type: list
    elements: dict
    default: []
    suboptions:
      component:
        description: Name of the component.
        type: str
        required: true
      version:
        description: Its minor version, such as V("0.15").
        type: str
        required: true
      with:
        description: Name of the other component, or V(kubernetes).
        type: str
        required: true
      supported:
        description: What upstream's own table says.
        type: dict
        suboptions:
          min:
            description: First minor version.
            type: str
          max:
            description: Last minor version.
            type: str
      verified:
        description: Minor versions outside of that table which this project's tests run.
        type: list
        elements: str
        default: []
      expected:
        description: Minor versions outside of both that the release takes all the same, each with the reason.
        type: dict
        default: {}
      source:
        description: Where upstream says so.
        type: str
        required: true
  ingress_class:
    description: Name of the IngressClass to use. Empty when there is no need for one.
    type: str
    default: ""
  ingress_managed:
    description: Whether the class is going to be made. Otherwise it must be there.
    type: bool
    default: true
  ingress_controller:
    description: Controller of the class that is going to be made.
    type: str
    default: ""
  storage_classes:
    description: Storage class of each store that runs in the cluster, by its name. An empty value is the default class.
    type: dict
    default: {}
  endpoints:
    description: Services outside the cluster that its pods must reach.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What it is, for the report.
        type: str
        required: true
      address:
        description: Address, as C(host), C(host:port) or a URL.
        type: str
        required: true
      default_port:
        description: Port when the O(endpoints[].address) has none.
        type: int
        default: 443
      variable:
        description: Variable that has the address, for the report.
        type: str
        default: ""
  namespaces:
    description: Where the components are going to live, as a dictionary of component name to namespace.
    type: dict
    default: {}
  helm_releases:
    description:
      - Names that Helm releases of a component usually have besides the component's own, as a dictionary of component
        name to list.
    type: dict
    default: {}
  take_ownership:
    description: Names of the components that are going to be taken over where Helm installed them.
    type: list
    elements: str
    default: []
  architectures:
    description: Architectures the images are built for. Empty for any.
    type: list
    elements: str
    default: []
  ignore:
    description: Checks whose findings are only warnings.
    type: list
    elements: str
    choices:
      - versions_agree
      - compatibility
      - helm
      - charts
      - kubernetes_version
      - kubernetes_apis
      - nodes
      - permissions
      - namespaces
      - ingress_class
      - storage_class
      - endpoints
    default: []
  helm_binary:
    description: Name or path of helm.
    type: str
    default: helm
  helm_minimum:
    description: Oldest version of helm that will do.
    type: str
    default: "3.14"
  probe_image:
    description: Image with C(python3), for the pod that tries the O(endpoints).
    type: str
    default: ""
  probe_image_pull_secrets:
    description: Names of pull secrets in O(probe_namespace) for the O(probe_image).
    type: list
    elements: str
    default: []
  probe_namespace:
    description: Existing namespace for that pod.
    type: str
    default: default
  probe_timeout:
    description: Seconds that pod may take, with pulling its image.
    type: int
    default: 120
  api_timeout:
    description: Seconds to put up with an API server that does not answer.
    type: int
    default: 20
"""

EXAMPLES = r"""
- name: Look before anything is touched
  bentobox.platform.preflight:
    components:
      - "{{ lookup('bentobox.platform.release', 'yatai') }}"
      - "{{ lookup('bentobox.platform.release', 'yatai_deployment') }}"
    agree: "{{ lookup('bentobox.platform.release').agree }}"
    ingress_class: nginx
    ingress_managed: false
    endpoints:
      - name: postgresql
        address: db.example.com
        default_port: 5432
        variable: postgresql_host
    probe_image: "{{ lookup('bentobox.platform.release', 'toolbox').images.client }}"
"""

RETURN = r"""
ok:
  description: Whether nothing stands in the way. Warnings do not.
  returned: always
  type: bool
  sample: false
report:
  description: The report, line by line.
  returned: always
  type: list
  elements: str
  sample: ["preflight: nothing is in the way"]
findings:
  description: Everything that is wrong, errors first.
  returned: always
  type: list
  elements: dict
  contains:
    check:
      description: Name of the check.
      type: str
      returned: always
      sample: ingress_class
    level:
      description: V(error) or V(warning).
      type: str
      returned: always
      sample: error
    what:
      description: What is wrong.
      type: str
      returned: always
      sample: there is no IngressClass 'nginx'
    why:
      description: Why it matters.
      type: str
      returned: always
      sample: nothing would route requests to the services
    allowed:
      description: What would do.
      type: str
      returned: always
      sample: traefik
    variable:
      description: The variable to change.
      type: str
      returned: always
      sample: ingress_class
kubernetes:
  description: Version of the server, empty when it does not answer.
  returned: always
  type: str
  sample: v1.33.1
helm:
  description: Version of helm, empty when it cannot be used.
  returned: always
  type: str
  sample: v3.18.3
"""

from dataclasses import asdict, replace
from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.options import (
    KUBE_CONSTRAINTS,
    kube_argument_spec,
    protect,
)
from ansible_collections.bentobox.platform.plugins.module_utils.preflight import gather, probe, report
from ansible_collections.bentobox.platform.plugins.module_utils.preflight.model import ERROR, NOTICE, Facts, Wanted
from ansible_collections.bentobox.platform.plugins.module_utils.preflight.options import ARGUMENTS, wanted


def with_endpoints(client: Client, want: Wanted, facts: Facts, params: dict[str, Any], dry_run: bool) -> Facts:
    """Tries the endpoints from inside the cluster, where that is possible."""
    if not want.endpoints or facts.unreachable:
        return facts
    unknown = dict(facts.unknown)
    if dry_run:
        unknown["endpoints"] = "check mode: a pod would have to be started to try them"
    elif not params["probe_image"]:
        unknown["endpoints"] = "no probe_image is set"
    elif not facts.nodes and "nodes" not in unknown:
        unknown["endpoints"] = "there is no node for the pod that would try them"
    else:
        try:
            reached = probe.probe(
                client,
                want.endpoints,
                image=params["probe_image"],
                namespace=params["probe_namespace"],
                timeout=params["probe_timeout"],
                pull_secrets=params["probe_image_pull_secrets"],
            )
            return replace(facts, endpoints=reached)
        except KubeError as error:
            return replace(facts, probe_failed=str(error))
    return replace(facts, unknown=unknown)


OPTIONS: dict[str, Any] = {
    "argument_spec": {**kube_argument_spec(), **ARGUMENTS},
    **KUBE_CONSTRAINTS,
}


def work(module: Any) -> None:
    protect(module)
    params = module.params
    try:
        want = wanted(params)
    except (KeyError, ValueError) as error:
        module.fail_json(msg=f"components or endpoints are not what they must be: {error}")
    facts = gather.local_facts(want)
    try:
        client = Client.from_params(params, retry_for=params["api_timeout"])
        facts = gather.cluster_facts(client, want, facts)
        facts = with_endpoints(client, want, facts, params, module.check_mode)
    except KubeError as error:
        facts = replace(facts, unreachable=str(error))
    findings = report.examine(want, facts)
    lines = report.text(findings).splitlines()
    ok = all(finding.level != ERROR for finding in findings)
    result: dict[str, Any] = {
        "changed": False,
        "ok": ok,
        "report": lines,
        "findings": [asdict(finding) for finding in findings],
        "kubernetes": facts.kubernetes or "",
        "helm": facts.helm or "",
    }
    if not ok:
        module.fail_json(msg="\n".join(lines), **result)
    for finding in (one for one in findings if one.level != NOTICE):
        module.warn("\n".join(finding.lines()))
    module.exit_json(**result)


def main() -> None:
    work(AnsibleModule(**OPTIONS, supports_check_mode=True))


if __name__ == "__main__":
    main()
