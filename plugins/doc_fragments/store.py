# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """Options of every module that talks to an object store."""

    DOCUMENTATION = r"""
requirements:
  - boto3 >= 1.36
options:
  provider:
    description:
      - Whose store it is.
      - V(gcs) is Google Cloud Storage through its S3 interface.
    type: str
    choices: [s3, minio, gcs, generic]
    default: generic
  endpoint:
    description:
      - URL of the store, for example V(https://minio.example.com:9000). Needed for O(provider=minio) and
        O(provider=generic) without O(cluster); the others know theirs.
    type: str
  region:
    description: Region for signatures and, with O(provider=s3), for a new bucket.
    type: str
    default: us-east-1
  access_key:
    description:
      - Access key. With O(provider=s3) it may be left out, then boto3 looks for credentials in its usual places
        (environment, profile, instance role).
    type: str
  secret_key:
    description: Secret key.
    type: str
  session_token:
    description: Token of temporary credentials.
    type: str
  path_style:
    description:
      - Whether the bucket's name is part of the path and not of the host name. The default is V(false) for V(s3) and
        V(true) for the others.
    type: bool
  validate_certs:
    description: Whether the store's certificate is checked.
    type: bool
    default: true
  ca_cert:
    description: File with the certificates of the authorities to trust.
    type: path
  timeout:
    description: Seconds to wait for an answer.
    type: int
    default: 30
  cluster:
    description:
      - Take O(endpoint), O(access_key) and O(secret_key) from a Secret in a cluster, as the role
        P(bentobox.platform.object_store#role) makes it.
      - A store that is a Service of that cluster is asked through its API server, so that it need not be reachable from
        here. That needs the right to get the Secret and to use C(services/proxy) in its namespace.
    type: dict
    suboptions:
      kubeconfig:
        description: Path of the kubeconfig. The environment's E(K8S_AUTH_KUBECONFIG) is used when it is not set.
        type: path
      context:
        description: Context of the kubeconfig. The environment's E(K8S_AUTH_CONTEXT) is used when it is not set.
        type: str
      namespace:
        description: Namespace of the Secret.
        type: str
        required: true
      secret:
        description: Name of the Secret, with the keys C(endpoint), C(access_key), C(secret_key), C(region), C(secure).
        type: str
        required: true
"""
