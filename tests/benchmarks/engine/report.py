# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""From times to a table, and the table into its document."""

from __future__ import annotations

from pathlib import Path

from .sides import LOOPED, Bare, Component, Empty, Kubectl, Times


def table(size: int, found: dict[str, Times], rounds: int) -> str:
    """Medians. Net is what a side takes above an empty play, where it is one; ratios are of net times, to ours."""
    empty = found[Empty.title]
    floor = empty.seconds([*empty.cold, *empty.again])
    net = {title: _net(title, times, floor) for title, times in found.items()}
    ours = net[Component.title]
    lines = [
        f"### {size:,} objects",
        "",
        "| | cold, s | net | x ours | nothing to do, s | net | x ours | peak MiB |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for title, times in found.items():
        cells = [title]
        for runs, own, our in zip((times.cold, times.again), net[title], ours, strict=True):
            compared = title not in (Empty.title, Component.title) and "loop" not in title
            cells += [
                f"{times.seconds(runs):.2f}{_few(len(runs), rounds)}",
                "" if title == Empty.title else f"{own:.2f}",
            ]
            cells.append(f"{own / our:.2f}" if compared else "")
        cells.append(f"{times.peak():.0f}" if times.peak() else "")
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines + _looped(found, net, ours, size))


def _few(runs: int, rounds: int) -> str:
    return "" if runs >= rounds else f" ({runs} run{'s' if runs > 1 else ''})"


def _net(title: str, times: Times, floor: float) -> tuple[float, float]:
    less = 0.0 if title in (Bare.title, Kubectl.title) else floor
    return times.seconds(times.cold) - less, times.seconds(times.again) - less


def _looped(
    found: dict[str, Times], net: dict[str, tuple[float, float]], ours: tuple[float, float], size: int
) -> list[str]:
    title = next((title for title in found if "loop" in title), None)
    if title is None:
        return []
    cold, again = (seconds / LOOPED for seconds in net[title])
    return [
        "",
        f"One object costs {cold * 1000:.0f} ms in the loop, {ours[0] / size * 1000:.1f} ms in ours; unchanged "
        f"{again * 1000:.0f} ms and {ours[1] / size * 1000:.1f} ms.",
    ]


def keep(document: Path, benchmark: str, text: str) -> None:
    """Between the benchmark's markers; what people wrote around them stays."""
    begin, end = f"<!-- written by tests/benchmarks/{benchmark}: begin -->", "<!-- end -->"
    before, found, rest = document.read_text().partition(begin)
    if not found:
        raise ValueError(f"{document.name} has no line {begin}")
    document.write_text(f"{before}{begin}\n\n{text}\n\n{end}{rest.partition(end)[2]}")
