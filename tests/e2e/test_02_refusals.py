# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What cannot work is refused before anything is touched, naming the variable to change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster, differences
from ansible_collections.bentobox.platform.tests.e2e.helpers.playbook import Playbooks

CLASSES = "/apis/storage.k8s.io/v1/storageclasses"
DEFAULT = "storageclass.kubernetes.io/is-default-class"


def refused(playbooks: Playbooks, cluster: Cluster, title: str, extra: dict[str, object]) -> str:
    before = cluster.snapshot()
    run = playbooks.run("site", title=f"site, {title}", extra=extra, timeout=120)
    message = run.refused()
    assert not run.changed
    assert not differences(before, cluster.snapshot())
    return message


def release(folder: Path, name: str, components: dict[str, object]) -> dict[str, object]:
    content = {"release_name": name, "release_base": "lab-2025.07", "release_components": components}
    (folder / f"{name}.yml").write_text(yaml.safe_dump(content))
    return {"bentobox_release": name, "bentobox_release_directory": str(folder)}


def test_minor_versions_that_disagree(playbooks: Playbooks, cluster: Cluster, tmp_path: Path) -> None:
    extra = release(tmp_path, "mixed", {"yatai_deployment": {"version": "1.2.0"}})
    message = refused(playbooks, cluster, "minors disagree", extra)
    for part in ("yatai 1.1.13", "yatai_deployment 1.2.0", "minor", "release"):
        assert part in message


def test_kubernetes_out_of_range(playbooks: Playbooks, cluster: Cluster, tmp_path: Path) -> None:
    extra = release(tmp_path, "newer", {"cert_manager": {"kubernetes": {"min": "1.34", "max": "1.36"}}})
    message = refused(playbooks, cluster, "Kubernetes out of range", extra)
    for part in ("1.33", "1.34", "cert_manager", "bentobox_release"):
        assert part in message


def test_unknown_ingress_class(playbooks: Playbooks, cluster: Cluster) -> None:
    extra = {"ingress_state": "existing", "ingress_class": "nowhere", "yatai_deployment_ingress_class": "nowhere"}
    message = refused(playbooks, cluster, "unknown IngressClass", extra)
    for part in ("nowhere", "IngressClass", "ingress_class"):
        assert part in message


@pytest.fixture
def no_default_class(cluster: Cluster) -> Iterator[None]:
    names = [
        c["metadata"]["name"]
        for c in cluster.items(CLASSES)
        if c["metadata"].get("annotations", {}).get(DEFAULT) == "true"
    ]
    assert names
    for name in names:
        cluster.merge(f"{CLASSES}/{name}", {"metadata": {"annotations": {DEFAULT: "false"}}})
    yield
    for name in names:
        cluster.merge(f"{CLASSES}/{name}", {"metadata": {"annotations": {DEFAULT: "true"}}})


@pytest.mark.usefixtures("no_default_class")
def test_no_default_storage_class(playbooks: Playbooks, cluster: Cluster) -> None:
    message = refused(playbooks, cluster, "no default storage class", {})
    for part in ("default StorageClass", "postgresql_storage_class"):
        assert part.lower() in message.lower()


@pytest.mark.usefixtures("no_default_class")
def test_everything_wrong_is_in_one_report(playbooks: Playbooks, cluster: Cluster, tmp_path: Path) -> None:
    extra = release(tmp_path, "newer", {"cert_manager": {"kubernetes": {"min": "1.34", "max": "1.36"}}})
    extra |= {"ingress_state": "existing", "ingress_class": "nowhere", "yatai_deployment_ingress_class": "nowhere"}
    message = refused(playbooks, cluster, "three things wrong", extra)
    for part in ("1.34", "nowhere", "default StorageClass"):
        assert part.lower() in message.lower()
