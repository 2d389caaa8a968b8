# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    """Options of every module that talks to Yatai."""

    DOCUMENTATION = r"""
options:
  endpoint:
    description:
      - Where Yatai answers. Either a URL such as V(https://yatai.example.org), without C(/api/v1),
        or V(kubernetes://NAMESPACE/SERVICE:PORT), which goes through the Kubernetes API server's service proxy
        with the Kubernetes connection options of this module and so needs no route into the cluster.
      - The environment variable E(YATAI_ENDPOINT) is used when it is not given.
    type: str
    default: kubernetes://yatai-system/yatai:80
  api_token:
    description:
      - An API token of Yatai.
      - The environment variable E(YATAI_API_TOKEN) is used when it is not given, then O(token_secret).
    type: str
  token_secret:
    description: The Kubernetes Secret that holds the API token, as M(bentobox.platform.yatai_account) makes it.
    type: dict
    suboptions:
      name:
        description: Name of the Secret.
        type: str
        default: yatai-api-token
      namespace:
        description: Namespace of the Secret.
        type: str
        default: yatai-system
      key:
        description: Key of the token in the Secret.
        type: str
        default: token
  organization:
    description: Yatai's organisation. Yatai takes the user's first one when it is not given.
    type: str
  yatai_validate_certs:
    description: Whether the certificates of an C(https) O(endpoint) and of the object store are verified.
    type: bool
    default: true
  yatai_ca_cert:
    description: File with the certificate authorities to trust for an C(https) O(endpoint) and the object store.
    type: path
  retry_timeout:
    description:
      - For how many seconds faults in a row are put up with, such as Yatai or its object store restarting.
      - Any success starts the time anew.
    type: int
    default: 120
requirements:
  - urllib3 >= 1.26
  - PyYAML
notes:
  - BentoML is not needed on the host that runs the module.
"""

    TRANSFER = r"""
options:
  bentoml_home:
    description:
      - BentoML's home directory, which holds the stores C(bentos) and C(models).
      - The environment variable E(BENTOML_HOME) is used when it is not given.
    type: path
    default: ~/bentoml
  strategy:
    description:
      - How the archive travels. V(proxy) sends it through Yatai, V(presigned) straight to the object store in parts,
        of which a failed one is repeated alone.
      - V(auto) follows what Yatai advises, and sends through Yatai when its object store cannot be reached from here.
    type: str
    choices: [auto, proxy, presigned]
    default: auto
  verify:
    description:
      - How the stored archive is checked after its upload. Yatai itself checks nothing.
      - V(size) asks the object store for the length, straight, or through the Kubernetes API server when O(endpoint)
        goes through it too and the object store is a Service of that cluster. The request is a presigned URL for this
        one archive, good for an hour, which the API server may write to its audit log.
      - Where the object store cannot be asked in either way, V(size) reads the archive back through Yatai, which does
        not tell lengths, and compares its digest. That doubles the traffic; RV(verified) tells how it was done.
      - V(digest) always reads it back, and compares the MD5 of each part of a V(presigned) upload.
      - V(none) trusts the answers.
    type: str
    choices: [size, digest, none]
    default: size
  force:
    description:
      - Upload even when Yatai has this tag, with the same or with other content.
      - Without it other content under the same tag is an error.
    type: bool
    default: false
  labels:
    description:
      - Labels to set, next to those the bento or model brings itself. All values become text.
    type: dict
    default: {}
  purge_labels:
    description: Whether labels that are neither in O(labels) nor brought by the bento or model itself are removed.
    type: bool
    default: false
  part_size:
    description: Size in MiB of the parts of a V(presigned) upload. At least 5; grows by itself above 10000 parts.
    type: int
    default: 64
  parallel:
    description: How many parts of a V(presigned) upload travel at the same time.
    type: int
    default: 4
  stall_timeout:
    description: For how many seconds a connection may stand still before it is given up and tried again.
    type: int
    default: 120
"""
