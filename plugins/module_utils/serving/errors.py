# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between a bento and its predictions. Texts are for the operator and hold no secret."""

from __future__ import annotations


class ServingError(Exception):
    """Base of everything this package raises on purpose."""


class OptionError(ServingError):
    """The options ask for what cannot work."""


class BuildFailed(ServingError):
    """The image was not built; ends with the builder's last words."""


class RolloutFailed(ServingError):
    """The deployment does not serve."""


class ProbeFailed(ServingError):
    """The deployment is up but does not answer as expected."""


class RegistryError(ServingError):
    """The image registry could not be asked."""


class TimedOut(ServingError):
    """The deadline passed."""
