# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: release
author: bentobox.platform contributors (@bentobox-platform)
short_description: Versions, charts and images of a release
version_added: "0.1.0"
description:
  - Looks up what a component of the platform is made of in the release catalogue, so that every version is written
    once.
  - A release is one file in the collection (C(roles/release/vars/<release>.yml)) or in a folder of your own. It may
    name another as C(release_base) and then holds only what differs; V(null) takes a key of the base away.
options:
  _terms:
    description:
      - Names of components, for example V(cert_manager).
      - Without any, the whole release is returned.
    type: list
    elements: string
  release:
    description: Name of the release, as a quoted text (V("2025.10"); unquoted it would be the number 2025.1).
    type: string
    default: "2025.07"
    vars:
      - name: bentobox_release
  directory:
    description: Folder with releases of your own. A release found there wins over the collection's.
    type: string
    default: ""
    vars:
      - name: bentobox_release_directory
  artifacts_dir:
    description:
      - Folder with downloaded artifacts. Charts are then C(<artifacts_dir>/charts/<chart>-<version>.tgz) and release
        files C(<artifacts_dir>/files/<name>-<version>.yaml) instead of their upstream address.
    type: string
    default: ""
    vars:
      - name: bentobox_artifacts_dir
  image_registry:
    description:
      - Where this site mirrors images. Empty means their upstream registries.
      - A text is a prefix, before the whole upstream name, so V(registry.example.com/mirror) makes
        C(registry.example.com/mirror/quay.io/bentoml/yatai:1.1.13).
      - A dictionary has one prefix for each upstream registry host, which it replaces. Hosts that are not in it stay.
    type: raw
    default: ""
    vars:
      - name: bentobox_image_registry
"""

EXAMPLES = r"""
- name: Show what cert-manager is made of
  ansible.builtin.debug:
    msg: "{{ lookup('bentobox.platform.release', 'cert_manager') }}"

- name: Take everything from inside an air-gapped site
  ansible.builtin.debug:
    msg: >-
      {{ lookup('bentobox.platform.release', 'yatai', artifacts_dir='/srv/bentobox',
                image_registry='registry.example.com/mirror') }}

- name: List every image of the release, for a mirror
  ansible.builtin.debug:
    msg: >-
      {{ lookup('bentobox.platform.release').components.values() | map(attribute='images') | map('dict2items')
         | flatten | map(attribute='value') | unique }}
"""

RETURN = r"""
_raw:
  description:
    - For each component a dictionary with C(name), C(release), C(version), C(kubernetes) (C(min), C(max), C(apis)),
      C(charts) (for each chart C(name), C(version), C(ref), C(digest), empty when it is not known), C(files) (for each
      release file C(path) or C(url), and C(sha256) where it is known), C(images) (full names by
      key) and C(image_parts) (C(registry), C(repository), C(name), C(tag), C(digest), C(reference) by key).
    - For the whole release C(release), C(description), C(agree), C(compatibility) and C(components).
  type: list
  elements: dict
"""

from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible_collections.bentobox.platform.plugins.plugin_utils import catalogue


class LookupModule(LookupBase):
    """Finds components in the release catalogue."""

    def _option(self, name: str) -> Any:
        value = self.get_option(name)
        # Options that come from play variables arrive as written there, which may be a template.
        return self._templar.template(value) if self._templar and isinstance(value, (str, dict)) else value

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **kwargs: Any) -> list[dict[str, Any]]:
        self.set_options(var_options=variables, direct=kwargs)
        artifacts_dir = str(self._option("artifacts_dir") or "")
        image_registry = self._option("image_registry") or ""
        if not isinstance(image_registry, (str, dict)):
            raise AnsibleError("bentobox.platform.release: image_registry must be a text or a dictionary")
        try:
            data = catalogue.load(
                str(self._option("release")), catalogue.directories(str(self._option("directory") or ""))
            )
            if not terms:
                return [catalogue.resolve_all(data, artifacts_dir, image_registry)]
            return [catalogue.resolve(data, str(term), artifacts_dir, image_registry) for term in terms]
        except catalogue.CatalogueError as error:
            raise AnsibleError(f"bentobox.platform.release: {error}") from error
