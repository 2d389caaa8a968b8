# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Each check, from facts to findings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.kube.applyset import PART_OF, applyset_id
from ansible_collections.bentobox.platform.plugins.module_utils.preflight import report
from ansible_collections.bentobox.platform.plugins.module_utils.preflight.checks import minor
from ansible_collections.bentobox.platform.plugins.module_utils.preflight.compatibility import pair
from ansible_collections.bentobox.platform.plugins.module_utils.preflight.model import (
    Component,
    Endpoint,
    Facts,
    Finding,
    NamespaceFacts,
    Pair,
    Place,
    Wanted,
)

SERVER = Component("yatai", "1.1.13", "1.22", "1.33")
BUILDER = Component("yatai_image_builder", "1.1.25", "1.26", "1.33")
OPERATOR = Component("yatai_deployment", "1.1.21", "1.23", "1.33")
AGREE = ((("yatai", "yatai_image_builder", "yatai_deployment"), "they share resources"),)
KSERVE = Component("kserve", "0.15.0", "1.30", "1.33")
KNATIVE = Component("knative", "1.19.0", "1.28", "1.33")
KSERVE_KNATIVE = Pair("kserve", "0.15", "knative", "1.15", "1.18", ("1.14",), "https://example.com/table")
DATABASE = Endpoint("postgresql", "db.example.com", 5432, "postgresql_host")

WANTED = Wanted(
    components=(SERVER, BUILDER, OPERATOR),
    agree=AGREE,
    ingress_class="traefik",
    ingress_controller="traefik.io/ingress-controller",
    storage_classes={"postgresql": "", "registry": ""},
    endpoints=(DATABASE,),
    places=(Place("yatai", "yatai-system"), Place("yatai_deployment", "yatai-deployment", ("yatai-deployment-crds",))),
    helm_minimum="3.8",
    architectures=("amd64",),
)
GOOD = Facts(
    kubernetes="v1.33.1",
    api_versions=frozenset({"apps/v1", "autoscaling/v2"}),
    ingress_classes={"traefik": "traefik.io/ingress-controller"},
    storage_classes={"local-path": True},
    nodes=("amd64",),
    namespaces={"yatai-system": NamespaceFacts("Active"), "yatai-deployment": None},
    missing_rights=(),
    endpoints={"postgresql": ""},
    helm="v3.18.3",
)


def named(name: str, wanted: Wanted, facts: Facts) -> list[Finding]:
    return [finding for finding in report.examine(wanted, facts) if finding.check == name]


def test_nothing_is_wrong() -> None:
    assert report.examine(WANTED, GOOD) == []
    assert "nothing" in report.text([])


# check, what is different in the wish, what is different in the facts, words in the finding, the variable to change
WRONG: list[tuple[str, dict[str, Any], dict[str, Any], list[str], str]] = [
    (
        "kubernetes_version",
        {},
        {"kubernetes": "v1.25.4"},
        ["1.25.4", "yatai_image_builder 1.1.25", "1.26"],
        "bentobox_release",
    ),
    ("kubernetes_version", {}, {"kubernetes": "v1.34.0-gke.1"}, ["1.34", "1.33"], "bentobox_release"),
    ("kubernetes_version", {}, {"kubernetes": "v0.0.0-master+$Format:%H$"}, ["0.0.0"], "bentobox_release"),
    ("kubernetes_version", {}, {"kubernetes": "unknown"}, ["'unknown'"], "cluster"),
    (
        "kubernetes_apis",
        {"components": (replace(OPERATOR, version="1.1.7", apis=("autoscaling/v2beta2",)),)},
        {},
        ["autoscaling/v2beta2", "yatai_deployment 1.1.7"],
        "bentobox_release",
    ),
    ("helm", {}, {"helm": None, "unknown": {"helm": "No such file"}}, ["No such file", "3.8"], "bentobox_helm_binary"),
    ("helm", {}, {"helm": "v3.7.2"}, ["v3.7.2"], "bentobox_helm_binary"),
    ("helm", {}, {"helm": "what?"}, ["what?"], "bentobox_helm_binary"),
    ("charts", {}, {"missing_files": ("/a.tgz", "/b.tgz")}, ["/a.tgz, /b.tgz"], "bentobox_artifacts_dir"),
    (
        "versions_agree",
        {"components": (SERVER, replace(BUILDER, version="1.2.26"), OPERATOR)},
        {},
        ["yatai 1.1.13", "yatai_image_builder 1.2.26", "they share resources"],
        "preflight_allow_version_mismatch",
    ),
    ("nodes", {}, {"nodes": ()}, ["no node"], "cluster"),
    ("nodes", {}, {"nodes": ("arm64", "arm64")}, ["arm64", "amd64"], "preflight_architectures"),
    ("permissions", {}, {"missing_rights": ("create secrets",)}, ["create secrets"], "bentobox_kubeconfig"),
    (
        "ingress_class",
        {},
        {"ingress_classes": {"traefik": "example.com/other"}},
        ["example.com/other"],
        "ingress_state: existing",
    ),
    (
        "ingress_class",
        {"ingress_managed": False, "ingress_class": "nginx"},
        {"ingress_classes": {"alb": "a", "haproxy": "h"}},
        ["'nginx'", "alb, haproxy"],
        "ingress_class",
    ),
    ("ingress_class", {"ingress_managed": False}, {"ingress_classes": {}}, ["none at all"], "ingress_state: present"),
    (
        "storage_class",
        {},
        {"storage_classes": {"fast": False}},
        ["no default", "postgresql, registry", "fast"],
        "postgresql_storage_class",
    ),
    ("storage_class", {}, {"storage_classes": {}}, ["none at all"], "registry_storage_class"),
    (
        "storage_class",
        {"storage_classes": {"postgresql": "slow"}},
        {"storage_classes": {"fast": True}},
        ["'slow'", "fast"],
        "postgresql_storage_class",
    ),
    (
        "endpoints",
        {},
        {"endpoints": {"postgresql": "Connection refused"}},
        ["db.example.com:5432", "refused"],
        "postgresql_host",
    ),
    ("endpoints", {}, {"endpoints": None, "probe_failed": "ErrImagePull"}, ["ErrImagePull"], "bentobox_image_registry"),
    (
        "namespaces",
        {},
        {"namespaces": {"yatai-system": NamespaceFacts("Terminating")}},
        ["'yatai-system'", "being deleted"],
        "cluster",
    ),
    (
        "namespaces",
        {},
        {"namespaces": {"yatai-system": NamespaceFacts("Active", helm_releases=("other", "yatai"))}},
        ["Helm release yatai", "yatai-system"],
        "yatai_take_ownership",
    ),
    (
        "namespaces",
        {},
        {"namespaces": {"yatai-deployment": NamespaceFacts("Active", helm_releases=("yatai-deployment-crds",))}},
        ["yatai-deployment-crds"],
        "yatai_deployment_state: existing",
    ),
    (
        "namespaces",
        {},
        {"namespaces": {"yatai-system": NamespaceFacts("Active", applysets={"yatai": "kubectl/v1.33"})}},
        ["kubectl/v1.33"],
        "yatai_namespace",
    ),
    (
        "compatibility",
        {"components": (KSERVE, KNATIVE), "pairs": (KSERVE_KNATIVE,)},
        {},
        ["kserve 0.15.0 does not go with knative 1.19.0", "1.15 to 1.18, 1.14"],
        "preflight_ignore: [compatibility]",
    ),
    (
        "compatibility",
        {"components": (KSERVE,), "pairs": (replace(KSERVE_KNATIVE, partner="kubernetes"),)},
        {},
        ["kserve 0.15.0 does not go with kubernetes v1.33.1"],
        "the cluster",
    ),
    (
        "compatibility",
        {"components": (replace(KSERVE, version="0.16.0"), KNATIVE), "pairs": (KSERVE_KNATIVE,)},
        {},
        ["nothing is known of kserve 0.16.0 with knative 1.19.0", "kserve 0.15 only"],
        "release_compatibility",
    ),
    ("cluster", {}, {"unreachable": "Connection refused"}, ["Connection refused"], "bentobox_kubeconfig"),
]


@pytest.mark.parametrize(("check", "wish", "fact", "words", "variable"), WRONG)
def test_what_is_wrong_is_said(
    check: str, wish: dict[str, Any], fact: dict[str, Any], words: list[str], variable: str
) -> None:
    findings = named(check, replace(WANTED, **wish), replace(GOOD, **fact))
    assert len(findings) == 1, findings
    finding = findings[0]
    assert finding.level == "error"
    text = "\n".join(finding.lines())
    for word in words:
        assert word in text
    assert variable in finding.variable
    assert finding.why


# check, what is different in the wish, what is different in the facts
RIGHT: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("kubernetes_version", {}, {"kubernetes": "v1.26.0+k3s1"}),
    ("kubernetes_version", {}, {"kubernetes": None}),
    ("kubernetes_apis", {"components": (replace(OPERATOR, apis=("autoscaling/v2",)),)}, {}),
    ("helm", {}, {"helm": "v4.0.0"}),
    ("helm", {"helm_minimum": "3.18"}, {}),
    ("versions_agree", {"components": (SERVER,)}, {}),
    ("compatibility", {"components": (KSERVE, replace(KNATIVE, version="1.18.2")), "pairs": (KSERVE_KNATIVE,)}, {}),
    ("compatibility", {"components": (KSERVE,), "pairs": (KSERVE_KNATIVE,)}, {}),
    (
        "compatibility",
        {
            "components": (KSERVE,),
            "pairs": (replace(KSERVE_KNATIVE, partner="kubernetes", minimum="1.30", maximum=""),),
        },
        {},
    ),
    ("nodes", {"architectures": ()}, {"nodes": ("arm64",)}),
    ("nodes", {}, {"nodes": ("arm64", "amd64")}),
    ("ingress_class", {}, {"ingress_classes": {}}),
    ("ingress_class", {"ingress_class": "", "ingress_managed": False}, {"ingress_classes": {}}),
    ("ingress_class", {"ingress_controller": ""}, {"ingress_classes": {"traefik": "example.com/other"}}),
    ("storage_class", {"storage_classes": {}}, {"storage_classes": {}}),
    ("storage_class", {"storage_classes": {"postgresql": "fast"}}, {"storage_classes": {"fast": False}}),
    ("namespaces", {}, {"namespaces": {"yatai-system": NamespaceFacts("Active", helm_releases=("other",))}}),
    (
        "namespaces",
        {"places": (Place("yatai", "yatai-system", take_ownership=True),)},
        {"namespaces": {"yatai-system": NamespaceFacts("Active", helm_releases=("yatai",))}},
    ),
    (
        "namespaces",
        {},
        {"namespaces": {"yatai-system": NamespaceFacts("Active", applysets={"yatai": "bentobox.platform/v0.1.0"})}},
    ),
    ("namespaces", {}, {"namespaces": {"yatai-system": NamespaceFacts("Active", applysets={"other": "kubectl/v1"})}}),
    (
        "namespaces",
        {},
        {
            "namespaces": {
                "yatai-system": NamespaceFacts(
                    "Active",
                    labels={PART_OF: applyset_id("yatai", "yatai-system")},
                    applysets={"yatai": "bentobox.platform/v0.1.0"},
                )
            }
        },
    ),
]


@pytest.mark.parametrize(("check", "wish", "fact"), RIGHT)
def test_what_is_right_is_not_complained_about(check: str, wish: dict[str, Any], fact: dict[str, Any]) -> None:
    assert named(check, replace(WANTED, **wish), replace(GOOD, **fact)) == []


@pytest.mark.parametrize(
    "namespace",
    [
        NamespaceFacts("Active", labels={PART_OF: "applyset-x-v1"}),
        NamespaceFacts("Active", annotations={"meta.helm.sh/release-name": "umbrella"}),
    ],
)
def test_namespace_of_somebody_else_is_a_warning(namespace: NamespaceFacts) -> None:
    findings = named("namespaces", WANTED, replace(GOOD, namespaces={"yatai-system": namespace}))
    assert [finding.level for finding in findings] == ["warning"]


def test_mismatch_that_is_wanted_is_a_warning() -> None:
    components = (SERVER, replace(BUILDER, version="1.2.26"), OPERATOR)
    wanted = replace(WANTED, components=components, allow_version_mismatch=True)
    assert [finding.level for finding in report.examine(wanted, GOOD)] == ["warning"]


def test_pair_that_our_tests_run_is_a_notice() -> None:
    wanted = replace(WANTED, components=(KSERVE, replace(KNATIVE, version="1.14.1")), pairs=(KSERVE_KNATIVE,), agree=())
    (finding,) = report.examine(wanted, GOOD)
    assert finding.level == "notice"
    assert "outside upstream's own table (1.15 to 1.18)" in finding.what
    assert report.text([finding]).startswith("preflight: 0 problem(s) to solve first, 0 warning(s), 1 notice(s)")
    ignored = replace(wanted, ignore=frozenset({"compatibility"}))
    assert report.examine(ignored, GOOD) == [finding]


def test_pair_that_the_release_takes_on_trust_is_a_warning() -> None:
    line = pair(
        {
            "component": "kserve", "version": "0.15", "with": "knative", "supported": {"min": "1.15", "max": "1.18"},
            "verified": ["1.14"], "expected": {"1.19": "the same API"}, "source": "x",
        }
    )  # fmt: skip
    wanted = replace(WANTED, components=(KSERVE, KNATIVE), pairs=(line,), agree=())
    (finding,) = report.examine(wanted, GOOD)
    assert finding.level == "warning"
    assert "the same API" in finding.why
    refused = replace(wanted, components=(KSERVE, replace(KNATIVE, version="1.20.0")))
    (finding,) = report.examine(refused, GOOD)
    assert (finding.level, finding.allowed) == ("error", "1.15 to 1.18, 1.14, 1.19")


def test_bound_that_is_not_given() -> None:
    """As the module hands it on: every option of a dictionary is there."""
    entry = {"component": "kserve", "version": "0.15", "with": "knative", "verified": [], "source": "x"}
    line = pair({**entry, "supported": {"min": "1.20", "max": None}})
    (finding,) = report.examine(replace(WANTED, components=(KSERVE, KNATIVE), pairs=(line,), agree=()), GOOD)
    assert "1.20 and later" in finding.why


def test_pair_that_is_wanted_anyway_is_a_warning() -> None:
    wanted = replace(WANTED, components=(KSERVE, KNATIVE), pairs=(KSERVE_KNATIVE,), ignore=frozenset({"compatibility"}))
    assert [finding.level for finding in report.examine(wanted, GOOD)] == ["warning"]


def test_everything_wrong_is_in_one_report_errors_first() -> None:
    wanted = replace(WANTED, ingress_managed=False, ignore=frozenset({"helm"}))
    facts = replace(
        GOOD, kubernetes="v1.20.0", helm=None, ingress_classes={}, storage_classes={}, nodes=(), missing_files=("/x",)
    )
    findings = report.examine(wanted, facts)
    assert {finding.check for finding in findings} == {
        "kubernetes_version",
        "helm",
        "ingress_class",
        "storage_class",
        "nodes",
        "charts",
    }
    assert [finding.level for finding in findings] == ["error"] * 5 + ["warning"]
    text = report.text(findings)
    assert text.startswith("preflight: 5 problem(s) to solve first, 1 warning(s)")
    assert text.count("change:") == 6


def test_server_that_is_away_keeps_nothing_else_from_being_said() -> None:
    away = Facts(unreachable="Connection refused", helm=None, missing_files=("/x",))
    assert [finding.check for finding in report.examine(WANTED, away)] == ["cluster", "helm", "charts"]


def test_what_could_not_be_found_out_is_a_warning() -> None:
    facts = replace(GOOD, nodes=None, unknown={"nodes": "nodes is forbidden"})
    (finding,) = report.examine(WANTED, facts)
    assert (finding.check, finding.level) == ("nodes", "warning")
    assert "forbidden" in finding.why


def test_every_check_has_its_place() -> None:
    assert {check for check, *_ in WRONG} - {"cluster"} == set(report.CHECKS)


@pytest.mark.parametrize(
    ("version", "expected"),
    [("v1.33.13", (1, 33)), ("1.30", (1, 30)), ("v1.29.1-gke.100", (1, 29)), ("", None), ("latest", None)],
)
def test_minor(version: str, expected: tuple[int, int] | None) -> None:
    assert minor(version) == expected


def test_component_from_the_catalogue() -> None:
    entry = {
        "name": "yatai",
        "version": "1.1.13",
        "kubernetes": {"min": "1.22", "max": "1.33", "apis": ["a/v1"]},
        "charts": {"yatai": {"ref": "/srv/charts/yatai-1.1.13.tgz"}, "x": {"ref": "https://example.com/x.tgz"}},
    }
    component = Component.of(entry)
    assert component.apis == ("a/v1",)
    assert component.chart_files == ("/srv/charts/yatai-1.1.13.tgz",)
