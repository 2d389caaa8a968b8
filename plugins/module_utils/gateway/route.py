# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Opens or closes one route: checked, rendered, applied as one component, and believed when the gateways say so."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.plugins.module_utils.kube.component import Component
from ansible_collections.bentobox.platform.plugins.module_utils.kube.component_spec import component_argument_spec
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import NotFound
from ansible_collections.bentobox.platform.plugins.module_utils.kube.gateway_status import refused
from ansible_collections.bentobox.platform.plugins.module_utils.kube.wait import readiness

from .errors import NotReachable
from .predict import paths
from .render import render
from .request import OPENAI, PREDICT, ROUTE_API, Request, understand
from .survey import Survey

Obj = dict[str, Any]
Tell = Callable[[str], None]

_GRACE = 15.0  # seconds that a refusal may last: controllers see a policy before its target, a route before its grant
_HEARTBEAT = 60.0
_SERVED_BY = ("HTTPRoute", "SecurityPolicy", "BackendTrafficPolicy", "Backend", "AIGatewayRoute", "AIServiceBackend")


class State(NamedTuple):
    """What the gateways say of one object."""

    ready: bool
    text: str
    refused: bool = False


def run(params: Obj, check_mode: bool, show: Tell, warn: Tell) -> Obj:
    """Raises GatewayError and KubeError; returns what the module returns, with diff."""
    request = understand(params)
    route = ModelRoute(Client.from_params(params), params, request, check_mode=check_mode, show=show, warn=warn)
    return route.absent() if params["state"] == "absent" else route.present()


class ModelRoute:
    def __init__(self, client: Any, params: Obj, request: Request, *, check_mode: bool, show: Tell, warn: Tell) -> None:
        self.client, self.params, self.request, self.check_mode = client, params, request, check_mode
        self.show, self.warn = show, warn
        self.start = time.monotonic()
        self.who = f"route {request.name} of tenant {request.tenant}"
        self.schema = ""

    def present(self) -> Obj:
        survey = Survey(self.client, self.request, check_mode=self.check_mode, warn=self.warn)
        targets = survey.targets()
        schema = survey.schema(self.params["ai_schema"])
        self.schema = schema if self.request.kind == OPENAI else ""
        objects = render(self.request, targets, schema)
        survey.gateway()
        survey.local_gateway(targets)
        survey.conflicts(schema)
        survey.limits(self.params["envoy_gateway_namespace"])
        result = self._component("present", objects)
        if self.params["wait"] and not self.check_mode:
            self._wait([obj for obj in objects if obj["kind"] in _SERVED_BY])
        return self._result(result)

    def absent(self) -> Obj:
        return self._result(self._component("absent", []))

    def _component(self, state: str, objects: list[Obj]) -> Obj:
        """One ApplySet for each route, so that what a change leaves behind goes."""
        given = {name: option.get("default") for name, option in component_argument_spec().items()}
        given |= {name: self.params[name] for name in given if name in self.params}
        given |= {
            "name": f"model-route-{self.request.object_name}",
            "namespace": self.request.namespace,
            "state": state,
            "manifests": objects,
            "version": None,
            "wait": False,  # these kinds tell their state in ways of their own
        }
        component = Component(given, self.client, check_mode=self.check_mode, diff=True, display=self.show)
        if state == "absent":
            component.absent()
        else:
            component.present()
        result = component.result()
        for text in result.get("warnings", []):
            self.warn(text)
        return result

    # -- wait ------------------------------------------------------------------------------------------------------
    def _wait(self, objects: list[Obj]) -> None:
        wanted = [(obj["apiVersion"], obj["kind"], obj["metadata"]["name"]) for obj in objects]
        if self.request.kind == OPENAI:
            wanted.append((ROUTE_API, "HTTPRoute", self.request.object_name))  # which AI Gateway makes
        deadline = self.start + self.params["wait_timeout"]
        since: dict[str, float] = {}  # when a refusal was first seen
        said, said_at = "", time.monotonic()
        while True:
            waiting = [(title, state) for title, state in map(self._look, wanted) if not state.ready]
            if not waiting:
                return
            now = time.monotonic()
            title, state = waiting[0]
            line = f"{title}: {state.text}"
            if line != said or now - said_at > _HEARTBEAT:
                self.show(f"{self.who}: {len(wanted) - len(waiting)} of {len(wanted)} accepted; {line}")
                said, said_at = line, now
            since = {title: since.get(title, now) for title, state in waiting if state.refused}
            lasting = [title for title, first in since.items() if now - first > _GRACE]
            if lasting or now > deadline:
                raise NotReachable(self._obituary(waiting, lasting))
            time.sleep(min(1.0, max(0.1, deadline - now)))

    def _look(self, wanted: tuple[str, str, str]) -> tuple[str, State]:
        api_version, kind, name = wanted
        try:
            seen = self.client.get_or_none(api_version, kind, name, self.request.namespace)
        except NotFound:
            seen = None
        title = f"{kind} {self.request.namespace}/{name}"
        if seen is None:
            return title, State(False, "is not there yet")
        ready, text = readiness(seen)
        return title, State(ready, " ".join(text.split()), not ready and refused(seen))

    def _obituary(self, waiting: list[tuple[str, State]], lasting: list[str]) -> str:
        if lasting:
            head = f"{self.who} is not open: a gateway refuses it"
        else:
            head = (
                f"{self.who} is not open after {self.params['wait_timeout']} s (raise wait_timeout if it needs more). "
                "Are Envoy Gateway and, for kind 'openai', AI Gateway running?"
            )
        # What was refused explains what is merely waiting.
        ordered = sorted(waiting, key=lambda entry: not entry[1].refused)
        return "\n".join([head, *(f"{title}: {state.text}" for title, state in ordered)])

    # -- result ----------------------------------------------------------------------------------------------------
    def _result(self, result: Obj) -> Obj:
        request = self.request
        if self.params["state"] == "absent":
            urls: list[str] = []
        elif request.kind == PREDICT:
            urls = [f"https://{request.host}{path}" for path in paths(request)]
        else:
            urls = [f"https://{request.host}/v1/chat/completions"]
        return {
            "changed": result["changed"],
            "diff": result["diff"],
            "name": request.name,
            "tenant": request.tenant,
            "namespace": request.namespace,
            "object_name": request.object_name,
            "host": request.host,
            "urls": urls,
            "models": list(request.models),
            "ai_schema": self.schema,
            "objects": result["objects"],
            "predicted": result["predicted"],
            "seconds": round(time.monotonic() - self.start, 1),
        }
