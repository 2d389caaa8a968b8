# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The servers that rows work on: the variables with which a row reaches them, and all that they hold, as lines.

Equal lines before and after a step mean that it wrote nothing. No row sees what another one wrote: at the API server
each is a user of its own, and rows of the other servers run one after the other.
"""

from __future__ import annotations

import hashlib
from typing import Any, Protocol

import pytest
from ansible_collections.bentobox.platform.tests.support.bentos import make_bento, make_model
from ansible_collections.bentobox.platform.tests.support.control_plane import ControlPlane
from ansible_collections.bentobox.platform.tests.support.objectstore import ObjectStore
from ansible_collections.bentobox.platform.tests.support.postgres import Postgres
from ansible_collections.bentobox.platform.tests.support.yatai import Yatai as YataiServer
from botocore.exceptions import ClientError


class Server(Protocol):
    def variables(self) -> dict[str, Any]: ...

    def look(self) -> list[str]: ...


class Kube:
    """The API server: kubeconfig, and an empty namespace. It is seen by the audit log, so nothing escapes."""

    def __init__(self, plane: ControlPlane, module: str) -> None:
        self.plane = plane
        self.name = f"matrix-{module.replace('_', '-')}"
        self.kubeconfig = plane.user_kubeconfig(self.name, ("system:masters",))
        plane.make_namespace(self.name)
        self.begin = plane.mark()

    def variables(self) -> dict[str, Any]:
        return {"kubeconfig": str(self.kubeconfig), "namespace": self.name}

    def look(self) -> list[str]:
        return [f"{number}: {write}" for number, write in enumerate(self.plane.writes(self.begin, self.name))]


class Yatai:
    """Yatai as its administrator: endpoint, api_token, initialization_token. Its database and its bucket are seen."""

    def __init__(self, server: YataiServer, _module: str) -> None:
        self.server = server

    def variables(self) -> dict[str, Any]:
        server = self.server
        return {
            "endpoint": server.endpoint,
            "api_token": server.token,
            "initialization_token": server.initialization_token,
        }

    def look(self) -> list[str]:
        objects = [f"object {key} {size}" for key, size in sorted(self.server.objects().items())]
        return [*self.server.fingerprint().splitlines(), *objects]


class Databases:
    """PostgreSQL as its superuser: login_host, login_port, login_user, login_password."""

    def __init__(self, server: Postgres, _module: str) -> None:
        self.server = server

    def variables(self) -> dict[str, Any]:
        server = self.server
        return {
            "login_host": server.host,
            "login_port": server.port,
            "login_user": server.user,
            "login_password": server.password,
        }

    def look(self) -> list[str]:
        lines = self.server.sql("SELECT datname, pg_get_userbyid(datdba), datacl::text FROM pg_database ORDER BY 1")
        names = [str(name) for name, *_ in lines if name != "template0"]
        lines += self.server.sql("SELECT to_jsonb(r)::text FROM pg_authid r ORDER BY 1")
        inside = (
            "SELECT current_database(), 'extension', extname, extversion FROM pg_extension UNION ALL "
            "SELECT current_database(), 'schema', nspname, nspacl::text FROM pg_namespace ORDER BY 2, 3"
        )
        for name in names:
            lines += self.server.sql(inside, name)
        return [str(line) for line in lines]


class Buckets:
    """The object store as an owner of buckets: s3_endpoint, access_key, secret_key."""

    SEEN = ("get_bucket_versioning", "get_bucket_lifecycle_configuration", "get_bucket_tagging", "list_objects_v2")
    OF_THE_ANSWER = ("ResponseMetadata",)

    def __init__(self, store: ObjectStore, _module: str) -> None:
        self.store = store

    def variables(self) -> dict[str, Any]:
        owner = self.store.owner
        return {
            "s3_endpoint": self.store.endpoint,
            "access_key": owner.access_key,
            "secret_key": owner.secret_key,
        }

    def look(self) -> list[str]:
        client, lines = self.store.client(), []
        for bucket in client.list_buckets()["Buckets"]:
            name = bucket["Name"]
            lines.append(f"bucket {name} of {bucket['CreationDate']}")
            for question in self.SEEN:
                try:
                    answer = getattr(client, question)(Bucket=name)
                except ClientError as error:
                    answer = {"Code": error.response["Error"]["Code"]}
                told = {key: value for key, value in answer.items() if key not in self.OF_THE_ANSWER}
                lines.append(f"{name} {question} {told}")
        return lines


class Files:
    """A folder of this machine: home, a BentoML store with the bento <bento>:v1 and its model <bento>:m1, and folder,
    an empty one beside it."""

    def __init__(self, folders: pytest.TempPathFactory, module: str) -> None:
        self.folder = folders.mktemp(f"files-{module}")
        self.bento = module.replace("_", "-")  # nothing can be deleted from Yatai, so each row has its own
        make_model(self.folder / "home", self.bento, "m1", size=3000)
        make_bento(self.folder / "home", self.bento, "v1", (f"{self.bento}:m1",), size=5000)
        (self.folder / "empty").mkdir()

    def variables(self) -> dict[str, Any]:
        return {"home": str(self.folder / "home"), "folder": str(self.folder / "empty"), "bento": self.bento}

    def look(self) -> list[str]:
        return [
            f"{path.relative_to(self.folder)} {hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ''}"
            for path in sorted(self.folder.rglob("*"))
        ]


# Name in a row: the session's or module's fixture that gives the server itself, and how it is seen.
SERVERS: dict[str, tuple[str, Any]] = {
    "kube": ("control_plane", Kube),
    "yatai": ("yatai_server", Yatai),
    "new_yatai": ("new_yatai", Yatai),
    "postgres": ("postgres_server", Databases),
    "object_store": ("object_store", Buckets),
    "files": ("tmp_path_factory", Files),
}

# Where rows cannot disturb each other, though they run at the same time.
APART = {"kube", "files"}
