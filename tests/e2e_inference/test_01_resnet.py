# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The second framework: another tenant's ResNet, served by PyTorch from the platform's own object store."""

from __future__ import annotations

import base64
import struct
import zlib
from typing import Any

import pytest
from ansible_collections.bentobox.platform.tests.e2e.helpers.cluster import Cluster
from ansible_collections.bentobox.platform.tests.support.waiting import eventually

from .client import Client

V1, V2 = "/v1/models/pytorch-resnet:predict", "/v2/models/pytorch-resnet/infer"
SELECTOR = "serving.kserve.io/inferenceservice=pytorch-resnet"
SIDE = 224
Pixel = tuple[int, int, int]
# What torchvision's resnet18 with weights drawn from make.py's seed says; computed once, without the server.
CLASSES = [29, 462, 442, 138, 132]
GREY = (128, 128, 128)


def png(rows: list[list[Pixel]]) -> dict[str, str]:
    """A picture as the server takes it."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 8, 2, 0, 0, 0)
    pixels = b"".join(b"\0" + bytes(value for pixel in row for value in pixel) for row in rows)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return {"b64": base64.b64encode(b"\x89PNG\r\n\x1a\n" + data).decode()}


def stripes() -> list[list[Pixel]]:
    return [[(255 * (place // 32 % 2), place, row) for place in range(256)] for row in range(256)]


def ask(client: Client, *images: Any, tenant: str = "tenant-c") -> Any:
    answer = client.ask(V1, {"instances": list(images)}, tenant=tenant)
    assert answer.status == 200, answer.text
    return answer.json["predictions"]


def test_a_picture_has_the_classes_that_its_seed_gives(client: Client) -> None:
    picture = png(stripes())
    [first] = ask(client, picture)
    assert first["classes"] == CLASSES
    assert first["scores"] == sorted(first["scores"], reverse=True)
    assert 0 < first["scores"][0] < 1
    again = ask(client, picture, png([[GREY] * 64] * 64), picture)
    assert [each["classes"] for each in again[::2]] == [CLASSES, CLASSES]
    assert again[1]["scores"] != first["scores"], "another picture is answered otherwise"


def test_both_protocols_and_both_forms_of_an_image_agree(client: Client) -> None:
    value = GREY[0] / 255
    plane = [[value] * SIDE] * SIDE
    [picture, numbers] = ask(client, png([[GREY] * SIDE] * SIDE), [plane] * 3)
    assert picture["classes"] == numbers["classes"]
    assert picture["scores"] == pytest.approx(numbers["scores"], rel=1e-4)
    tensor = {"name": "images", "datatype": "FP32", "shape": [1, 3, SIDE, SIDE], "data": [value] * (3 * SIDE * SIDE)}
    answer = client.ask(V2, {"inputs": [tensor]}, tenant="tenant-c")
    assert answer.status == 200, answer.text
    outputs = {output["name"]: output["data"] for output in answer.json["outputs"]}
    assert outputs["classes"] == numbers["classes"]


def test_what_is_no_image_is_refused(client: Client) -> None:
    for body in ({"instances": [{"b64": "no picture"}]}, {"instances": [[1, 2, 3]]}, {"instances": []}, {}):
        answer = client.ask(V1, body, tenant="tenant-c")
        assert answer.status == 400, answer.text
        assert "image" in answer.text or "b64" in answer.text


@pytest.mark.parametrize("tenant", ["tenant-a", "tenant-b"])
def test_token_of_another_tenant(client: Client, tenant: str) -> None:
    assert client.ask(V1, {"instances": []}, tenant=tenant).status == 403
    assert client.ask(V2, {"inputs": []}, tenant=tenant).status == 403


def test_its_token_opens_no_other_model(client: Client) -> None:
    assert client.ask(tenant="tenant-c").status == 403
    assert client.chat(tenant="tenant-c").status == 403


def test_it_sleeps_and_wakes(client: Client, cluster: Cluster) -> None:
    eventually(lambda: not cluster.pods("tenant-c", SELECTOR), "the model sleeps", 300, 2)
    picture = png(stripes())
    woken = client.ask(V1, {"instances": [picture]}, tenant="tenant-c")
    assert woken.status == 200, woken.text
    [pod] = cluster.pods("tenant-c", SELECTOR)
    [initializer] = [one for one in pod["spec"]["initContainers"] if one["name"] == "storage-initializer"]
    assert initializer["args"][0] == "s3://models/tenant-c/pytorch-resnet"
    warm = client.ask(V1, {"instances": [picture]}, tenant="tenant-c")
    assert warm.json == woken.json
    print(f"cold start: {woken.seconds:.1f} s; warm: {warm.seconds * 1000:.0f} ms")
