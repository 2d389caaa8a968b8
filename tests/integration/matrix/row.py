# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a row of the matrix is: a module, and the arguments it is taken through create, modify and delete with.

A row is data in a file of its own, rows/<module>.py, which holds one Row named ROW. Arguments are templates, as in a
playbook: the variables are those of the row's servers (servers.py says which).
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

Arguments = dict[str, Any]
HERE = Path(__file__).resolve().parent
MODULES = HERE.parents[2] / "plugins" / "modules"

# How a module reaches the servers.
KUBE: Arguments = {"kubeconfig": "{{ kubeconfig }}"}
YATAI: Arguments = {"endpoint": "{{ endpoint }}", "api_token": "{{ api_token }}", "retry_timeout": 10}

CREATE, MODIFY, DELETE, READ = "create", "modify", "delete", "read"
# Of each phase, in this order. The last is one more than the twelve: where all is done, nothing is predicted.
CHECK, CHECK_AGAIN, REAL, REAL_AGAIN = "check first", "check again", "real first", "real again"
CHECK_DONE = "check of what is done"
PASSES = (CHECK, CHECK_AGAIN, REAL, REAL_AGAIN, CHECK_DONE)


class Step(NamedTuple):
    """One run of the module."""

    phase: str
    part: str
    arguments: Arguments

    @property
    def check_mode(self) -> bool:
        return self.part.startswith("check")

    @property
    def name(self) -> str:
        return f"{self.phase}, {self.part}"


@dataclass(frozen=True)
class Row:
    """A phase is its arguments, or one line that says why the module has none such."""

    create: Arguments | str
    modify: Arguments | str
    delete: Arguments | str
    read: Arguments | str = "it is there to change something"
    # Arguments of every phase.
    common: Arguments = field(default_factory=dict)
    # The servers of servers.py that it works on. What they hold is compared before and after every step.
    servers: tuple[str, ...] = ("kube",)
    # What check mode must say exactly as the real run does, besides changed: keys of the result, deeper ones with dots.
    predicts: tuple[str, ...] = ("diff",)
    # Regular expressions of what in there differs with each run and says so, such as hashes with a key of the run.
    masks: tuple[str, ...] = ()
    # Further fixtures of conftest.py that must be there, such as definitions of custom resources.
    needs: tuple[str, ...] = ()
    # Tasks before the first step.
    setup: tuple[dict[str, Any], ...] = ()

    @property
    def phases(self) -> dict[str, Arguments | str]:
        return {CREATE: self.create, MODIFY: self.modify, DELETE: self.delete, READ: self.read}

    def steps(self) -> list[Step]:
        return [
            Step(phase, part, self.common | arguments)
            for phase, arguments in self.phases.items()
            if not isinstance(arguments, str)
            for part in PASSES
            if phase != READ or part != CHECK_DONE
        ]


def reading(why: str, arguments: Arguments, **more: Any) -> Row:
    """The row of a module that never changes anything; why says what it is for."""
    return Row(create=why, modify=why, delete=why, read=arguments, **more)


def names(folder: Path) -> set[str]:
    return {file.stem for file in folder.glob("*.py")}


def load() -> dict[str, Row]:
    """All rows, by the name of their module."""
    package = f"{__name__.rpartition('.')[0]}.rows"
    return {name: importlib.import_module(f"{package}.{name}").ROW for name in sorted(names(HERE / "rows"))}
