"""Where the cluster comes from: raised by us (lab), by kind, or somebody else's (existing)."""

from __future__ import annotations

from lab.console import Console
from lab.providers.base import Provider
from lab.providers.existing import Existing
from lab.providers.kind import Kind
from lab.providers.lab import Lab
from lab.settings import Settings

PROVIDERS: dict[str, type[Provider]] = {"lab": Lab, "kind": Kind, "existing": Existing}


def provider(settings: Settings, console: Console) -> Provider:
    return PROVIDERS[settings.cluster](settings, console)
