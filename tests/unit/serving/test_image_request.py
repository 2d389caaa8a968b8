# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options to BentoRequest."""

from __future__ import annotations

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.serving.errors import OptionError
from ansible_collections.bentobox.platform.plugins.module_utils.serving.image_request import (
    ATTEMPT,
    FORCE,
    attempt_of,
    from_params,
    manifest,
    missing_build_args,
)
from ansible_collections.bentobox.platform.plugins.module_utils.serving.names import parse_tag

TAG = parse_tag("lin:v1")


def make(live=None, **params):
    more = {key: params.pop(key) for key in ("attempt", "force") if key in params}
    return manifest(from_params({"namespace": "yatai", **params}, TAG), live, **more)


def test_least():
    assert make() == {
        "apiVersion": "resources.yatai.ai/v1alpha1",
        "kind": "BentoRequest",
        "metadata": {"name": "lin--v1", "namespace": "yatai"},
        "spec": {"bentoTag": "lin:v1"},
    }


@pytest.mark.parametrize(
    ("params", "spec"),
    [
        ({"image": "r/x:1"}, {"image": "r/x:1"}),
        (
            {
                "download_url": "http://x/b.tar",
                "bentoml_version": "1.1.11",
                "runners": [{"name": "lin", "runnable_type": "P", "model_tags": ["m:1"]}, {"name": "bare"}],
                "models": [{"tag": "m:1", "download_url": "http://x/m.tar"}],
            },
            {
                "downloadUrl": "http://x/b.tar",
                "context": {"bentomlVersion": "1.1.11"},
                "runners": [{"name": "lin", "runnableType": "P", "modelTags": ["m:1"]}, {"name": "bare"}],
                "models": [{"tag": "m:1", "downloadUrl": "http://x/m.tar"}],
            },
        ),
        (
            {"build_args": {"B": 1, "A": "two words"}, "env": {"C": True}},
            {
                "imageBuilderExtraContainerEnv": [
                    {"name": "A", "value": "two words"},
                    {"name": "B", "value": "1"},
                    {"name": "C", "value": "true"},
                ]
            },
        ),
        (
            {"resources": {"requests": None, "limits": {"cpu": 2, "memory": "4Gi"}}},
            {"imageBuilderContainerResources": {"limits": {"cpu": "2", "memory": "4Gi"}}},
        ),
        # left out, the operator would look for the image over plain http
        ({"docker_config_secret": "s"}, {"dockerConfigJsonSecretName": "s", "ociRegistryInsecure": False}),
        (
            {"docker_config_secret": "s", "insecure": True},
            {"dockerConfigJsonSecretName": "s", "ociRegistryInsecure": True},
        ),
        (
            {"node_selector": {"a": "b"}, "tolerations": [{"key": "k"}], "service_account_name": "sa"},
            {
                "imageBuilderExtraPodSpec": {
                    "nodeSelector": {"a": "b"},
                    "tolerations": [{"key": "k"}],
                    "serviceAccountName": "sa",
                }
            },
        ),
        (
            {"pod_labels": {"l": "1"}, "pod_annotations": {"a": "1"}},
            {"imageBuilderExtraPodMetadata": {"labels": {"l": "1"}, "annotations": {"a": "1"}}},
        ),
        ({"downloader_secrets": ["s3"]}, {"downloaderContainerEnvFrom": [{"secretRef": {"name": "s3"}}]}),
        ({"attempt": 2}, {"imageBuilderExtraPodMetadata": {"annotations": {ATTEMPT: "2"}}}),
    ],
)
def test_spec(params, spec):
    assert make(**params)["spec"] == {"bentoTag": "lin:v1", **spec}


def test_labels_annotations_and_name():
    made = make(name="other", labels={"a": "b"}, annotations={"c": "d"})
    assert made["metadata"] == {"name": "other", "namespace": "yatai", "labels": {"a": "b"}, "annotations": {"c": "d"}}


def test_what_a_living_request_keeps():
    """Taking the attempt counter away would be a change of the request, and start a build."""
    live = make(attempt=3, force=True)
    again = make(live)
    assert again == live
    assert attempt_of(again) == 3
    assert again["metadata"]["annotations"] == {FORCE: "true"}
    assert attempt_of(make(live, attempt=4)) == 4
    assert attempt_of(None) == 0


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"runners": [{"name": "x"}]}, "belong to download_url"),
        ({"bentoml_version": "1"}, "belong to download_url"),
        ({"download_url": "http://x"}, "needs bentoml_version"),
        ({"env": {"A": "1"}, "build_args": {"A": "2"}}, "A are in build_args and in env"),
        ({"env": {"A": {"valueFrom": {}}}}, "env.A must be a plain value"),
        ({"build_args": {"A": ["x"]}}, "build_args.A must be a plain value"),
    ],
)
def test_refused(params, words):
    with pytest.raises(OptionError, match=words):
        make(**params)


@pytest.mark.parametrize(
    ("wanted", "configured", "missing"),
    [
        (["A"], ["--insecure-pull", "--build-arg=A"], []),
        (["A", "B"], ["--build-arg=A"], ["B"]),
        (["A"], ["--build-arg", "A"], []),
        # with a value the builder would not look at its environment
        (["A"], ["--build-arg=A=fixed"], ["A"]),
        (["A"], None, ["A"]),
        (["A"], "--build-arg=A", ["A"]),
        (["A"], ["--build-arg"], ["A"]),
    ],
)
def test_missing_build_args(wanted, configured, missing):
    assert missing_build_args(wanted, configured) == missing
