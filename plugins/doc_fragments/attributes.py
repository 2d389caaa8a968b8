# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """Attributes; a module adds ``support`` and ``details`` of its own where they differ."""

    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the target.
  diff_mode:
    description: Will return details on what has changed (or needs changing in C(check_mode)), when in diff mode.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run reports no change.
"""

    # For modules that only read.
    INFO_MODULE = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the target.
    support: full
    details:
      - This module only reads.
  diff_mode:
    description: Will return details on what has changed (or needs changing in C(check_mode)), when in diff mode.
    support: N/A
    details:
      - This module only reads.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second run reports no change.
    support: full
    details:
      - This module only reads.
"""

    # For members of the action group that shares the Kubernetes connection options.
    ACTIONGROUP_KUBERNETES = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/bentobox.platform.kubernetes) in C(module_defaults) to set the connection options once.
    support: full
    membership:
      - bentobox.platform.kubernetes
"""
