# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.bentobox.platform.tests.integration.matrix.row import KUBE, Row

SECRET = {"namespace": "{{ namespace }}"}

ROW = Row(
    servers=("new_yatai", "kube"),
    common={
        **KUBE,
        "endpoint": "{{ endpoint }}",
        "initialization_token": "{{ initialization_token }}",
        "admin_secret": SECRET,
        "token_secret": SECRET,
        "retry_timeout": 10,
    },
    create={"users": [{"name": "ana", "email": "ana@example.org", "password": "first-password", "role": "developer"}]},
    modify={
        "users": [{"name": "ana", "role": "admin"}],
        "organization_config": {"transmission_strategy": "proxy", "s3": {"region": "eu-west-1", "secret_key": "k"}},
    },
    delete="Yatai's API deletes no account",
    predicts=("setup_done", "admin_secret", "token_secret", "users", "organization_changed", "predicted", "diff"),
)
