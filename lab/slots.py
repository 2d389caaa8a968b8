"""Each lab has a slot, and the slot gives all its addresses: a /19 out of 198.18.0.0/15, which is nobody's network."""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Network
from pathlib import Path

from lab.errors import LabError
from lab.namespaces import is_namespace
from lab.settings import RUN_ROOT, Settings

RANGE = IPv4Network("198.18.0.0/15")
KEPT = ".kept-"
SLOTS = list(RANGE.subnets(new_prefix=19))


@dataclass(frozen=True)
class Network:
    """The addresses of one slot: x.x.0.0/24 the link, x.x.8.0/21 Services, x.x.16.0/20 pods."""

    slot: int

    @property
    def whole(self) -> IPv4Network:
        return SLOTS[self.slot]

    def _at(self, third: int, last: int) -> str:
        return str(self.whole.network_address + third * 256 + last)

    @property
    def host_ip(self) -> str:
        return self._at(0, 1)

    @property
    def node_ip(self) -> str:
        return self._at(0, 10)

    @property
    def services(self) -> str:
        return f"{self._at(8, 0)}/21"

    @property
    def dns_ip(self) -> str:
        return self._at(8, 10)

    @property
    def pods(self) -> str:
        return f"{self._at(16, 0)}/20"

    @property
    def node_pods(self) -> str:
        """The part of the pod network that the controller manager gives its first, and only, node."""
        return f"{self._at(16, 0)}/24"

    @property
    def link(self) -> str:
        return f"bentobox{self.slot}"


@contextmanager
def machine_lock() -> Iterator[None]:
    """Slots are chosen one lab at a time on this machine."""
    RUN_ROOT.mkdir(mode=0o755, exist_ok=True)
    with (RUN_ROOT / ".slots.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


@contextmanager
def lab_lock(settings: Settings) -> Iterator[None]:
    """One `up` or `down` at a time for a lab."""
    RUN_ROOT.mkdir(mode=0o755, exist_ok=True)
    path = RUN_ROOT / f".{settings.name}.lock"
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise LabError(f"another `up` or `down` of the lab {settings.name} is at work; let it end first") from error
        yield
        if not settings.run.exists():
            path.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, object]:
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def owner(settings: Settings, run_root: Path = RUN_ROOT) -> Path | None:
    """The state folder of the lab of this name that is up on this machine, if there is one.

    Not every machine empties /run at a reboot: only a living namespace makes the note true."""
    if not is_namespace(settings.netns):
        return None
    state = _read(run_root / settings.name / "owner.json").get("state")
    return Path(str(state)) if state else None


def recorded(settings: Settings, run_root: Path = RUN_ROOT) -> int | None:
    """The slot this lab already has: from its state, or from /run when the state folder is gone."""
    for path in (settings.state / "lab.json", run_root / settings.name / "owner.json"):
        slot = _read(path).get("slot")
        if isinstance(slot, int) and 0 <= slot < len(SLOTS):
            return slot
    return None


def raised_for(settings: Settings) -> str:
    """The stack that a lab with this state was raised for; empty when there is none yet."""
    found = _read(settings.state / "lab.json").get("stack")
    return found if isinstance(found, str) else ""


def taken(settings: Settings, run_root: Path = RUN_ROOT) -> dict[int, str]:
    """Slots of other labs: those that are up, and those stopped with their data kept."""
    found: dict[int, str] = {}
    notes = {path: path.parent.name for path in [*settings.labs.glob("*/lab.json"), *run_root.glob("*/owner.json")]}
    for path in run_root.glob(f"{KEPT}*"):
        if Path(str(_read(path).get("state"))).is_dir():  # else its data was removed by hand
            notes[path] = path.name.removeprefix(KEPT)
    for path, name in notes.items():
        slot = _read(path).get("slot")
        if isinstance(slot, int) and name != settings.name:
            found[slot] = name
    return found


def keep(settings: Settings, run_root: Path = RUN_ROOT) -> None:
    """A lab that is down with its data kept also keeps its addresses, whoever raises another meanwhile."""
    note = run_root / settings.name / "owner.json"
    if note.is_file():
        note.rename(run_root / f"{KEPT}{settings.name}")


def release(settings: Settings, run_root: Path = RUN_ROOT) -> None:
    (run_root / f"{KEPT}{settings.name}").unlink(missing_ok=True)


def overlapping(network: IPv4Network, routes: Iterable[tuple[str, str]]) -> list[str]:
    """Routes (destination, device) of the machine that meet this network, the default route aside."""
    found = []
    for destination, device in routes:
        if destination == "default":
            continue
        if IPv4Network(destination, strict=False).overlaps(network):
            found.append(f"{destination} dev {device}")
    return found


def choose(settings: Settings, routes: list[tuple[str, str]], run_root: Path = RUN_ROOT) -> Network:
    """The recorded slot, else the lowest that no other lab has and no route of the machine meets."""
    slot = recorded(settings, run_root)
    if slot is not None:
        return Network(slot)
    others = taken(settings, run_root)
    for number, network in enumerate(SLOTS):
        if number not in others and not overlapping(network, routes):
            return Network(number)
    raise LabError(
        f"no free part of {RANGE} is left: labs {', '.join(sorted(others.values()))} and the machine's routes"
    )


def record(settings: Settings, network: Network, run_root: Path = RUN_ROOT) -> None:
    """Write who has the slot, in the state (survives a reboot) and in /run (seen by other users' labs)."""
    settings.state.mkdir(parents=True, exist_ok=True, mode=0o700)
    note = {"slot": network.slot, "k8s": settings.k8s, "stack": settings.stack}
    (settings.state / "lab.json").write_text(json.dumps(note) + "\n")
    place = run_root / settings.name
    place.mkdir(parents=True, exist_ok=True, mode=0o755)
    (place / "owner.json").write_text(json.dumps({"slot": network.slot, "state": str(settings.state)}) + "\n")
    release(settings, run_root)
