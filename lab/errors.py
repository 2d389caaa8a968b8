"""What can go wrong, in words a person can act on."""

from __future__ import annotations

from pathlib import Path


class LabError(Exception):
    """Something failed; `log` is the file whose last lines tell why."""

    def __init__(self, message: str, log: Path | None = None) -> None:
        super().__init__(message)
        self.log = log


class Refused(LabError):
    """Nothing was changed: the machine or the request does not fit. All reasons at once."""

    def __init__(self, what: str, problems: list[str]) -> None:
        super().__init__(
            f"{what}: {len(problems)} thing(s) must change first\n" + "\n".join(f"  - {p}" for p in problems)
        )
        self.problems = problems


def tail(path: Path | None, lines: int = 15) -> str:
    """The last lines of a log, or nothing when there is none."""
    if path is None or not path.is_file():
        return ""
    with path.open("rb") as handle:
        handle.seek(0, 2)
        handle.seek(max(0, handle.tell() - 16384))
        text = handle.read().decode(errors="replace")
    return "\n".join(text.splitlines()[-lines:])
