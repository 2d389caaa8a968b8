# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A deployment that is rolled out: does it answer, by its Ingress and by a real request?"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import ApiError

from .errors import ProbeFailed
from .http_check import Answer, Target, body_of, mismatch
from .text import first_line

Obj = dict[str, Any]
PORT = 3000
PROXY_FAULTS = (0, 502, 503, 504)  # of the way to the bento, which heals; what the bento says would be the same again


@dataclass
class Settings:
    """What of the options is not in the BentoDeployment."""

    wait: bool = True
    timeout: float = 600.0
    unschedulable_timeout: float = 60.0
    ingress_address: str = ""
    verify_url: str = ""
    validate_certs: bool = True
    ca_cert: str = ""
    probe: Obj = field(default_factory=dict)
    take_ownership: bool = False
    check_mode: bool = False
    poll: float = 2.0


class Check:
    def __init__(self, client: Any, name: str, namespace: str, settings: Settings, warn: Callable[[str], None]) -> None:
        self.client, self.name, self.namespace = client, name, namespace
        self.settings, self.warn = settings, warn
        self.who = f"BentoDeployment {namespace}/{name} is up, but"

    def ingress(self, url: str, ingress: Obj | None, start: float) -> None:
        """Addresses that are given must answer; one that only the Ingress tells may be out of our reach."""
        settings = self.settings
        tls = {"validate_certs": settings.validate_certs, "ca_cert": settings.ca_cert}
        deadline = max(start + settings.timeout, time.monotonic() + 10.0)
        if settings.verify_url:
            self._answers(Target(settings.verify_url, **tls), deadline)  # type: ignore[arg-type]
        address = settings.ingress_address or published_address(ingress or {})
        if not url or not address:
            return
        target = Target(url.rstrip("/") + "/readyz", address, **tls)  # type: ignore[arg-type]
        if settings.ingress_address or target.get().status:
            self._answers(target, deadline)
        else:
            self.warn(f"ingress address {address} cannot be reached from here: nobody knows whether {url} answers")

    def _answers(self, target: Target, deadline: float) -> None:
        while True:
            answer = target.get()
            if 200 <= answer.status < 300:
                return
            if time.monotonic() > deadline:
                where = f" at {target.address}" if target.address else ""
                raise ProbeFailed(
                    f"{self.who} GET {target.url}{where} does not answer: {_said(answer)}. Does an ingress controller "
                    "serve this Ingress's class, and does the host name belong to it?"
                )
            time.sleep(1.0)

    def probe(self, start: float) -> Obj:
        """One real request through the service proxy; repeated only while the new endpoints come up."""
        probe = self.settings.probe
        method, path = probe.get("method") or "GET", probe.get("path") or "/readyz"
        body, headers = body_of(probe)
        deadline = max(start + self.settings.timeout, time.monotonic() + 15.0)
        while True:
            sent = time.monotonic()
            answer = self._send(method, path, body, headers, float(probe.get("timeout") or 30))
            wrong = mismatch(probe.get("expect") or {}, answer.status, answer.text)
            if not wrong:
                took = round(time.monotonic() - sent, 3)
                return {
                    "status": answer.status,
                    "body": answer.text[:4096],
                    "json": _json(answer.text),
                    "seconds": took,
                }
            if answer.status not in PROXY_FAULTS or time.monotonic() > deadline:
                raise ProbeFailed(f"{self.who} {method} {path} gives {wrong}: {_said(answer)}")
            time.sleep(1.0)

    def _send(self, method: str, path: str, body: bytes | None, headers: dict[str, str], timeout: float) -> Answer:
        try:
            raw = self.client.service_request(
                self.namespace, self.name, PORT, method, path, body=body, headers=headers, timeout=timeout
            )
        except ApiError as error:
            return Answer(0, str(error))
        return Answer(raw.status, raw.data.decode("utf-8", "replace"))


def published_address(ingress: Obj) -> str:
    """The first address its controller has written into the Ingress."""
    for entry in ((ingress.get("status") or {}).get("loadBalancer") or {}).get("ingress") or []:
        if entry.get("ip") or entry.get("hostname"):
            return str(entry.get("ip") or entry.get("hostname"))
    return ""


def _said(answer: Answer) -> str:
    text = first_line(answer.text, 400)
    return f"HTTP {answer.status} {text}".strip() if answer.status else text


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None
