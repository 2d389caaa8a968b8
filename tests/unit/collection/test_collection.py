"""What must agree across the collection: metadata, action group, house rules."""

from __future__ import annotations

import ast
import re
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml

TOP = Path(__file__).resolve().parents[3]
MODULES = sorted((TOP / "plugins" / "modules").glob("*.py"))
ROLES = sorted(path for path in (TOP / "roles").iterdir() if path.is_dir())
SUBJECTS = sorted(
    path for path in (TOP / "plugins" / "module_utils").iterdir() if path.is_dir() and path.name != "__pycache__"
)


def documentation(module: Path) -> dict:
    for node in ast.parse(module.read_text()).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "DOCUMENTATION":
            return yaml.safe_load(ast.literal_eval(node.value))
    raise AssertionError(f"{module.name} has no DOCUMENTATION")


def fragments(module: Path) -> list[str]:
    wanted = documentation(module).get("extends_documentation_fragment", [])
    return [wanted] if isinstance(wanted, str) else wanted


def test_action_group_holds_exactly_the_modules_with_a_kubernetes_connection() -> None:
    runtime = yaml.safe_load((TOP / "meta" / "runtime.yml").read_text())
    connected = {module.stem for module in MODULES if "bentobox.platform.kubernetes" in fragments(module)}
    assert set(runtime["action_groups"]["kubernetes"]) == connected


@pytest.mark.parametrize("module", MODULES, ids=lambda path: path.stem)
def test_every_module_documents_its_attributes(module: Path) -> None:
    attributes = documentation(module).get("attributes", {})
    assert "bentobox.platform.attributes" in " ".join(fragments(module)) or {"check_mode", "diff_mode"} <= set(
        attributes
    )


@pytest.mark.parametrize("subject", SUBJECTS, ids=lambda path: path.name)
def test_subjects_import_only_kube_and_themselves(subject: Path) -> None:
    allowed = {subject.name, "kube"}
    for source in subject.rglob("*.py"):
        text = source.read_text()
        absolute = re.findall(r"bentobox\.platform\.plugins\.module_utils\.(\w+)", text)
        relative = re.findall(r"^from \.\.(\w+)", text, flags=re.MULTILINE)
        assert set(absolute + relative) <= allowed, f"{source.relative_to(TOP)} imports another subject"


def test_kube_stands_alone() -> None:
    for source in (TOP / "plugins" / "module_utils" / "kube").rglob("*.py"):
        used = set(re.findall(r"bentobox\.platform\.plugins\.module_utils\.(\w+)", source.read_text()))
        assert used <= {"kube"}, f"{source.name} imports {used}"


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_role_variables_carry_the_role_s_name(role: Path) -> None:
    defaults = yaml.safe_load((role / "defaults" / "main.yml").read_text()) or {}
    # `bentobox_` names are the few globals that every role may default.
    assert all(name.startswith((f"{role.name}_", "bentobox_")) for name in defaults), sorted(defaults)


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_roles_have_no_dependencies(role: Path) -> None:
    meta = yaml.safe_load((role / "meta" / "main.yml").read_text())
    assert not meta.get("dependencies")


def test_playbooks_are_plays_only() -> None:
    for playbook in sorted((TOP / "playbooks").glob("*.yml")):
        plays = yaml.safe_load(playbook.read_text())
        assert isinstance(plays, list)
        assert all("hosts" in play or "ansible.builtin.import_playbook" in play for play in plays), playbook


@pytest.mark.parametrize("playbook", sorted((TOP / "playbooks").glob("*.yml")), ids=lambda path: path.stem)
def test_playbooks_leave_the_users_variables_to_the_inventory(playbook: Path) -> None:
    """A play's variables win over those of an inventory: only what a role is told by the play may stand there."""
    of_roles = {name for role in ROLES for name in yaml.safe_load((role / "defaults" / "main.yml").read_text()) or {}}
    for play in yaml.safe_load(playbook.read_text()):
        assert all(name in of_roles or name.startswith("__") for name in play.get("vars", {})), playbook


def test_the_archive_ships_all_that_is_needed_at_run_time_and_nothing_else(tmp_path: Path) -> None:
    command = ["ansible-galaxy", "collection", "build", "--output-path", str(tmp_path), str(TOP)]
    subprocess.run(command, check=True, capture_output=True)
    with tarfile.open(next(tmp_path.glob("*.tar.gz"))) as archive:
        shipped = {entry.name for entry in archive if entry.isfile()}
    listed = subprocess.run(["git", "ls-files"], cwd=TOP, check=True, capture_output=True, text=True).stdout.split()
    needed = {name for name in listed if name.startswith(("plugins/", "roles/", "playbooks/", "meta/"))}
    assert needed <= shipped, needed - shipped
    assert {name.split("/")[0] for name in shipped} <= {
        *("plugins", "roles", "playbooks", "meta", "docs", "changelogs"),
        *("LICENSE", "README.md", "CONTRIBUTING.md", "MANIFEST.json", "FILES.json"),
    }
