# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Brings a tenant to its declared state. The engine does it as a component of the tenant's own, so that what leaves the
tenant is pruned and an interrupted run is finished by the next one."""

from __future__ import annotations

from typing import Any

from ansible_collections.bentobox.platform.plugins.module_utils.kube import applyset
from ansible_collections.bentobox.platform.plugins.module_utils.kube.client import Client
from ansible_collections.bentobox.platform.plugins.module_utils.kube.component import Component
from ansible_collections.bentobox.platform.plugins.module_utils.kube.component_spec import component_params
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import KubeError, NotFound
from ansible_collections.bentobox.platform.plugins.module_utils.kube.objects import Obj
from ansible_collections.bentobox.platform.plugins.module_utils.kube.remove import delete_all

from .errors import TenancyError
from .lookup import Lookup, Warn
from .manifests import render
from .options import tenant_of
from .spec import LABEL, Tenant, check, check_name

_MODEL = ("serving.kserve.io/v1beta1", "InferenceService")
# What to do about a kind that the cluster does not have: (part of its API group, advice).
_WITHOUT = (
    ("security.istio.io", "for a cluster without Istio, set 'mesh: false'"),
    ("gateway.networking.k8s.io", "for a cluster without Gateway API, set 'platform.routes: []'"),
)


class TenantRun:
    def __init__(self, client: Client, params: dict[str, Any], *, check_mode: bool, diff: bool, warn: Warn) -> None:
        check_name(params["name"])
        self.client, self.params, self.check_mode, self.diff, self.warn = client, params, check_mode, diff, warn
        self.name: str = params["name"]

    def present(self) -> dict[str, Any]:
        tenant = self._tenant()
        live = self.client.get_or_none("v1", "Namespace", self.name)
        self._refuse_others(live)
        component = self._component(owned(render(tenant), live))
        try:
            component.present()
        except KubeError as error:
            advice = next((f"; {advice}" for group, advice in _WITHOUT if f"in {group}/" in str(error)), "")
            raise TenancyError(f"{error}{advice}") from None
        return {**component.result(), "models": [], **_told(tenant)}

    def absent(self) -> dict[str, Any]:
        component = self._component([])
        live = self.client.get_or_none("v1", "Namespace", self.name)
        models = self._models() if live else []
        names = [model["metadata"]["name"] for model in models]
        # Of a namespace that is no tenant's nothing is ours, whatever is purged.
        if live and _labels(live).get(LABEL) == self.name:
            if models and not self.params["purge"]:
                raise TenancyError(
                    f"tenant {self.name} still has models: {', '.join(names)}. Remove these InferenceServices first, "
                    "or have them and the namespace deleted with 'purge: true'"
                )
            removed = delete_all(
                self.client, models, deadline=component.deadline, check_mode=self.check_mode, progress=self._quiet
            )
            component.absent()
            component.pruned = [*removed, *component.pruned]
        return {**component.result(), "models": names, "service_account": "", "pod_security": ""}

    def _tenant(self) -> Tenant:
        lookup = Lookup(self.client, self.params, check_mode=self.check_mode, warn=self.warn)
        # What is wrong with the options is told before the cluster is asked.
        check(tenant_of(self.params, "", None))
        return tenant_of(self.params, lookup.jwks(), lookup.storage())

    def _refuse_others(self, live: Obj | None) -> None:
        """A namespace in which a component lives: a tenant's policies would cut it off."""
        if live is None:
            return
        records = self.client.list("v1", "Secret", self.name, label_selector=applyset.COMPONENT)
        others = sorted({record["metadata"]["name"] for record in records} - {self.name})
        if others:
            raise TenancyError(
                f"name is '{self.name}': in that namespace lives the component {', '.join(others)}; give the tenant "
                "another name"
            )

    def _models(self) -> list[Obj]:
        try:
            return self.client.list(*_MODEL, self.name)
        except NotFound:  # no KServe, no models
            return []

    def _component(self, manifests: list[Obj]) -> Component:
        params = component_params(
            name=self.name,
            namespace=self.name,
            manifests=manifests,
            take_ownership=self.params["take_ownership"],
            purge=self.params["purge"],
            wait_timeout=self.params["wait_timeout"],
        )
        return Component(params, self.client, check_mode=self.check_mode, diff=self.diff, display=self._quiet)

    @staticmethod
    def _quiet(text: str) -> None:
        """A module cannot talk before it ends."""


def owned(objects: list[Obj], live: Obj | None) -> list[Obj]:
    """With the label on the Namespace that lets a purge delete it, unless it was there before us."""
    ours = live is None or applyset.MANAGED_BY.items() <= _labels(live).items()
    return [_labelled(obj) if ours and obj["kind"] == "Namespace" else obj for obj in objects]


def _labelled(obj: Obj) -> Obj:
    labels = {**obj["metadata"]["labels"], **applyset.MANAGED_BY}
    return {**obj, "metadata": {**obj["metadata"], "labels": labels}}


def _labels(obj: Obj) -> dict[str, str]:
    return obj["metadata"].get("labels") or {}


def _told(tenant: Tenant) -> dict[str, Any]:
    return {"service_account": tenant.service_account, "pod_security": tenant.enforced}
