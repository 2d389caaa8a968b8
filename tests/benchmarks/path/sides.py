# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The ways to the same server, asked one request after the other, or by some clients at once."""

from __future__ import annotations

import http.client
import ssl
import statistics
import threading
import time
from dataclasses import dataclass, field

from ansible_collections.bentobox.platform.tests.e2e_inference.client import Connection

_WARM = 20  # requests that are not counted: connections behind the first hop are made by them


class Unexpected(Exception):
    """An answer that is none of the server's."""


@dataclass
class Side:
    title: str
    address: str
    host: str
    path: str
    token: str = ""
    tls: ssl.SSLContext | None = None
    port: int = 80
    rounds: list[list[float]] = field(default_factory=list)  # seconds of each request

    def connect(self) -> http.client.HTTPConnection:
        if self.tls:
            return Connection(self.host, self.address, self.tls, 30)
        return http.client.HTTPConnection(self.address, self.port, timeout=30)

    def ask(self, connection: http.client.HTTPConnection) -> float:
        """Seconds until the whole answer is there."""
        headers = {"Host": self.host, **({"Authorization": f"Bearer {self.token}"} if self.token else {})}
        begun = time.perf_counter()
        connection.request("GET", self.path, headers=headers)
        answer = connection.getresponse()
        text = answer.read()
        taken = time.perf_counter() - begun
        if (answer.status, text) != (200, b"ok"):
            raise Unexpected(f"{self.title}: {answer.status} {text[:200]!r}")
        return taken

    def ready(self, timeout: float = 120) -> None:
        """An accepted route is not yet a reachable one."""
        end = time.monotonic() + timeout
        while True:
            connection = self.connect()
            try:
                self.ask(connection)
                return
            except (Unexpected, OSError, http.client.HTTPException):
                if time.monotonic() > end:
                    raise
                time.sleep(1)
            finally:
                connection.close()

    def round(self, requests: int) -> list[float]:
        connection = self.connect()
        try:
            for _number in range(_WARM):
                self.ask(connection)
            self.rounds.append([self.ask(connection) for _number in range(requests)])
        finally:
            connection.close()
        return self.rounds[-1]

    def load(self, clients: int, seconds: float) -> int:
        """How many requests were answered; each client asks again when it has its answer."""
        end = time.monotonic() + seconds
        counts, failures = [0] * clients, []

        def client(number: int) -> None:
            connection = self.connect()
            try:
                while time.monotonic() < end:
                    self.ask(connection)
                    counts[number] += 1
            except Exception as error:
                failures.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if failures:
            raise failures[0]
        return sum(counts)

    @property
    def p50(self) -> float:
        return statistics.median(statistics.median(taken) for taken in self.rounds)

    @property
    def p99(self) -> float:
        return statistics.median(percentile(taken, 99) for taken in self.rounds)


def percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
