# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The release catalogue: what we ship, and how releases are merged, checked and resolved."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.bentobox.platform.plugins.plugin_utils import catalogue

SHIPPED = catalogue.available(catalogue.directories(None))


def minimal(**component: Any) -> dict[str, Any]:
    one = {"version": "1.2.3", "kubernetes": {"min": "1.29", "max": "1.33"}, **component}
    return {"release": "r", "components": {"one": one}}


def write(directory: Path, name: str, data: dict[str, Any]) -> None:
    names = {"release": "release_name"}
    prefixed = {names.get(key, f"release_{key}"): value for key, value in data.items()}
    (directory / f"{name}.yml").write_text(yaml.safe_dump(prefixed))


def load(directory: Path, name: str) -> dict[str, Any]:
    return catalogue.load(name, [str(directory)])


def test_every_release_is_shipped() -> None:
    assert SHIPPED == ["2025.07", "2026.11", "lab-2025.07"]


@pytest.mark.parametrize("release", SHIPPED)
def test_every_release_has_the_same_components(release: str) -> None:
    """The roles look each of them up."""
    reference = set(catalogue.load("2025.07", catalogue.directories(None))["components"])
    assert set(catalogue.load(release, catalogue.directories(None))["components"]) == reference


@pytest.mark.parametrize("release", SHIPPED)
def test_shipped_release_is_well_formed_and_resolves(release: str) -> None:
    data = catalogue.load(release, catalogue.directories(None))
    whole = catalogue.resolve_all(data, artifacts_dir="/srv/artifacts")
    assert len(whole["components"]) >= 9
    for name, component in whole["components"].items():
        assert component["images"] or component["files"], name
        for image in component["images"].values():
            assert "latest" not in image
        for chart in component["charts"].values():
            assert chart["ref"] == f"/srv/artifacts/charts/{chart['name']}-{chart['version']}.tgz"
        for file, entry in component["files"].items():
            assert entry["path"].startswith(f"/srv/artifacts/files/{file}-")


def has_address(component: dict[str, Any]) -> None:
    """Everything of it can be taken from upstream, charts in the form of their place."""
    for chart in component["charts"].values():
        address = chart["ref"]
        in_registry = address.startswith("oci://") and address.endswith(f"/{chart['name']}")
        packed = address.startswith("https://") and address.endswith(f"/{chart['name']}-{chart['version']}.tgz")
        assert in_registry or packed, address
    for file in component["files"].values():
        assert file["url"].startswith("https://")


@pytest.mark.parametrize("release", SHIPPED)
def test_parts_that_must_agree_do(release: str) -> None:
    data = catalogue.load(release, catalogue.directories(None))
    for group in data["agree"]:
        minors = {tuple(data["components"][name]["version"].split(".")[:2]) for name in group["components"]}
        assert len(minors) == 1, group


def test_reference_release_pins_what_was_asked_for() -> None:
    whole = catalogue.resolve_all(catalogue.load("2025.07", catalogue.directories(None)))
    versions = {name: component["version"] for name, component in whole["components"].items()}
    assert versions["yatai"] == "1.1.13"
    assert versions["yatai_image_builder"] == "1.1.25"
    assert versions["yatai_deployment"] == "1.1.21"
    assert versions["cert_manager"] == "1.18.1"
    assert versions["istio"] == "1.26.2"
    assert versions["knative"] == "1.14.1"
    assert versions["kserve"] == "0.15.0"
    assert versions["envoy_gateway"] == "1.4.2"
    assert versions["envoy_ai_gateway"] == "0.2.1"
    for component in whole["components"].values():
        has_address(component)


def test_current_release() -> None:
    """One version is written into charts, files and images alike, and nothing of the release below it is left over."""
    whole = catalogue.resolve_all(catalogue.load("2026.11", catalogue.directories(None)))
    versions = {name: component["version"] for name, component in whole["components"].items()}
    assert versions["envoy_ai_gateway"] == "1.0.0"
    assert versions["envoy_gateway"] == "1.9.1"
    assert versions["yatai"] == "1.1.13"
    for name, component in whole["components"].items():
        has_address(component)
        if name in ("cert_manager", "istio", "kserve", "envoy_gateway", "envoy_ai_gateway"):
            assert {chart["version"].lstrip("v") for chart in component["charts"].values()} == {versions[name]}, name
    for file in whole["components"]["knative"]["files"].values():
        assert "/knative-v1.21." in file["url"]
    for key, image in whole["components"]["knative"]["image_parts"].items():
        assert key == "net_kourier_gateway" or (image["tag"].startswith("v1.21.") and image["digest"]), key
    others = {"rbac_proxy", "torchserve", "mlserver", "tfserving", "tritonserver"}
    tags = {key: image["tag"] for key, image in whole["components"]["kserve"]["image_parts"].items()}
    assert {tag for key, tag in tags.items() if key not in others} == {"v0.20.0"}


def test_a_file_without_an_address_says_what_to_set(tmp_path: Path) -> None:
    component = {
        "version": "1",
        "kubernetes": {"min": "1.30", "max": "1.33"},
        "files": {"crds": {"version": "1"}, "more": {"version": "2", "url": "https://x.example/m", "sha256": "a" * 64}},
    }
    write(tmp_path, "mine", {"name": "mine", "components": {"thing": component}})
    data = load(tmp_path, "mine")
    with pytest.raises(
        catalogue.CatalogueError, match=r"bentobox_artifacts_dir to a folder that has files/crds-1\.yaml"
    ):
        catalogue.resolve(data, "thing")
    found = catalogue.resolve(data, "thing", artifacts_dir="/srv")["files"]
    assert found == {
        "crds": {"path": "/srv/files/crds-1.yaml"},
        "more": {"path": "/srv/files/more-2.yaml", "sha256": "a" * 64},
    }


def test_a_file_is_checked(tmp_path: Path) -> None:
    component = {"version": "1", "kubernetes": {"min": "1.30", "max": "1.33"}, "files": {"crds": {"sha256": "short"}}}
    write(tmp_path, "mine", {"name": "mine", "components": {"thing": component}})
    with pytest.raises(catalogue.CatalogueError, match=r"file crds: version must be.*sha256 must be 64"):
        load(tmp_path, "mine")


@pytest.mark.parametrize("release", ["2026.11", "lab-2025.07"])
def test_release_on_top_of_another_only_has_differences(release: str) -> None:
    base = yaml.safe_load(Path(catalogue.BUILTIN_DIRECTORY, "2025.07.yml").read_text())
    ours = yaml.safe_load(Path(catalogue.BUILTIN_DIRECTORY, f"{release}.yml").read_text())

    def repeated(ours: dict[str, Any], theirs: dict[str, Any], where: str) -> list[str]:
        found = []
        for key, value in ours.items():
            if isinstance(value, dict) and isinstance(theirs.get(key), dict):
                found += repeated(value, theirs[key], f"{where}.{key}")
            elif key in theirs and value == theirs[key] and key not in ("min", "max"):
                found.append(f"{where}.{key}")
        return found

    assert repeated(ours["release_components"], base["release_components"], "components") == []


def test_release_for_the_lab_has_no_chart_upstream() -> None:
    data = catalogue.load("lab-2025.07", catalogue.directories(None))
    with pytest.raises(catalogue.CatalogueError, match=r"bentobox_artifacts_dir .* charts/yatai-1\.1\.13\.tgz"):
        catalogue.resolve(data, "yatai")


def test_merge() -> None:
    base = {"a": {"x": 1, "y": {"z": 2}}, "l": [1, 2], "gone": 1}
    merged = catalogue.merge(base, {"a": {"y": {"z": None, "w": 3}}, "l": [3], "gone": None})
    assert merged == {"a": {"x": 1, "y": {"w": 3}}, "l": [3]}
    assert base == {"a": {"x": 1, "y": {"z": 2}}, "l": [1, 2], "gone": 1}


def test_own_release_on_top_of_a_shipped_one(tmp_path: Path) -> None:
    write(tmp_path, "mine", {"release": "mine", "base": "2025.07", "components": {"yatai": {"version": "1.1.12"}}})
    data = catalogue.load("mine", catalogue.directories(str(tmp_path)))
    assert catalogue.resolve(data, "yatai")["version"] == "1.1.12"
    assert catalogue.resolve(data, "yatai")["release"] == "mine"
    assert catalogue.resolve(data, "cert_manager")["version"] == "1.18.1"


def test_circle_of_bases(tmp_path: Path) -> None:
    write(tmp_path, "a", {"release": "a", "base": "b"})
    write(tmp_path, "b", {"release": "b", "base": "a"})
    with pytest.raises(catalogue.CatalogueError, match="circle: a -> b -> a"):
        load(tmp_path, "a")


@pytest.mark.parametrize("name", ["2024.01", "../../../etc/passwd", "", ".hidden"])
def test_unknown_release_lists_what_there_is(name: str) -> None:
    with pytest.raises(catalogue.CatalogueError, match=r"2025\.07, 2026\.11, lab-2025\.07.*bentobox_release") as caught:
        catalogue.load(name, catalogue.directories(None))
    assert repr(name) in str(caught.value)


def test_unknown_component_lists_what_there_is() -> None:
    with pytest.raises(catalogue.CatalogueError, match=r"no component 'yatia'.*cert_manager.*yatai_image_builder"):
        catalogue.resolve(catalogue.load("2025.07", catalogue.directories(None)), "yatia")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"release": "r"}, "no components"),
        (minimal(version=1.2), "version must be a quoted text"),
        (minimal(kubernetes={"min": "1.29", "max": 1.33}), "kubernetes.max"),
        (minimal(kubernetes={"min": "1.29.1", "max": "1.33"}), "kubernetes.min"),
        (minimal(chart={}), "unknown key 'chart'"),
        (minimal(charts={"c": {"version": "1", "digest": "sha256:abc"}}), "64 hexadecimal"),
        (minimal(charts={"c": {"ref": "https://x"}}), "chart c: version"),
        (minimal(charts={"c": {"version": "1", "sha": "x"}}), "unknown key 'sha'"),
        (minimal(images={"i": "busybox:1"}), "registry host"),
        (minimal(images={"i": "docker.io/library/busybox"}), "registry host"),
        ({**minimal(), "agree": [{"components": ["one", "two"], "reason": "x"}]}, "unknown component 'two'"),
        ({**minimal(), "agree": [{"components": ["one"]}]}, "needs components"),
    ],
)
def test_malformed_release(tmp_path: Path, data: dict[str, Any], words: str) -> None:
    write(tmp_path, "r", data)
    with pytest.raises(catalogue.CatalogueError, match=words):
        load(tmp_path, "r")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("a: [", "cannot be read"),
        ("- a", "not a mapping"),
        ("release_name: other", "says it is release 'other'"),
        ("components: {}", "unknown keys: components"),
    ],
)
def test_unreadable_release(tmp_path: Path, content: str, words: str) -> None:
    (tmp_path / "r.yml").write_text(content)
    with pytest.raises(catalogue.CatalogueError, match=words):
        load(tmp_path, "r")


@pytest.mark.parametrize(
    ("mirror", "expected"),
    [
        ("", "quay.io/bentoml/yatai:1.1.13"),
        ("registry.example.com/mirror/", "registry.example.com/mirror/quay.io/bentoml/yatai:1.1.13"),
        ({"quay.io": "registry.example.com:5000/quay"}, "registry.example.com:5000/quay/bentoml/yatai:1.1.13"),
        ({"docker.io": "registry.example.com"}, "quay.io/bentoml/yatai:1.1.13"),
    ],
)
def test_mirror(mirror: Any, expected: str) -> None:
    data = catalogue.load("2025.07", catalogue.directories(None))
    component = catalogue.resolve(data, "yatai", image_registry=mirror)
    assert component["images"]["yatai"] == expected
    parts = component["image_parts"]["yatai"]
    assert f"{parts['name']}:{parts['reference']}" == expected
    assert f"{parts['registry']}/{parts['repository']}" == parts["name"]


def test_image_with_a_digest_in_parts() -> None:
    digest = "sha256:" + "0" * 64
    parts = catalogue.image_parts(f"registry.example.com:5000/a/b:1@{digest}")
    assert parts == {
        "registry": "registry.example.com:5000",
        "repository": "a/b",
        "name": "registry.example.com:5000/a/b",
        "tag": "1",
        "digest": digest,
        "reference": f"1@{digest}",
    }
