# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A client of the inference platform: over TLS, with the platform's authority, to the edge."""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.support.waiting import eventually

API, OPENAI = "api.inference.local", "openai.inference.local"
IRIS = "/v1/models/sklearn-iris:predict"
SETOSA = {"instances": [[5.1, 3.5, 1.4, 0.2]]}
# In every answer to a request that was counted. A connection that was open when its limit came lets one more pass
# uncounted: a limit is a filter of the listener, and Envoy gives what was open before the filters of before.
LEFT = "x-ratelimit-remaining"


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    seconds: float
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.text)


def asleep(cluster: Cluster) -> bool:
    """Whether the sample has no pods."""
    return not cluster.pods("tenant-a", "serving.kserve.io/inferenceservice=sklearn-iris")


def until_refused(ask: Callable[[], Answer]) -> list[Answer]:
    """Those answers of a model that came before a limit refused one."""
    found: list[Answer] = []

    def refused() -> bool:
        found.append(ask())
        return found[-1].status == 429

    eventually(refused, "a limit refuses", 60, 0.1)
    assert {answer.status for answer in found[:-1]} <= {200}
    return found[:-1]


def let_in(answers: Iterable[Answer]) -> list[Answer]:
    """Those that a limit has counted and not refused."""
    return [answer for answer in answers if answer.status == 200 and LEFT in answer.headers]


class Connection(http.client.HTTPSConnection):
    """TLS for the host's name, whatever address it is reached at."""

    def __init__(self, host: str, address: str, context: ssl.SSLContext, timeout: float) -> None:
        super().__init__(host, 443, timeout=timeout, context=context)
        self._address, self._tls = address, context

    def connect(self) -> None:
        plain = socket.create_connection((self._address, 443), self.timeout)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)


class Client:
    def __init__(self, addresses: dict[str, str], authority: str, tokens: dict[str, str]) -> None:
        """addresses: by host, of what answers on port 443 for it."""
        self.addresses, self.authority, self.tokens = addresses, authority, tokens
        self._tls = ssl.create_default_context(cadata=authority)

    def ask(
        self,
        path: str = IRIS,
        body: Any = SETOSA,
        *,
        tenant: str | None = "tenant-a",
        host: str = API,
        timeout: float = 120,
        **headers: str,
    ) -> Answer:
        """One request on a connection of its own; tenant None sends no token."""
        sent = {
            "Content-Type": "application/json",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        if tenant:
            sent["Authorization"] = f"Bearer {self.tokens.get(tenant, tenant)}"
        begun = time.monotonic()
        connection = Connection(host, self.addresses[host], self._tls, timeout)
        try:
            data = None if body is None else json.dumps(body)
            connection.request("GET" if data is None else "POST", path, data, sent)
            answer = connection.getresponse()
            text = answer.read().decode(errors="replace")
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, text, time.monotonic() - begun, found)
        finally:
            connection.close()

    def chat(
        self,
        model: str = "tenant-a/language",
        tenant: str | None = "tenant-a",
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> Answer:
        """One question; more goes into the body."""
        body = {"model": model, "messages": [{"role": "user", "content": "What does the gateway ask?"}], **more}
        return self.ask("/v1/chat/completions", body, tenant=tenant, host=OPENAI, **(headers or {}))
