# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Order, hooks, patches and drops of rendered objects."""

from __future__ import annotations

import copy
import random
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.errors import RenderError
from ansible_collections.bentobox.platform.plugins.module_utils.kube.fetch import check_digest, parse
from ansible_collections.bentobox.platform.plugins.module_utils.kube.helm import sensitive, template_command
from ansible_collections.bentobox.platform.plugins.module_utils.kube.objects import key_of, wave_of
from ansible_collections.bentobox.platform.plugins.module_utils.kube.patches import (
    apply_patches,
    drop,
    json_patch,
    merge,
)
from ansible_collections.bentobox.platform.plugins.module_utils.kube.render import (
    POST,
    PRE,
    check_unique,
    flatten,
    hooks,
    normalise,
)


def make(api_version: str, kind: str, name: str = "x", **more: Any) -> dict[str, Any]:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, **more.pop("metadata", {})}, **more}


IN_ORDER = [
    make("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
    make("v1", "Namespace"),
    make("v1", "Secret"),
    make("v1", "Service"),
    make("apps/v1", "Deployment"),
    make("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"),
    make("cert-manager.io/v1", "ClusterIssuer"),
]


def test_waves_order_a_component() -> None:
    shuffled = copy.deepcopy(IN_ORDER)
    random.Random(4).shuffle(shuffled)
    assert [obj["kind"] for obj in sorted(shuffled, key=wave_of)] == [obj["kind"] for obj in IN_ORDER]


@pytest.mark.parametrize(
    ("api_version", "kind", "like"),
    [
        ("v1", "ServiceAccount", "Secret"),
        ("v1", "PersistentVolumeClaim", "Secret"),
        ("v1", "ConfigMap", "Secret"),
        ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "Secret"),
        ("networking.k8s.io/v1", "IngressClass", "Secret"),
        ("storage.k8s.io/v1", "StorageClass", "Secret"),
        ("policy/v1", "PodDisruptionBudget", "Secret"),
        ("apps/v1", "DaemonSet", "Deployment"),
        ("batch/v1", "Job", "Deployment"),
        ("v1", "Pod", "Deployment"),
        ("autoscaling/v2", "HorizontalPodAutoscaler", "Deployment"),
        ("apiregistration.k8s.io/v1", "APIService", "ValidatingWebhookConfiguration"),
        ("networking.k8s.io/v1", "Ingress", "ValidatingWebhookConfiguration"),
        ("gateway.networking.k8s.io/v1", "Gateway", "ClusterIssuer"),
        ("serving.yatai.ai/v2alpha1", "Foo", "ClusterIssuer"),
    ],
)
def test_kinds_share_waves(api_version: str, kind: str, like: str) -> None:
    same = next(obj for obj in IN_ORDER if obj["kind"] == like)
    assert wave_of(make(api_version, kind)) == wave_of(same)


def test_lists_are_opened_and_empty_documents_left_out() -> None:
    documents = [
        None,
        {},
        {"apiVersion": "v1", "kind": "ConfigMapList", "items": [make("v1", "ConfigMap", "a")]},
        {"apiVersion": "v1", "kind": "List", "items": [make("v1", "Secret", "b")]},
    ]
    assert [key_of(obj).name for obj in flatten(documents, "here")] == ["a", "b"]


def test_what_is_no_object_is_refused_by_its_place() -> None:
    with pytest.raises(RenderError, match="here: document 2 is not a Kubernetes object"):
        flatten([make("v1", "Secret"), {"kind": "Secret"}], "here")
    with pytest.raises(RenderError, match=r"has no metadata\.name"):
        normalise({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "a-"}})
    with pytest.raises(RenderError, match=r"metadata\.labels\.a is not a string; quote it"):
        normalise(make("v1", "Pod", metadata={"labels": {"a": True}}))
    with pytest.raises(RenderError, match="Secret x is declared twice"):
        check_unique(hooks([make("v1", "Secret"), make("v1", "Secret")]).items)


def test_normalising_drops_what_only_the_server_says() -> None:
    obj = make(
        "batch/v1",
        "Job",
        metadata={"creationTimestamp": None, "uid": "1"},
        status={},
        spec={"ttlSecondsAfterFinished": 1, "template": {"a": None, "b": [{"c": None}]}},
    )
    assert normalise(obj) == make("batch/v1", "Job", spec={"template": {"b": [{}]}})


def test_normalising_drops_empty_labels_and_annotations() -> None:
    """Owned only once a controller has written into them: the second run would be a change."""
    assert normalise(make("v1", "Pod", metadata={"labels": {}, "annotations": {}})) == make("v1", "Pod")


def hook(name: str, kinds: str, weight: str | None = None) -> dict[str, Any]:
    annotations = {"helm.sh/hook": kinds, "helm.sh/hook-delete-policy": "hook-succeeded"}
    if weight is not None:
        annotations["helm.sh/hook-weight"] = weight
    return make("batch/v1", "Job", name, metadata={"annotations": annotations})


def test_hooks_become_plain_objects_in_order() -> None:
    rendered = hooks(
        [
            make("apps/v1", "Deployment", "d"),
            hook("after", "post-install,post-upgrade", "5"),
            hook("before", "pre-install,pre-upgrade", "-1"),
            hook("first", "pre-upgrade", "-3"),
            hook("checked", "test"),
            hook("old", "test-success"),
            hook("gone", "pre-delete"),
        ]
    )
    ordered = sorted(rendered.items, key=lambda item: item.order)
    assert [item.obj["metadata"]["name"] for item in ordered] == ["first", "before", "d", "after"]
    assert (ordered[0].phase, ordered[-1].phase, ordered[0].weight) == (PRE, POST, -3)
    assert all("annotations" not in item.obj["metadata"] for item in ordered)
    assert rendered.warnings == ["Job gone is a chart hook for pre-delete; it is not run"]


def test_an_unknown_hook_is_refused_by_name() -> None:
    with pytest.raises(RenderError, match="Job x is a chart hook of an unknown kind: crd-install"):
        hooks([hook("x", "crd-install,pre-install")])


def test_patches_and_drops_must_match_something() -> None:
    objects = [make("apps/v1", "Deployment", "yatai"), make("batch/v1", "Job", "default-domain")]
    with pytest.raises(RenderError, match=r"patch 1 matches nothing: Deployment yata \(Deployments there: yatai\)"):
        apply_patches(list(objects), [{"kind": "Deployment", "name": "yata", "merge": {"a": 1}}], "n")
    with pytest.raises(RenderError, match=r"drop 2 matches nothing: Pod \* \(there is no Pod\)"):
        drop(list(objects), [{"kind": "Job", "name": "*-domain"}, {"kind": "Pod"}], "n")
    assert drop(list(objects), [{"kind": "Job", "name": "*-domain"}], "n") == objects[:1]
    assert drop(list(objects), [{"kind": "Pod", "optional": True}], "n") == objects
    unmatched = [{"kind": "Deployment", "name": "yatai", "namespace": "other", "merge": {"a": 1}, "optional": True}]
    assert apply_patches(list(objects), unmatched, "n") == objects
    patched = apply_patches(list(objects), [{"kind": "Deployment", "namespace": "n", "merge": {"spec": {"a": 1}}}], "n")
    assert patched[0]["spec"] == {"a": 1}


def test_merge_patch_follows_rfc_7386() -> None:
    target = {"a": "b", "c": {"d": "e", "f": "g"}, "l": [1, 2]}
    assert merge(target, {"a": "z", "c": {"f": None}, "l": [3]}) == {"a": "z", "c": {"d": "e"}, "l": [3]}
    assert target["c"] == {"d": "e", "f": "g"}


@pytest.mark.parametrize(
    ("operation", "spec"),
    [
        ({"op": "add", "path": "/spec/l/1", "value": 9}, {"l": [1, 9, 2], "m/n": 1}),
        ({"op": "add", "path": "/spec/l/-", "value": 9}, {"l": [1, 2, 9], "m/n": 1}),
        ({"op": "replace", "path": "/spec/l/0", "value": 9}, {"l": [9, 2], "m/n": 1}),
        ({"op": "remove", "path": "/spec/m~1n"}, {"l": [1, 2]}),
        ({"op": "move", "from": "/spec/m~1n", "path": "/spec/o"}, {"l": [1, 2], "o": 1}),
        ({"op": "copy", "from": "/spec/l", "path": "/spec/o"}, {"l": [1, 2], "m/n": 1, "o": [1, 2]}),
        ({"op": "test", "path": "/spec/l", "value": [1, 2]}, {"l": [1, 2], "m/n": 1}),
    ],
)
def test_json_patch_follows_rfc_6902(operation: dict[str, Any], spec: dict[str, Any]) -> None:
    obj = make("v1", "Foo", spec={"l": [1, 2], "m/n": 1})
    assert json_patch(obj, [operation])["spec"] == spec
    assert obj["spec"] == {"l": [1, 2], "m/n": 1}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "/spec/none"},
        {"op": "replace", "path": "/spec/none", "value": 1},
        {"op": "test", "path": "/spec/l", "value": []},
        {"op": "add", "path": "/spec/l/7", "value": 1},
        {"op": "invent", "path": "/spec"},
        {"op": "add", "path": "spec", "value": 1},
    ],
)
def test_a_json_patch_that_cannot_be_is_refused(operation: dict[str, Any]) -> None:
    with pytest.raises(RenderError, match="patch of Foo x: cannot"):
        json_patch(make("v1", "Foo", spec={"l": [1, 2]}), [operation])


def test_yaml_is_read_as_kubernetes_reads_it() -> None:
    text = "a: 2026-01-01\nb: =\nc: yes\nd: 0o17\n"
    assert parse(text, "x") == [{"a": "2026-01-01", "b": "=", "c": True, "d": "0o17"}]


def test_a_yaml_error_tells_the_line_and_no_content() -> None:
    with pytest.raises(RenderError) as caught:
        parse("a: 1\nb: [hunter2\n", "x.yaml")
    assert "x.yaml is not valid YAML at line" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_a_digest_is_compared(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    check_digest(file, digest, "x")
    check_digest(file, f"sha256:{digest.upper()}", "x")
    with pytest.raises(RenderError, match=f"x has sha256 {digest}, expected 00: it is not what was pinned"):
        check_digest(file, "sha256:00", "x")
    with pytest.raises(RenderError, match="is a folder"):
        check_digest(tmp_path, digest, "x")


def test_the_helm_command_holds_no_values() -> None:
    chart = {
        "name": "yatai",
        "ref": "x",
        "values": {"password": "hunter2"},
        "include_crds": True,
        "skip_schema_validation": False,
    }
    command = template_command("/bin/helm", chart, "/c.tgz", Path("/v.json"), "ns", "v1.33.13", ["v1", "apps/v1"])
    assert command == [
        "/bin/helm",
        "template",
        "yatai",
        "/c.tgz",
        "--namespace",
        "ns",
        "--kube-version",
        "v1.33.13",
        "--values",
        "/v.json",
        "--skip-tests",
        "--include-crds",
        "--api-versions",
        "v1",
        "--api-versions",
        "apps/v1",
    ]
    other = {**chart, "release_name": "r", "namespace": "n2", "include_crds": False, "skip_schema_validation": True}
    command = template_command("/bin/helm", other, "/c.tgz", Path("/v.json"), "ns", "v1.33.13", [])
    assert command[2:6] == ["r", "/c.tgz", "--namespace", "n2"]
    assert "--include-crds" not in command
    assert command[-1] == "--skip-schema-validation"


def test_values_that_look_secret_are_found() -> None:
    values = {
        "image": "busybox",
        "db": {"password": "hunter2"},
        "apiTokens": ["token-1", {"x": "token-2"}],
        "auth": {"a": 1},
    }
    assert sensitive(values) == {"hunter2", "token-1", "token-2"}


def test_what_names_a_secret_is_none() -> None:
    values = {
        "imagePullSecrets": [{"name": "registry"}],
        "env": [{"name": "AUTH", "valueFrom": {"secretKeyRef": {"name": "redis", "key": "password"}}}],
        "volumes": [{"secret": {"secretName": "redis", "items": [{"key": "ca.crt", "path": "ca.crt"}]}}],
        "secretRef": {"name": "redis", "token": "token-1"},
        "secret": {"secretName": "redis", "value": "hunter2"},
    }
    assert sensitive(values) == {"token-1", "hunter2"}
