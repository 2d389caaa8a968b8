# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a module must not take the place of those of the connection, such as host."""

from __future__ import annotations

import pytest
from ansible_collections.bentobox.platform.plugins.module_utils.gateway.options import route_argument_spec
from ansible_collections.bentobox.platform.plugins.module_utils.kube.options import kube_argument_spec
from ansible_collections.bentobox.platform.plugins.module_utils.serving.inference_options import inference_argument_spec


@pytest.mark.parametrize("spec", [route_argument_spec, inference_argument_spec], ids=["model_route", "inference"])
def test_connection_is_untouched(spec) -> None:
    given = spec()
    assert {name: given[name] for name in kube_argument_spec()} == kube_argument_spec()
