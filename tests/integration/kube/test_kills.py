# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Killed at any moment (SIGKILL), the next run finishes: nothing is lost, nothing is there twice.

BENTOBOX_KILLS=100 kills that many runs, BENTOBOX_KILLS_SEED chooses other moments.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from typing import Any

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.bentobox.platform.plugins.module_utils.kube.applyset import (
    COMPONENT,
    MANAGED_BY,
    PART_OF,
    applyset_id,
    recorded,
)
from ansible_collections.bentobox.platform.plugins.module_utils.kube.component_spec import component_argument_spec
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import NotFound
from ansible_collections.bentobox.platform.plugins.module_utils.kube.objects import kept, key_of
from ansible_collections.bentobox.platform.plugins.module_utils.kube.remove import deleting
from ansible_collections.bentobox.platform.plugins.module_utils.kube.secrets import GENERATED_BY
from ansible_collections.bentobox.platform.tests.support.killable import Runs

from .conftest import Engine
from .samples import config, crd, custom, deployment, secret

KILLS = int(os.environ.get("BENTOBOX_KILLS", "9"))
SEED = int(os.environ.get("BENTOBOX_KILLS_SEED", "20261126"))
REMOVALS = ("absent", "purge")
KINDS = (
    ("v1", "Namespace"), ("v1", "ConfigMap"), ("v1", "Secret"), ("v1", "Service"), ("v1", "ServiceAccount"),
    ("rbac.authorization.k8s.io/v1", "Role"), ("apps/v1", "Deployment"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
)  # fmt: skip


class Site:
    """A component of more than 200 objects of nine kinds, in two versions that have about two thirds in common."""

    def __init__(self, engine: Engine, number: int) -> None:
        self.engine = engine
        self.name = f"{engine.name}-{number}"
        self.group = f"{self.name}.example.com"
        self.identifier = applyset_id(self.name, self.name)

    def manifests(self, step: str) -> list[dict[str, Any]]:
        first = 0 if step == "install" else 30
        numbers = range(first, first + 90)
        objects = [config(f"c{number}", x=step) for number in numbers]
        objects += [secret(f"s{number}", p="x") for number in numbers[:50]]
        objects += [{"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": f"a{n}"}} for n in numbers[:15]]
        for number in numbers[:15]:
            rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
            role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": {"name": f"r{number}"}}
            objects.append({**role, "rules": rules})
            spec = {"selector": {"app": "x"}, "ports": [{"port": 80, "protocol": "TCP"}]}
            objects.append({"apiVersion": "v1", "kind": "Service", "metadata": {"name": f"v{number}"}, "spec": spec})
        for number in numbers[:3]:
            workload = deployment(f"d{number}")
            workload["spec"]["replicas"] = 0
            objects.append(workload)
        objects.append(crd("widgets", "Widget", self.group))
        objects += [custom("Widget", f"w{number}", self.group, size=first) for number in numbers[:15]]
        labels = dict(MANAGED_BY)  # which makes it one that is purged
        place = {"name": f"{self.name}-declared", "labels": labels}
        objects.append({"apiVersion": "v1", "kind": "Namespace", "metadata": place})
        return objects

    def params(self, step: str) -> dict[str, Any]:
        params = {
            **self.engine.plane.params(), "name": self.name, "namespace": self.name, "wait_timeout": 120,
            "namespaces": [f"{self.name}-more"], "wait": step in REMOVALS,
        }  # fmt: skip
        if step in REMOVALS:
            params |= {"state": "absent", "purge": step == "purge"}
        else:
            generate = [{"name": "made", "keys": {"password": {}}}]
            params |= {"manifests": self.manifests(step), "version": step, "generate_secrets": generate}
        validation = ArgumentSpecValidator(component_argument_spec()).validate(params)
        assert not validation.error_messages
        return validation.validated_parameters

    def labelled(self) -> Iterator[dict[str, Any]]:
        """Everything in the cluster that says it is of this component, whatever its record says."""
        for api_version, kind in (*KINDS, (f"{self.group}/v1", "Widget")):
            yield from _list(self.engine, api_version, kind, f"{PART_OF}={self.identifier}")

    def password(self) -> str | None:
        live = self.engine.client.get_or_none("v1", "Secret", "made", self.name)
        return live["data"]["password"] if live else None

    def assert_recorded(self, step: str) -> None:
        """No orphan: whatever carries our label is of a kind that the record knows. At any time, so after a kill."""
        record = self.engine.client.get_or_none("v1", "Secret", self.name, self.name)
        known = recorded(record)[0]
        orphans = [
            str(key_of(obj))
            for obj in self.labelled()
            if key_of(obj).group_kind not in known and not deleting(obj) and not (kept(obj) and step in REMOVALS)
        ]
        assert not orphans, f"the record knows {sorted(known)}, but there are {orphans[:5]}"

    def assert_is(self, step: str) -> None:
        """Exactly what was asked for."""
        want = []
        for obj in self.manifests(step):
            if step == "purge" or (step == "absent" and not kept(obj)):
                continue
            place = "" if obj["kind"] in ("CustomResourceDefinition", "Namespace") else f"{self.name}/"
            want.append(f"{obj['kind']} {place}{obj['metadata']['name']}")
        assert sorted(str(key_of(obj)) for obj in self.labelled()) == sorted(want)
        parents = _list(self.engine, "v1", "Secret", f"{COMPONENT}={self.name}")
        made = _list(self.engine, "v1", "Secret", f"{GENERATED_BY}={self.identifier}")
        assert len(parents) == (0 if step in REMOVALS else 1)
        assert len(made) == (0 if step == "purge" else 1)


def _list(engine: Engine, api_version: str, kind: str, selector: str) -> list[dict[str, Any]]:
    try:
        return engine.client.list(api_version, kind, label_selector=selector)
    except NotFound:
        return []


def test_killed_at_any_moment(engine: Engine) -> None:
    """Installed, upgraded and taken away in turn; each killed, looked at, and run again."""
    moments, steps = random.Random(SEED), ("install", "upgrade", "absent", "purge")
    killed, rounds = 0, 0
    with Runs() as runs:
        site = Site(engine, 0)
        assert len(site.manifests("install")) >= 200
        # How long each takes: the moments are spread over all of it.
        seconds = {step: runs.run(site.params(step))[1] for step in steps[:3]}
        seconds["purge"] = seconds["absent"]  # the rest of it is waiting for the namespaces to go
        print(f"seed {SEED}, seconds when nothing is in the way: {seconds}")
        site.assert_is("absent")
        while killed < KILLS:
            rounds += 1
            site = Site(engine, rounds)
            # The namespace controller takes five seconds for each namespace: one purge tells as much as many.
            for step in steps if rounds == 1 else steps[:3]:
                before, moment = site.password(), moments.uniform(0.0, seconds[step])
                was_killed, _seconds = runs.run(site.params(step), moment)
                killed += was_killed
                print(f"round {rounds}: {step} killed after {moment:.3f} s" if was_killed else "too late")
                site.assert_recorded(step)
                half_way = site.password()
                assert before in (None, half_way) or step == "purge"
                runs.run(site.params(step))
                site.assert_is(step)
                assert half_way in (None, site.password()) or step == "purge"
    print(f"{killed} kills")
