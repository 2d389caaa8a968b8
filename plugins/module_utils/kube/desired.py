# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes the desired objects of a component: rendered for this cluster, complete but for the references to Secrets."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from . import helm
from .client import Client
from .errors import RenderError, UnknownKind
from .fetch import read_manifest_file
from .objects import Obj, group_of
from .patches import apply_patches, drop
from .render import Rendered, check_unique, flatten, hooks, normalise

# Kinds without a namespace, for which the cluster need not be asked.
_CRD = ("apiextensions.k8s.io", "CustomResourceDefinition")


def build(params: dict[str, Any], client: Client, *, check_mode: bool) -> Rendered:
    """Everything pure comes first, so that a mistake in the parameters is told before anything is changed."""
    objects = flatten([item for item in params["manifests"] or [] if item], "manifests")
    # A folder of our own (0700, unpredictable name): values hold secrets.
    with tempfile.TemporaryDirectory(prefix="bentobox-") as name:
        folder = Path(name)
        for item in params["files"] or []:
            objects += flatten(read_manifest_file(item, folder), item.get("url") or item["path"])
        for chart in params["charts"] or []:
            rendered = _chart(chart, params, client, folder)
            place = chart.get("namespace") or params["namespace"]
            objects += [_placed(obj, place) for obj in flatten(rendered, f"chart {chart['name']}")]
    objects = [normalise(obj) for obj in objects]
    objects = drop(objects, params["drop"] or [], params["namespace"])
    if params["patch"]:  # which may write nulls
        objects = [normalise(obj) for obj in apply_patches(objects, params["patch"], params["namespace"])]
    rendered_items = hooks(objects)
    crds = brought_kinds([item.obj for item in rendered_items.items])
    for item in rendered_items.items:
        item.obj = located(item.obj, client, crds, params["namespace"], check_mode)
    check_unique(rendered_items.items)
    for item in rendered_items.items:
        key = item.key
        if (key.kind, key.namespace, key.name) == ("Secret", params["namespace"], params["name"]):
            raise RenderError(f"{key} would replace the component's own record; name the component differently")
    return rendered_items


def _chart(chart: dict[str, Any], params: dict[str, Any], client: Client, folder: Path) -> list[Obj]:
    return helm.render(
        chart,
        binary=params["helm_binary"],
        namespace=params["namespace"],
        kube_version=client.version()["gitVersion"],
        api_versions=client.discovery.api_versions(),
        folder=folder,
    )


def _placed(obj: Obj, namespace: str) -> Obj:
    """A chart's release namespace, where the object names none; what has no namespace loses it again in located()."""
    metadata = obj.get("metadata") or {}
    if isinstance(metadata, dict) and not metadata.get("namespace"):
        return {**obj, "metadata": {**metadata, "namespace": namespace}}
    return obj


def brought_kinds(objects: list[Obj]) -> dict[tuple[str, str], bool]:
    """(group, kind) of the custom resources whose definitions are among the objects -> namespaced."""
    kinds = {}
    for obj in objects:
        if (group_of(obj), obj["kind"]) == _CRD:
            spec = obj["spec"]
            kinds[(spec["group"], spec["names"]["kind"])] = spec.get("scope") == "Namespaced"
    return kinds


def located(obj: Obj, client: Client, crds: dict[tuple[str, str], bool], namespace: str, check_mode: bool) -> Obj:
    """With a namespace where the kind has one, without where it has none."""
    group, kind = group_of(obj), obj["kind"]
    metadata = obj["metadata"]
    try:
        namespaced = client.resource(obj["apiVersion"], kind).namespaced
    except UnknownKind:
        if (group, kind) in crds:
            namespaced = crds[(group, kind)]
        elif check_mode:
            namespaced = bool(metadata.get("namespace"))  # another component may bring it; nobody can know
        else:
            name = metadata["name"]
            raise RenderError(
                f"apply {kind} {name}: the cluster has no kind {kind} in {obj['apiVersion']}; "
                "install the component that brings its CustomResourceDefinition first"
            ) from None
    if namespaced and not metadata.get("namespace"):
        return {**obj, "metadata": {**metadata, "namespace": namespace}}
    if not namespaced and "namespace" in metadata:
        return {**obj, "metadata": {key: value for key, value in metadata.items() if key != "namespace"}}
    return obj
