# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The release catalogue: reads, merges, checks and resolves it. Pure apart from reading the files."""

from __future__ import annotations

import copy
import os
import re
from typing import Any

import yaml

BUILTIN_DIRECTORY = os.path.normpath(
    os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "roles", "release", "vars")
)

# Every task of a role looks versions up in a process of its own: libyaml's parser takes a tenth of the time.
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DIGEST = re.compile(r"^sha256:[0-9a-f]{64}$")
_SHA256 = re.compile(r"^[0-9a-f]{64}$")
_MINOR = re.compile(r"^\d+\.\d+$")
_IMAGE = re.compile(
    r"^(?P<registry>[^/]+)/(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?$"
)
# The files lie among a role's variables, whose names carry the role's name.
_TOP_KEYS = {
    "release_name": "release",
    "release_base": "base",
    "release_description": "description",
    "release_components": "components",
    "release_agree": "agree",
    "release_compatibility": "compatibility",
}
_COMPONENT_KEYS = {"version", "kubernetes", "charts", "files", "images"}
_CHART_KEYS = {"version", "ref", "digest"}
_FILE_KEYS = {"version", "url", "sha256"}
_PAIR_KEYS = ("component", "version", "with", "supported", "verified", "expected", "source")


class CatalogueError(Exception):
    """The catalogue does not have what was asked for, or is not well formed."""


def directories(extra: str | None) -> list[str]:
    """Where releases are looked for: the user's folder first, then the collection's own."""
    return [os.path.expanduser(extra), BUILTIN_DIRECTORY] if extra else [BUILTIN_DIRECTORY]


def available(search: list[str]) -> list[str]:
    """Names of all releases that can be asked for."""
    names = set()
    for directory in search:
        if os.path.isdir(directory):
            names |= {entry[:-4] for entry in os.listdir(directory) if entry.endswith(".yml")}
    return sorted(names - {"main"})


def merge(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Deep merge; a null in the changes takes the key away, lists are replaced."""
    result = dict(base)
    for key, value in changes.items():
        if value is None:
            result.pop(key, None)
        elif isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merge(result[key], value)
        else:
            result[key] = copy.deepcopy(value)
    return result


def load(release: str, search: list[str], _seen: tuple[str, ...] = ()) -> dict[str, Any]:
    """One release with its bases merged, checked."""
    if release in _seen:
        raise CatalogueError(f"release {release!r}: its bases go in a circle: {' -> '.join((*_seen, release))}")
    data = _read(release, search)
    base = data.pop("base", None)
    if base is not None:
        data = merge(load(str(base), search, (*_seen, release)), data)
    problems = problems_of(data)
    if problems:
        raise CatalogueError(f"release {release!r} is not well formed: {'; '.join(problems)}")
    return data


def _read(release: str, search: list[str]) -> dict[str, Any]:
    # the name becomes part of a path: nothing that could leave the folder
    if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", release):
        for directory in search:
            path = os.path.join(directory, f"{release}.yml")
            if os.path.isfile(path):
                return _parse(release, path)
    raise CatalogueError(
        f"there is no release {release!r}; there are: {', '.join(available(search)) or 'none'} "
        f"(looked in {', '.join(search)}). Change bentobox_release, or set bentobox_release_directory to the folder "
        "of your own releases."
    )


def _parse(release: str, path: str) -> dict[str, Any]:
    try:
        with open(path, encoding="utf-8") as handle:
            data = yaml.load(handle, Loader=_LOADER)  # noqa: S506  # one of the safe ones
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise CatalogueError(f"release {release!r} cannot be read from {path}: {error}") from error
    if not isinstance(data, dict):
        raise CatalogueError(f"release {release!r} in {path} is not a mapping")
    unknown = sorted(str(key) for key in data if key not in _TOP_KEYS)
    if unknown:
        raise CatalogueError(f"{path} has unknown keys: {', '.join(unknown)}; known are {', '.join(_TOP_KEYS)}")
    if data.get("release_name") != release:
        raise CatalogueError(f"{path} says it is release {data.get('release_name')!r}, its file name says {release!r}")
    return {_TOP_KEYS[key]: value for key, value in data.items()}


def problems_of(data: dict[str, Any]) -> list[str]:
    """What is wrong with a merged release, as sentences; empty when it is well formed."""
    components = data.get("components")
    if not isinstance(components, dict) or not components:
        return ["it has no components"]
    found: list[str] = []
    for name, component in components.items():
        found += [f"component {name}: {text}" for text in _component_problems(component)]
    for group in data.get("agree", []):
        names = group.get("components") if isinstance(group, dict) else None
        if not isinstance(names, list) or len(names) < 2 or not group.get("reason"):
            found.append(f"an agree group needs components (two or more) and a reason: {group!r}")
            continue
        found += [f"agree names an unknown component {name!r}" for name in names if name not in components]
    for line in data.get("compatibility", []):
        found += _pair_problems(line, components)
    return found


def _pair_problems(line: Any, components: dict[str, Any]) -> list[str]:
    if not isinstance(line, dict) or set(line) - set(_PAIR_KEYS):
        return [f"a line of compatibility has {', '.join(_PAIR_KEYS)}: {line!r}"]
    name = f"compatibility of {line.get('component')!r} with {line.get('with')!r}"
    known = {*components, "kubernetes"}
    found = [
        f"{name}: there is no component {one!r}"
        for one in (line.get("component"), line.get("with"))
        if one not in known
    ]
    bounds = line.get("supported") or {}
    expected = line.get("expected") or {}
    minors = [line.get("version"), *bounds.values(), *(line.get("verified") or []), *expected]
    if not bounds or not all(isinstance(one, str) and _MINOR.match(one) for one in minors):
        found.append(
            f"{name}: version, supported.min, supported.max, verified and expected are quoted minor versions such as "
            '"1.33"'
        )
    found += [f"{name}: expected {one} needs a reason" for one in expected if not expected[one]]
    return found if line.get("source") else [*found, f"{name}: it needs a source"]


def _component_problems(component: Any) -> list[str]:
    if not isinstance(component, dict):
        return ["is not a mapping"]
    found = [f"unknown key {key!r}" for key in sorted(set(component) - _COMPONENT_KEYS)]
    if not isinstance(component.get("version"), str):
        found.append("version must be a quoted text")
    kubernetes = component.get("kubernetes")
    for bound in ("min", "max"):
        value = kubernetes.get(bound) if isinstance(kubernetes, dict) else None
        if not isinstance(value, str) or not _MINOR.match(value):
            found.append(f'kubernetes.{bound} must be a quoted minor version such as "1.33"')
    for name, chart in component.get("charts", {}).items():
        found += [f"chart {name}: unknown key {key!r}" for key in sorted(set(chart) - _CHART_KEYS)]
        if not isinstance(chart.get("version"), str):
            found.append(f"chart {name}: version must be a quoted text")
        if "digest" in chart and not _DIGEST.match(str(chart["digest"])):
            found.append(f"chart {name}: digest must be sha256: and 64 hexadecimal digits")
    for name, entry in component.get("files", {}).items():
        found += [f"file {name}: unknown key {key!r}" for key in sorted(set(entry) - _FILE_KEYS)]
        if not isinstance(entry.get("version"), str):
            found.append(f"file {name}: version must be a quoted text")
        if "sha256" in entry and not _SHA256.match(str(entry["sha256"])):
            found.append(f"file {name}: sha256 must be 64 hexadecimal digits")
    for key, image in component.get("images", {}).items():
        match = _IMAGE.match(str(image))
        if not match or "." not in match["registry"] or not (match["tag"] or match["digest"]):
            found.append(f"image {key}: {image!r} must be <registry host>/<name>:<tag>[@sha256:...]")
    return found


def image_parts(image: str) -> dict[str, str]:
    """A full image name in the parts that charts want: registry, repository, name, tag, digest, reference."""
    match = _IMAGE.match(image)
    if not match:
        raise CatalogueError(f"{image!r} is not <registry>/<name>:<tag>[@sha256:...]")
    parts = {key: value or "" for key, value in match.groupdict().items()}
    parts["name"] = f"{parts['registry']}/{parts['repository']}"
    parts["reference"] = "@".join(part for part in (parts["tag"], parts["digest"]) if part)
    return parts


def mirrored(image: str, mirror: str | dict[str, str]) -> str:
    """The image's name in a mirror: below one prefix, or below the prefix given for its upstream registry."""
    if not mirror:
        return image
    if isinstance(mirror, dict):
        registry, _slash, rest = image.partition("/")
        prefix = mirror.get(registry, registry)
        return f"{prefix.rstrip('/')}/{rest}"
    # The upstream host stays part of the name, so that two registries with the same path cannot collide.
    return f"{mirror.rstrip('/')}/{image}"


def resolve(
    data: dict[str, Any], name: str, artifacts_dir: str = "", image_registry: str | dict[str, str] = ""
) -> dict[str, Any]:
    """One component ready for use: charts with the place to take them from, images as this site names them."""
    components = data["components"]
    if name not in components:
        raise CatalogueError(
            f"release {data['release']!r} has no component {name!r}; it has: {', '.join(sorted(components))}"
        )
    component = copy.deepcopy(components[name])
    charts: dict[str, dict[str, str]] = {}
    for chart, entry in component.get("charts", {}).items():
        reference = entry.get("ref", "")
        if artifacts_dir:
            reference = f"{artifacts_dir.rstrip('/')}/charts/{chart}-{entry['version']}.tgz"
        if not reference:
            raise CatalogueError(
                f"release {data['release']!r} has no upstream address for the chart {chart!r} of {name!r}: set "
                f"bentobox_artifacts_dir to a folder that has charts/{chart}-{entry['version']}.tgz"
            )
        charts[chart] = {
            "name": chart,
            "version": entry["version"],
            "ref": reference,
            "digest": entry.get("digest", ""),
        }
    files = {
        key: _file(data["release"], name, key, entry, artifacts_dir)
        for key, entry in component.get("files", {}).items()
    }
    images = {key: mirrored(image, image_registry) for key, image in component.get("images", {}).items()}
    return {
        "name": name,
        "release": data["release"],
        "version": component["version"],
        "kubernetes": {"apis": [], **component["kubernetes"]},
        "charts": charts,
        "files": files,
        "images": images,
        "image_parts": {key: image_parts(image) for key, image in images.items()},
    }


def _file(release: str, component: str, name: str, entry: dict[str, str], artifacts_dir: str) -> dict[str, str]:
    """One release file as the module component takes it: its path or URL, and its checksum where it is known."""
    if artifacts_dir:
        place = {"path": f"{artifacts_dir.rstrip('/')}/files/{name}-{entry['version']}.yaml"}
    elif entry.get("url"):
        place = {"url": entry["url"]}
    else:
        raise CatalogueError(
            f"release {release!r} has no upstream address for the file {name!r} of {component!r}: set "
            f"bentobox_artifacts_dir to a folder that has files/{name}-{entry['version']}.yaml"
        )
    return {**place, "sha256": entry["sha256"]} if "sha256" in entry else place


def resolve_all(
    data: dict[str, Any], artifacts_dir: str = "", image_registry: str | dict[str, str] = ""
) -> dict[str, Any]:
    """The whole release, every component resolved."""
    return {
        "release": data["release"],
        "description": data.get("description", ""),
        "agree": data.get("agree", []),
        "compatibility": data.get("compatibility", []),
        "components": {name: resolve(data, name, artifacts_dir, image_registry) for name in data["components"]},
    }
