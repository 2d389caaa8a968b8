# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tags, object names, image references, quantities."""

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.serving.errors import OptionError
from ansible_collections.bentobox.platform.plugins.module_utils.serving.names import object_name, parse_image, parse_tag
from ansible_collections.bentobox.platform.plugins.module_utils.serving.quantity import same


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("iris:v1", ("iris", "v1")),
        ("Iris:V1", ("iris", "v1")),
        (" lin:vavuapxftcl4yax4 ", ("lin", "vavuapxftcl4yax4")),
        ("a.b-c_d:1.0", ("a.b-c_d", "1.0")),
    ],
)
def test_tag(text, expected):
    assert tuple(parse_tag(text)) == expected


@pytest.mark.parametrize(
    "text", ["iris", "iris:", "iris:latest", ":v1", "iris:v1:2", "-iris:v1", "iris:v1-", "iris:" + "v" * 64, "a/b:v1"]
)
def test_tag_refused(text):
    with pytest.raises(OptionError, match=r"iris:v1|is not a tag|exact version"):
        parse_tag(text)


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("lin:vavuapxftcl4yax4", "lin--vavuapxftcl4yax4"),
        ("iris_clf:1.0", "iris-clf--1-0"),
        ("a" * 30 + ":" + "b" * 31, "a" * 30 + "--" + "b" * 31),
    ],
)
def test_object_name(tag, expected):
    name = object_name(parse_tag(tag))
    assert name == expected
    assert len(name) <= 63


def test_object_name_of_a_long_tag_is_a_hash():
    name = object_name(parse_tag("a" * 31 + ":" + "b" * 31))
    assert name == "bento-" + hashlib.md5(b"a" * 31 + b":" + b"b" * 31, usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ("127.0.0.1:5000/yatai-bentos:yatai.lin.v1", ("127.0.0.1:5000", "yatai-bentos", "yatai.lin.v1")),
        ("registry.example.org/a/b/c:v1", ("registry.example.org", "a/b/c", "v1")),
        ("localhost/x", ("localhost", "x", "latest")),
        ("busybox", ("docker.io", "library/busybox", "latest")),
        ("user/repo:t", ("docker.io", "user/repo", "t")),
        ("quay.io/a/b:t@sha256:12", ("quay.io", "a/b", "sha256:12")),
    ],
)
def test_image(image, expected):
    assert tuple(parse_image(image)) == expected


@pytest.mark.parametrize(
    ("one", "other", "equal"),
    [
        ("1", "1000m", True),
        ("1Gi", "1024Mi", True),
        ("0.1", "100m", True),
        ("1G", "1Gi", False),
        ("500Mi", "500M", False),
        ("", "1", False),
        ("2", "2", True),
        ("1e3", "1k", True),
        ("odd", "odd", True),
    ],
)
def test_quantity(one, other, equal):
    assert same(one, other) is equal
