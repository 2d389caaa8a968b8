# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which versions the shipped releases let go together: their own tables, as preflight reads them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.bentobox.platform.plugins.module_utils.preflight.checks import minor
from ansible_collections.bentobox.platform.plugins.module_utils.preflight.compatibility import compatibility, pair
from ansible_collections.bentobox.platform.plugins.module_utils.preflight.model import (
    Component,
    Facts,
    Finding,
    Wanted,
)
from ansible_collections.bentobox.platform.plugins.plugin_utils import catalogue

SHIPPED = catalogue.available(catalogue.directories(None))


def judged(release: str, kubernetes: str, changes: dict[str, str] | None = None) -> list[Finding]:
    """What preflight says of a release, of which some versions are others."""
    whole = catalogue.resolve_all(catalogue.load(release, catalogue.directories(None)), artifacts_dir="/srv")
    components = tuple(
        Component.of({**entry, "version": (changes or {}).get(name, entry["version"])})
        for name, entry in whole["components"].items()
    )
    wanted = Wanted(components=components, pairs=tuple(pair(line) for line in whole["compatibility"]))
    return compatibility(wanted, Facts(kubernetes=f"v{kubernetes}.0"))


def allowed(release: str) -> tuple[str, str]:
    """Oldest and newest Kubernetes that all components of a release allow."""
    ranges = [one["kubernetes"] for one in catalogue.load(release, catalogue.directories(None))["components"].values()]
    oldest, newest = (
        max(minor(one["min"]) or (0, 0) for one in ranges),
        min(minor(one["max"]) or (0, 0) for one in ranges),
    )
    assert oldest <= newest
    return f"{oldest[0]}.{oldest[1]}", f"{newest[0]}.{newest[1]}"


@pytest.mark.parametrize("release", SHIPPED)
def test_shipped_release_goes_together(release: str) -> None:
    """No pair of a release is refused by its own table, on a Kubernetes that all its components allow."""
    _oldest, newest = allowed(release)
    assert [finding.what for finding in judged(release, newest) if finding.level == "error"] == []


@pytest.mark.parametrize("kubernetes", ["1.33", "1.34", "1.35"])
def test_current_release_goes_together_on_every_kubernetes_it_allows(kubernetes: str) -> None:
    oldest, newest = allowed("2026.11")
    assert (oldest, newest) == ("1.33", "1.35")
    assert [finding.what for finding in judged("2026.11", kubernetes) if finding.level == "error"] == []


@pytest.mark.parametrize("release", SHIPPED)
def test_ranges_of_kubernetes_are_those_of_the_table(release: str) -> None:
    """Both say it: the ends of a component's range are in the table's, or in what we run or expect outside of it."""
    data = catalogue.load(release, catalogue.directories(None))
    checked = []
    for entry in data["compatibility"]:
        component = data["components"][entry["component"]]
        if entry["with"] != "kubernetes" or not component["version"].startswith(f"{entry['version']}."):
            continue
        line = pair(entry)
        known = Component.of({"name": line.component, **component})
        for end in (known.minimum, known.maximum):
            findings = compatibility(Wanted(components=(known,), pairs=(line,)), Facts(kubernetes=f"v{end}.0"))
            assert [finding.what for finding in findings if finding.level == "error"] == []
        checked.append(line.component)
    assert {"istio", "knative", "kserve", "envoy_gateway", "envoy_ai_gateway"} <= set(checked)


# versions that are others, version of Kubernetes, what the message says
@pytest.mark.parametrize(
    ("changes", "kubernetes", "words"),
    [
        ({"envoy_gateway": "1.7.0"}, "1.34", ["1.0.0 does not go with envoy_gateway 1.7.0", "1.8 and later"]),
        ({"gateway_api": "1.5.1"}, "1.34", ["envoy_gateway 1.9.1 does not go with gateway_api 1.5.1", "possible: 1.6"]),
        ({"istio": "1.29.2"}, "1.34", ["nothing is known of istio 1.29.2 with kubernetes", "istio 1.30 only"]),
        ({"knative": "1.14.1"}, "1.34", ["kserve 0.20.0 does not go with knative 1.14.1", "possible: 1.19 to 1.21"]),
        ({"kserve": "0.15.0"}, "1.34", ["nothing is known of kserve 0.15.0 with knative 1.21.2", "kserve 0.20 only"]),
        ({"cert_manager": "1.11.5"}, "1.34", ["kserve 0.20.0 does not go with cert_manager 1.11.5", "1.15 and later"]),
        ({}, "1.32", ["knative 1.21.2 does not go with kubernetes v1.32.0", "possible: 1.33 to 1.35"]),
        ({}, "1.36", ["kserve 0.20.0 does not go with kubernetes v1.36.0", "possible: 1.32 to 1.34, 1.35"]),
    ],
)  # fmt: skip
def test_pairs_that_the_current_release_refuses(changes: dict[str, str], kubernetes: str, words: list[str]) -> None:
    findings = judged("2026.11", kubernetes, changes)
    text = "\n".join(line for finding in findings if finding.level == "error" for line in finding.lines())
    for word in words:
        assert word in text
    assert "preflight_ignore: [compatibility]" in text


def test_what_the_current_release_takes_on_trust_is_a_warning_with_its_reason() -> None:
    findings = judged("2026.11", "1.34")
    levels = {finding.what: (finding.level, finding.why) for finding in findings}
    assert sorted(what.partition(" is ")[0] for what in levels) == [
        "envoy_ai_gateway 1.0.0 with gateway_api 1.6.1",
        "istio 1.30.4 with gateway_api 1.6.1",
        "knative 1.21.2 with istio 1.30.4",
        "kserve 0.20.0 with istio 1.30.4",
    ]
    warnings = {what: why for what, (level, why) in levels.items() if level == "warning"}
    assert len(warnings) == 3
    assert all(why.startswith("the release takes the pair all the same: ") for why in warnings.values())


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"with": "other", "version": "1.2.3"}, r"no component 'other'.*quoted minor versions.*needs a source"),
        ({"expected": {1.31: "why"}, "source": "x"}, "quoted minor versions"),
        ({"expected": {"1.31": ""}, "source": "x"}, r"expected 1\.31 needs a reason"),
        (
            {"sources": "x"},
            "a line of compatibility has component, version, with, supported, verified, expected, source",
        ),
    ],
)
def test_compatibility_is_checked(tmp_path: Path, line: dict[str, Any], words: str) -> None:
    components = {"thing": {"version": "1", "kubernetes": {"min": "1.30", "max": "1.33"}}}
    made = {"component": "thing", "version": "1.2", "with": "kubernetes", "supported": {"min": "1.2"}, **line}
    text = {"release_name": "mine", "release_components": components, "release_compatibility": [made]}
    (tmp_path / "mine.yml").write_text(yaml.safe_dump(text))
    with pytest.raises(catalogue.CatalogueError, match=words):
        catalogue.load("mine", [str(tmp_path)])
