#!/usr/bin/python
# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image_build
short_description: Build the OCI image of a bento in the cluster
version_added: "0.1.0"
author: bentobox.platform contributors (@bentobox-platform)
description:
  - Makes a BentoRequest, waits until C(yatai-image-builder) has built and pushed the image, and reports the image and,
    when O(registry) is given, its digest.
  - Success and failure are read from the Bento, the builder's Job and its pods, since the request's conditions flap and
    lie. Works with the builders that build in pods (1.1.4) and in Jobs (1.1.25, 1.2).
  - When a build fails, the error ends with the builder's last log lines. The next run builds again.
  - When it takes longer than O(timeout), the build is stopped. The builder's own timeout does nothing, so the request
    is removed, or set back to the image that was there before a O(rebuild).
extends_documentation_fragment:
  - bentobox.platform.yatai
  - bentobox.platform.kubernetes
  - bentobox.platform.attributes
  - bentobox.platform.attributes.actiongroup_kubernetes
attributes:
  check_mode:
    support: full
    details: The API server validates the request in a dry run; nothing is built.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: With O(rebuild=true) every run builds.
options:
  bento:
    description: Tag of the bento with its version, such as V(iris:v1).
    type: str
    required: true
  namespace:
    description: Namespace of the request, where the build runs and where deployments of the bento must be.
    type: str
    default: yatai
  name:
    description:
      - Name of the BentoRequest and the Bento.
      - The default is C(<repository>--<version>), or C(bento-<md5 of the tag>) when that has more than 63 characters.
    type: str
  state:
    description:
      - V(absent) removes the request and with it the Bento. The image stays in its registry.
    type: str
    choices: [present, absent]
    default: present
  check_bento:
    description:
      - Ask Yatai whether it has the bento before a build is started. The builder itself would try for ever.
      - When Yatai cannot be asked, because there is no token or no connection, that is a warning.
      - Not done with O(download_url).
    type: bool
    default: true
  download_url:
    description:
      - Where the builder downloads the archive, to build without Yatai. A plain tar by C(http), C(https) or C(s3).
      - Needs O(bentoml_version), and O(runners) and O(models) where the bento has some.
    type: str
  bentoml_version:
    description: Version of BentoML that built the bento, with O(download_url).
    type: str
  runners:
    description: The bento's runners, with O(download_url).
    type: list
    elements: dict
    suboptions:
      name:
        description: Name of the runner.
        type: str
        required: true
      runnable_type:
        description: Class of the runnable.
        type: str
      model_tags:
        description: Tags of the runner's models.
        type: list
        elements: str
  models:
    description: The bento's models, with O(download_url).
    type: list
    elements: dict
    suboptions:
      tag:
        description: Tag of the model.
        type: str
        required: true
      download_url:
        description: Where the builder downloads the model's archive.
        type: str
        required: true
  downloader_secrets:
    description: Names of Secrets whose keys become environment variables of the downloads, as credentials for C(s3).
    type: list
    elements: str
  image:
    description: Full name of the image. The default is made by the builder from its registry configuration.
    type: str
  build_args:
    description:
      - Build arguments of the bento's Dockerfile.
      - No generation of the builder passes arguments of a request on by itself. They are handed over in the builder's
        environment, and the builder takes from there only those that its configuration names by C(--build-arg=NAME) in
        C(builder_args). The module refuses arguments that would be lost. Works with the kaniko engine.
      - They are readable in the request, and the image's history may show them. They are no place for secrets.
    type: dict
    default: {}
  env:
    description: More environment variables of the builder. Plain values only; they are readable in the request.
    type: dict
    default: {}
  resources:
    description: Resource C(requests) and C(limits) of the builder's container, as Kubernetes writes them.
    type: dict
    suboptions:
      requests:
        description: Amounts to reserve.
        type: dict
      limits:
        description: Amounts not to exceed.
        type: dict
  docker_config_secret:
    description:
      - Name of a Secret of type C(kubernetes.io/dockerconfigjson) in O(namespace), with credentials to push to and pull
        from the registry of O(image).
    type: str
  insecure:
    description: Whether that registry is spoken to over plain HTTP. Only counts with O(docker_config_secret).
    type: bool
  node_selector:
    description: Labels of the nodes that may build.
    type: dict
  affinity:
    description: Affinity of the builder's pod, as Kubernetes writes it.
    type: dict
  tolerations:
    description: Tolerations of the builder's pod, as Kubernetes writes them.
    type: list
    elements: dict
  topology_spread_constraints:
    description: Topology spread constraints of the builder's pod, as Kubernetes writes them.
    type: list
    elements: dict
  scheduler_name:
    description: Scheduler of the builder's pod.
    type: str
  service_account_name:
    description: Service account of the builder's pod.
    type: str
  pod_labels:
    description: More labels of the builder's pod.
    type: dict
  pod_annotations:
    description: More annotations of the builder's pod.
    type: dict
  labels:
    description: Labels of the request.
    type: dict
  annotations:
    description: Annotations of the request.
    type: dict
  rebuild:
    description:
      - Build even when the image exists, under the same name.
      - With builders of 1.2 the request has to be made anew for that, so the Bento is gone until the build succeeds;
        running deployments stay up.
    type: bool
    default: false
  wait:
    description: Whether to wait for the image.
    type: bool
    default: true
  timeout:
    description: For how many seconds to wait for the image before the build is stopped.
    type: int
    default: 900
  unschedulable_timeout:
    description: For how many seconds the builder's pod may find no node. More than a cluster autoscaler needs.
    type: int
    default: 60
  registry:
    description:
      - Where the image registry answers, to read the digest and to notice an image that is gone. Either
        V(https://HOST:PORT), V(http://HOST:PORT), or V(kubernetes://NAMESPACE/SERVICE:PORT) through the API server.
      - The host in the image's name is not used for that, since it is the nodes' name of the registry.
    type: str
  registry_username:
    description: User to ask the registry as.
    type: str
  registry_password:
    description: Password of O(registry_username).
    type: str
  registry_validate_certs:
    description: Whether to verify the certificate of an C(https) O(registry).
    type: bool
    default: true
  registry_ca_cert:
    description: File with the certificate authorities to trust for an C(https) O(registry).
    type: path
  builder_namespace:
    description: Namespace of C(yatai-image-builder), where its configuration is read for O(build_args).
    type: str
    default: yatai-image-builder
  take_ownership:
    description: Whether to take over fields of the request that another client has set. Without it that is an error.
    type: bool
    default: false
seealso:
  - module: bentobox.platform.bento_push
  - module: bentobox.platform.bento_deployment
"""

EXAMPLES = r"""
- name: Build the image of a bento that was pushed to Yatai
  bentobox.platform.image_build:
    bento: iris:v1
    registry: kubernetes://registry/registry:5000
  register: built

- name: Build with a build argument, on build nodes, and with a longer deadline
  bentobox.platform.image_build:
    bento: iris:v1
    build_args:
      EXTRA_INDEX: https://pypi.example.org/simple
    resources:
      limits: {cpu: "4", memory: 8Gi}
    node_selector:
      role: build
    tolerations:
      - {key: dedicated, value: build, effect: NoSchedule}
    timeout: 1800

- name: Build without Yatai
  bentobox.platform.image_build:
    bento: iris:v1
    download_url: https://files.example.org/iris-v1.tar
    bentoml_version: 1.1.11
    runners:
      - {name: iris_clf, runnable_type: Sklearn, model_tags: ["iris_clf:v7"]}
    models:
      - {tag: "iris_clf:v7", download_url: "https://files.example.org/iris_clf-v7.tar"}
    image: registry.example.org/bentos/iris:v1
    docker_config_secret: registry-example-org
    insecure: false

- name: Remove the request and the Bento
  bentobox.platform.image_build:
    bento: iris:v1
    state: absent
"""

RETURN = r"""
image:
  description: The image as nodes pull it. Empty while there is none.
  returned: always
  type: str
  sample: 127.0.0.1:5000/yatai-bentos:yatai.iris.v1
digest:
  description: Digest of the image in O(registry). Empty without O(registry).
  returned: always
  type: str
  sample: sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
bento:
  description: Name of the Bento, for M(bentobox.platform.bento_deployment).
  returned: always
  type: str
  sample: iris--v1
request:
  description: Name of the BentoRequest.
  returned: always
  type: str
namespace:
  description: Namespace of both.
  returned: always
  type: str
tag:
  description: Tag of the bento.
  returned: always
  type: str
built:
  description: Whether an image was built by this run, and not found in the registry.
  returned: always
  type: bool
why:
  description: Why there is something to do, or nothing.
  returned: always
  type: str
  sample: the image exists
generation:
  description: How the builder works, V(pod) or V(job), when a build was seen.
  returned: always
  type: str
seconds:
  description: Time it took.
  returned: always
  type: float
conditions:
  description: The request's conditions.
  returned: always
  type: list
  elements: dict
"""

from collections.abc import Callable
from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.serving.errors import ServingError
from ansible_collections.bentobox.platform.plugins.module_utils.serving.image_build import ImageBuild, Settings
from ansible_collections.bentobox.platform.plugins.module_utils.serving.image_request import from_params
from ansible_collections.bentobox.platform.plugins.module_utils.serving.names import Tag, parse_tag
from ansible_collections.bentobox.platform.plugins.module_utils.serving.registry import Registry
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.errors import YataiError
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.options import Connections, make_module
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.registry import Registry as Bentos


def argument_spec() -> dict[str, Any]:
    runner = {
        "name": {"type": "str", "required": True},
        "runnable_type": {"type": "str"},
        "model_tags": {"type": "list", "elements": "str"},
    }
    model = {"tag": {"type": "str", "required": True}, "download_url": {"type": "str", "required": True}}
    return {
        "bento": {"type": "str", "required": True},
        "namespace": {"type": "str", "default": "yatai"},
        "name": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "check_bento": {"type": "bool", "default": True},
        "download_url": {"type": "str"},
        "bentoml_version": {"type": "str"},
        "runners": {"type": "list", "elements": "dict", "options": runner},
        "models": {"type": "list", "elements": "dict", "options": model},
        # Names of Secrets, not their content.
        "downloader_secrets": {"type": "list", "elements": "str", "no_log": False},
        "image": {"type": "str"},
        "build_args": {"type": "dict", "default": {}},
        "env": {"type": "dict", "default": {}},
        "resources": {"type": "dict", "options": {"requests": {"type": "dict"}, "limits": {"type": "dict"}}},
        "docker_config_secret": {"type": "str", "no_log": False},
        "insecure": {"type": "bool"},
        "node_selector": {"type": "dict"},
        "affinity": {"type": "dict"},
        "tolerations": {"type": "list", "elements": "dict"},
        "topology_spread_constraints": {"type": "list", "elements": "dict"},
        "scheduler_name": {"type": "str"},
        "service_account_name": {"type": "str"},
        "pod_labels": {"type": "dict"},
        "pod_annotations": {"type": "dict"},
        "labels": {"type": "dict"},
        "annotations": {"type": "dict"},
        "rebuild": {"type": "bool", "default": False},
        "wait": {"type": "bool", "default": True},
        "timeout": {"type": "int", "default": 900},
        "unschedulable_timeout": {"type": "int", "default": 60},
        "registry": {"type": "str"},
        "registry_username": {"type": "str"},
        "registry_password": {"type": "str", "no_log": True},
        "registry_validate_certs": {"type": "bool", "default": True},
        "registry_ca_cert": {"type": "path"},
        "builder_namespace": {"type": "str", "default": "yatai-image-builder"},
        "take_ownership": {"type": "bool", "default": False},
    }


def yatai_record(module: Any, connections: Connections, tag: Tag) -> Callable[[], bool | None]:
    """Asks Yatai whether it has the bento; None, with a warning, when it cannot be asked."""

    def ask() -> bool | None:
        try:
            bentos = Bentos(connections.client(connections.token()), "bento")
            return bentos.get(tag.repository, tag.version) is not None
        except (YataiError, KubeError) as error:
            module.warn(f"Yatai could not be asked whether it has bento {tag}: {error}")
            return None

    return ask


def main() -> None:
    module = make_module(
        argument_spec(),
        required_together=[["registry_username", "registry_password"]],
        required_by={"registry_username": "registry", "insecure": "docker_config_secret"},
    )
    params = module.params
    try:
        tag = parse_tag(params["bento"])
        options = from_params(params, tag)
        connections = Connections(module)
        registry = None
        if params["registry"]:
            registry = Registry(
                params["registry"],
                connections.kube,
                username=params["registry_username"] or "",
                password=params["registry_password"] or "",
                validate_certs=params["registry_validate_certs"],
                ca_cert=params["registry_ca_cert"] or "",
            )
        settings = Settings(
            rebuild=params["rebuild"],
            wait=params["wait"],
            timeout=params["timeout"],
            unschedulable_timeout=params["unschedulable_timeout"],
            builder_namespace=params["builder_namespace"],
            take_ownership=params["take_ownership"],
            check_mode=module.check_mode,
        )
        record = yatai_record(module, connections, tag) if params["check_bento"] else None
        build = ImageBuild(connections.kube, options, settings, registry=registry, record=record, warn=module.warn)
        result = build.present() if params["state"] == "present" else build.absent()
    except (ServingError, YataiError, KubeError) as error:
        module.fail_json(msg=str(error))
    if not module._diff:
        result.pop("diff")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
