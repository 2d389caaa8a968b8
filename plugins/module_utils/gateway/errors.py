# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between a request and a model. Texts are for the operator and hold no secret."""

from __future__ import annotations


class GatewayError(Exception):
    """Base of everything this package raises on purpose."""


class OptionError(GatewayError):
    """The options ask for what cannot work, here or anywhere."""


class NotReachable(GatewayError):
    """A gateway does not take the route, or a policy of it."""
