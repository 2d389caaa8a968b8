# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.bentobox.platform.tests.integration.matrix.row import Row

LOGIN = {name: f"{{{{ {name} }}}}" for name in ("login_host", "login_port", "login_user", "login_password")}

ROW = Row(
    servers=("postgres",),
    common={**LOGIN, "name": "matrix"},
    create={"password": "first", "extensions": ["pgcrypto"]},
    modify={"password": "second", "grants": [{"role": "pg_monitor", "privileges": ["CONNECT"]}], "public_access": True},
    delete={"state": "absent", "purge": True},
    predicts=("statements", "password_changed", "diff"),
)
