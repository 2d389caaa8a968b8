# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations


class ModuleDocFragment:
    """What the modules for bentos and their twins for models share."""

    PUSH = r"""
options:
  tag:
    description:
      - Tag in the store of O(bentoml_home), such as V(iris:v1), V(iris:latest) or V(iris).
    type: str
  path:
    description:
      - The directory of a built bento or a saved model, or a file written by C(bentoml export) or
        C(bentoml models export).
    type: path
attributes:
  check_mode:
    support: full
    details: Reads Yatai, and the source to compute the digest, and writes nothing.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details: With O(force=true) every run uploads.
notes:
  - On a local connection, without C(become) and C(async), the push runs inside the controller's process and shows how
    far it is.
"""

    INFO = r"""
options:
  tag:
    description:
      - One, such as V(iris:v1), or all versions of V(iris). Nothing found is an empty list, not an error.
    type: str
  query:
    description:
      - A search in Yatai's own language, such as V(label:team=vision sort:build_at-desc).
    type: str
  limit:
    description: At most so many. 0 means all.
    type: int
    default: 0
"""
