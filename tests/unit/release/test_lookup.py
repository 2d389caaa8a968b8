# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The release catalogue in a playbook: the lookup and the role release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from ansible_collections.bentobox.platform.tests.support.modules import run_playbook


def test_lookup_in_a_playbook(tmp_path: Path) -> None:
    """Its options come from variables, also from templates in them; what is said in the call wins."""
    variables = {
        "where": "/srv",
        "bentobox_release": "lab-2025.07",
        "bentobox_artifacts_dir": "{{ where }}/x",
        "bentobox_image_registry": "m.x/y",
    }
    lookup = "lookup('bentobox.platform.release'"
    tasks = [
        {
            "ansible.builtin.assert": {
                "that": [
                    f"{lookup}, 'yatai').charts.yatai.ref == '/srv/x/charts/yatai-1.1.13.tgz'",
                    f"{lookup}, 'registry').images.registry == 'm.x/y/docker.io/library/registry:2.8.2'",
                    f"{lookup}, 'registry', release='2025.07').version == '2.8.3'",
                    f"{lookup}, 'registry', image_registry='').images.registry == 'docker.io/library/registry:2.8.2'",
                    f"{lookup}).release == 'lab-2025.07'",
                    f"{lookup}).agree[0].components == ['yatai', 'yatai_image_builder', 'yatai_deployment']",
                    "query('bentobox.platform.release', 'yatai', 'registry') | map(attribute='name') | list"
                    " == ['yatai', 'registry']",
                ]
            }
        },
        {"ansible.builtin.debug": {"msg": f"{{{{ {lookup}, 'yatia') }}}}"}, "ignore_errors": True},
        {"ansible.builtin.debug": {"msg": f"{{{{ {lookup}, 'yatai', release='x') }}}}"}, "ignore_errors": True},
        {"ansible.builtin.debug": {"msg": f"{{{{ {lookup}, image_registry=['a']) }}}}"}, "ignore_errors": True},
    ]
    done = run_playbook(tmp_path, tasks, variables=variables)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "ignored=3" in done.stdout
    for words in (
        "no component 'yatia'; it has: cert_manager",
        "there is no release 'x'; there are: 2025.07, 2026.11, lab-2025.07",
        "image_registry must be",
    ):
        assert words in done.stdout + done.stderr


def test_role_release(tmp_path: Path) -> None:
    """Loads a release, and refuses one whose parts do not agree."""
    components = {"yatai_deployment": {"version": "1.2.0"}}
    torn = {"release_name": "torn", "release_base": "2025.07", "release_components": components}
    (tmp_path / "torn.yml").write_text(yaml.safe_dump(torn))
    role = {"name": "bentobox.platform.release"}
    tasks: list[dict[str, Any]] = [
        {"ansible.builtin.include_role": role},
        {"ansible.builtin.assert": {"that": "release_catalogue.components.yatai.version == '1.1.13'"}},
        {
            "ansible.builtin.include_role": role,
            "vars": {"release_name": "torn", "release_directory": str(tmp_path)},
        },
    ]
    done = run_playbook(tmp_path / "play", tasks)
    assert done.returncode == 2
    assert "failed=1" in done.stdout
    for words in ("yatai 1.1.13", "yatai_image_builder 1.1.25", "yatai_deployment 1.2.0", "release file"):
        assert words in done.stdout
