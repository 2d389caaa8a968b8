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
        O(provider=generic); the others know theirs.
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
"""
