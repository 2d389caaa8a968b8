# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""An object store that only the cluster can reach, which is what the collection installs by default."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.client import YataiClient
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.registry import Registry
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.stored import stored_size
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.transport import KubernetesWire, make_pool
from ansible_collections.bentobox.platform.tests.support.bentos import make_model
from ansible_collections.bentobox.platform.tests.support.control_plane import ControlPlane
from ansible_collections.bentobox.platform.tests.support.modules import run_module
from ansible_collections.bentobox.platform.tests.support.objectstore import ObjectStore
from ansible_collections.bentobox.platform.tests.support.postgres import Postgres
from ansible_collections.bentobox.platform.tests.support.services import Forwarder, put_service
from ansible_collections.bentobox.platform.tests.support.yatai import Yatai, find_program, start_yatai

from .test_push import refused, stored, unique

# Yatai sees another /etc/hosts than the module: the name of the store is known to it alone.
WRAPPER = """#!/bin/sh
exec unshare --mount --propagation private sh -c 'mount --bind "$0" /etc/hosts && exec "$@"' {hosts} {program} "$@"
"""
Push = Any


@pytest.fixture
def way(object_store: ObjectStore) -> Iterator[Forwarder]:
    with Forwarder(object_store.port) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def inner_yatai(
    postgres_server: Postgres,
    object_store: ObjectStore,
    namespace: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Yatai]:
    """A server that knows its store by the name of a Service."""
    program, migrations = find_program()
    name = f"s3.{namespace}.svc.cluster.local"
    (tmp_path / "hosts").write_text(f"127.0.0.1 localhost\n127.0.0.1 {name}\n")
    wrapper = tmp_path / "api-server"
    wrapper.write_text(WRAPPER.format(hosts=tmp_path / "hosts", program=program))
    wrapper.chmod(0o755)
    monkeypatch.setenv("BENTOBOX_YATAI_BIN", str(wrapper))
    monkeypatch.setenv("BENTOBOX_YATAI_MIGRATIONS", migrations)
    server = start_yatai(postgres_server, dataclasses.replace(object_store, host=name))
    server.store = object_store
    yield server
    server.close()


@pytest.fixture
def push(control_plane: ControlPlane, namespace: str, inner_yatai: Yatai, way: Forwarder, home: Path) -> Push:
    put_service(control_plane, namespace, "yatai", 80, inner_yatai.port)
    put_service(control_plane, namespace, "s3", inner_yatai.store.port, way.server_address[1])
    shared = {
        "kubeconfig": str(control_plane.kubeconfig),
        "endpoint": f"kubernetes://{namespace}/yatai:80",
        "api_token": inner_yatai.token,
        "bentoml_home": str(home),
        "retry_timeout": 10,
    }
    return lambda **more: run_module("model_push", shared | more)


def test_its_size_is_asked_for_through_the_api_server(
    push: Push, inner_yatai: Yatai, way: Forwarder, home: Path, control_plane: ControlPlane, namespace: str
) -> None:
    name = unique("inner")
    make_model(home, name, "m1", size=20 << 20)
    done = push(tag=name)
    assert not done["failed"], done["msg"]
    assert (done["strategy"], done["verified"]) == ("proxy", "size")
    assert len(stored(inner_yatai, "model", name, "m1")) == done["size"]
    assert way.answered < 10_000, "the archive was read back"
    refused(push(tag=name, strategy="presigned", force=True), "cannot be reached from here", "strategy: proxy")
    # Without that way the archive itself is read, through Yatai.
    control_plane.run_kubectl("-n", namespace, "delete", "service", "s3")
    again = push(tag=name, force=True)
    assert not again["failed"], again["msg"]
    assert (again["verified"], again["digest"]) == ("digest", done["digest"])


def test_what_is_stored_is_what_counts(
    push: Push, inner_yatai: Yatai, home: Path, control_plane: ControlPlane, namespace: str
) -> None:
    """Another object under the key, as another writer leaves it, or none at all."""
    name = unique("inner")
    make_model(home, name, "m1", size=1 << 20)
    done = push(tag=name)
    wire = KubernetesWire(
        f"kubernetes://{namespace}/yatai:80", Client.from_params(control_plane.params()), errors=KubeError
    )
    registry = Registry(YataiClient(wire, inner_yatai.token), "model")
    pool = make_pool(True, None, 1)
    client, key = inner_yatai.store.client(), f"models/default/{name}/m1.tar.gz"
    assert stored_size(registry, name, "m1", pool) == done["size"]
    client.put_object(Bucket=inner_yatai.bucket, Key=key, Body=b"short")
    assert stored_size(registry, name, "m1", pool) == 5
    client.delete_object(Bucket=inner_yatai.bucket, Key=key)
    assert stored_size(registry, name, "m1", pool) is None, "no answer of S3, so that the archive would be read"
