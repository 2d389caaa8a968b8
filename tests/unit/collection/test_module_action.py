# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What stands for an AnsibleModule in the controller's process."""

from __future__ import annotations

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.store.options import STORE_ARGUMENTS
from ansible_collections.bentobox.platform.plugins.plugin_utils.module_action import Ended, Host, secrets


def test_secrets_are_found_at_any_depth() -> None:
    spec = {
        **STORE_ARGUMENTS,
        "users": {"type": "list", "options": {"name": {}, "password": {"no_log": True}}},
        "env": {"type": "dict", "no_log": True},
    }
    params = {
        "endpoint": "https://store", "secret_key": "hunter2", "session_token": None, "cluster": {"secret": "store"},
        "users": [{"name": "ann", "password": "pass-1"}, {"name": "bob", "password": ""}],
        "env": {"a": ["pass-2", 3], "b": True},
    }  # fmt: skip
    assert secrets(spec, params) == {"hunter2", "pass-1", "pass-2", "3"}


def test_result_warnings_and_progress_show_none() -> None:
    shown: list[str] = []
    host = Host({}, {"hunter2"}, check_mode=False, diff=True, show=shown.append)
    host.show("asks with hunter2")
    host.warn("hunter2 is weak")
    host.no_log_values.add("token-1")
    with pytest.raises(Ended) as ended:
        host.fail_json(msg="no hunter2", found={"a": ["token-1"]})
    assert ended.value.result == {
        "failed": True, "msg": "no ********", "found": {"a": ["VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"]},
        "warnings": ["******** is weak"],
    }  # fmt: skip
    assert shown == ["asks with ********"]
