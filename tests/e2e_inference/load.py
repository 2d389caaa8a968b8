# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Somebody goes on asking while something is changed."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from .client import Answer


@contextmanager
def steady(ask: Callable[[], Answer], clients: int = 3) -> Iterator[None]:
    """Each client asks again as soon as it is answered. None of the requests may fail."""
    outcomes: Counter[int | str] = Counter()
    stop = threading.Event()

    def go_on() -> None:
        while not stop.is_set():
            try:
                outcomes[ask().status] += 1
            except OSError as error:
                outcomes[repr(error)] += 1

    threads = [threading.Thread(target=go_on) for _number in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert set(outcomes) == {200}, outcomes
    print(f"{outcomes.total()} requests meanwhile")
