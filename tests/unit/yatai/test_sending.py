# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a push is sent by: reading ahead of the network, telling how far it is, asking the store in the cluster."""

from __future__ import annotations

import hashlib
import os
import threading
from pathlib import Path

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.errors import SourceError
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.progress import Progress
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.readahead import hashed_ahead
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.stored import told_size
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.tarplan import CHUNK, TarPlan, plan_directory
from ansible_collections.bentobox.platform.plugins.module_utils.yatai.transport import Body, HttpWire, KubernetesWire
from urllib3 import HTTPResponse


@pytest.fixture
def plan(tmp_path: Path) -> TarPlan:
    (tmp_path / "small").write_bytes(b"x")
    (tmp_path / "large").write_bytes(os.urandom(9 * CHUNK + 5))
    return plan_directory(str(tmp_path), 0)


@pytest.mark.parametrize("depth", [0, 2, 3, 50])
def test_what_is_read_ahead_is_the_plan_and_its_digest(plan: TarPlan, depth: int) -> None:
    sha = hashlib.sha256()
    data = b"".join(bytes(piece) for piece in hashed_ahead(plan, sha, depth))
    assert data == b"".join(bytes(piece) for piece in plan.chunks())
    assert f"sha256:{sha.hexdigest()}" == plan.digest()


def test_a_body_that_is_given_up_leaves_no_thread_and_no_file(plan: TarPlan) -> None:
    threads, files = threading.active_count(), len(os.listdir("/proc/self/fd"))
    body = Body(hashed_ahead(plan, hashlib.sha256(), 3), plan.size)
    assert len(body.read()) == CHUNK
    assert threading.active_count() == threads + 1
    body.close()
    assert (threading.active_count(), len(os.listdir("/proc/self/fd"))) == (threads, files)
    assert body.sent == CHUNK


def test_what_goes_wrong_while_reading_ahead_is_raised_where_it_is_sent(plan: TarPlan) -> None:
    Path(plan.entries[-1].path).write_bytes(b"longer")
    with pytest.raises(SourceError, match="changed its size"):
        list(hashed_ahead(plan, hashlib.sha256(), 3))


def test_progress_is_told_now_and_then() -> None:
    told: list[str] = []
    now = [0.0]
    progress = Progress("bento iris:v1", 1000 << 20, told.append, lambda: now[0])
    for _ in range(80):
        now[0] += 0.125  # exact in binary
        progress.add(25 << 19)
    assert told == [f"bento iris:v1: {share} % of 1000 MiB sent, 100 MiB/s" for share in range(10, 101, 10)]


def test_progress_of_a_slow_line_and_after_a_fault() -> None:
    told: list[str] = []
    now = [0.0]
    progress = Progress("model m:1", 1000 << 20, told.append, lambda: now[0])
    for seconds, count in ((4.0, 1), (1.0, 1), (0.9, 500), (0.2, 1), (6.0, -503)):
        now[0] += seconds
        progress.add(count << 20)
    assert told == [
        "model m:1: 0 % of 1000 MiB sent, 0 MiB/s",
        "model m:1: 50 % of 1000 MiB sent, 455 MiB/s",
        "model m:1: 0 % of 1000 MiB sent, 0 MiB/s",
    ]


def test_an_empty_archive_has_progress_too() -> None:
    told: list[str] = []
    now = [0.0]
    progress = Progress("model m:1", 0, told.append, lambda: now[0])
    now[0] = 1.0
    progress.add(0)
    assert told == ["model m:1: 100 % of 0 MiB sent, 0 MiB/s"]


@pytest.mark.parametrize(
    ("status", "headers", "size"),
    [
        (206, {"Content-Range": "bytes 0-0/12345"}, 12345),
        (206, {"Content-Range": "bytes 0-0/*"}, None),
        (206, {}, None),
        (200, {"Content-Length": "77"}, 77),
        (200, {}, None),
        (404, {}, -1),
        (403, {"Content-Length": "77"}, None),
    ],
)
def test_what_an_answer_tells_of_the_size(status: int, headers: dict[str, str], size: int | None) -> None:
    assert told_size(HTTPResponse(b"", headers, status)) == size


@pytest.mark.parametrize("host", ["127.0.0.1:9000", "s3.eu-west-1.amazonaws.com", "minio.io", "minio", "a.b.svcx"])
def test_only_a_service_of_the_cluster_is_asked_through_it(host: str) -> None:
    # No client: asking it would fail.
    wire = KubernetesWire("kubernetes://yatai-system/yatai:80", None, OSError)
    assert wire.relay(f"http://{host}/bucket/key?X-Amz-Signature=1", {}, 1) is None
    assert HttpWire("http://127.0.0.1:9", True, None, 1).relay(f"http://{host}/bucket/key", {}, 1) is None
