# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """Connection to a Kubernetes API server."""

    DOCUMENTATION = r"""
options:
  kubeconfig:
    description:
      - Path of a kubeconfig file (several may be given, separated by a colon), or the content of one as a dictionary.
      - When neither this nor O(host) is given, the file named by the environment variable E(KUBECONFIG), else
        C(~/.kube/config), is used. There is no silent fallback to the service account of a pod.
      - Can also be given by the environment variable E(K8S_AUTH_KUBECONFIG).
    type: raw
  context:
    description:
      - Name of the context in the kubeconfig; its current context by default.
      - Can also be given by the environment variable E(K8S_AUTH_CONTEXT).
    type: str
  host:
    description:
      - URL of the API server. Without O(kubeconfig), everything else is then taken from these options alone.
      - Can also be given by the environment variable E(K8S_AUTH_HOST).
    type: str
  api_key:
    description:
      - Bearer token.
      - Can also be given by the environment variable E(K8S_AUTH_API_KEY).
    type: str
  username:
    description:
      - User name for basic authentication, as some proxies before an API server want it.
      - Can also be given by the environment variable E(K8S_AUTH_USERNAME).
    type: str
  password:
    description:
      - Password for basic authentication.
      - Can also be given by the environment variable E(K8S_AUTH_PASSWORD).
    type: str
  validate_certs:
    description:
      - Whether to verify the API server's certificate. Defaults to what the kubeconfig says, else V(true).
      - Can also be given by the environment variable E(K8S_AUTH_VERIFY_SSL).
    type: bool
    aliases: [verify_ssl]
  ca_cert:
    description:
      - Path of the certificate authority's certificate.
      - Can also be given by the environment variable E(K8S_AUTH_SSL_CA_CERT).
    type: path
    aliases: [ssl_ca_cert]
  client_cert:
    description:
      - Path of a client certificate.
      - Can also be given by the environment variable E(K8S_AUTH_CERT_FILE).
    type: path
    aliases: [cert_file]
  client_key:
    description:
      - Path of the client certificate's key.
      - Can also be given by the environment variable E(K8S_AUTH_KEY_FILE).
    type: path
    aliases: [key_file]
  proxy:
    description:
      - URL of an HTTP proxy to reach the API server through. E(HTTPS_PROXY) and E(NO_PROXY) are honoured otherwise.
      - Can also be given by the environment variable E(K8S_AUTH_PROXY).
    type: str
  impersonate_user:
    description:
      - User to act as.
      - Can also be given by the environment variable E(K8S_AUTH_IMPERSONATE_USER).
    type: str
  impersonate_groups:
    description:
      - Groups to act as.
      - Can also be given by the environment variable E(K8S_AUTH_IMPERSONATE_GROUPS), separated by commas.
    type: list
    elements: str
requirements:
  - urllib3 >= 1.26
  - PyYAML >= 5.4
  - kubernetes >= 24 (only for kubeconfigs whose user needs an exec plugin or an auth provider)
"""
