# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Scale to zero and back; nobody's request is lost."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.support.waiting import eventually

from .client import Client, asleep


def test_from_zero_and_back(client: Client, cluster: Cluster) -> None:
    assert client.ask().status == 200
    eventually(lambda: asleep(cluster), "the model sleeps", 300, 2)
    answer = client.ask()
    assert answer.status == 200, answer.text
    print(f"cold start: {answer.seconds:.1f} s; warm: {client.ask().seconds * 1000:.0f} ms")
    eventually(lambda: asleep(cluster), "it sleeps again", 300, 2)


def test_fifty_at_once_on_a_sleeping_model(client: Client, cluster: Cluster) -> None:
    eventually(lambda: asleep(cluster), "the model sleeps", 300, 2)
    with ThreadPoolExecutor(50) as pool:
        answers = list(pool.map(lambda _number: client.ask(), range(50)))
    assert Counter(answer.status for answer in answers) == {200: 50}
    print(f"50 at once: the slowest took {max(answer.seconds for answer in answers):.1f} s")
