# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and hashing ahead of the network.

Yatai hands a body on to its object store in parts of 16 MiB, with a pause after each, and so takes it in bursts. A
sender that hashes between its writes is too slow in the bursts and idle in the pauses; one that has the next pieces
ready, already hashed, is neither.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import Any

from .tarplan import CHUNK, TarPlan

# Of one process, however many archives it sends at a time: it has to stay small.
PIECES = 24


def hashed_ahead(plan: TarPlan, checksum: Any, depth: int) -> Iterator[memoryview]:
    """All pieces of the plan, up to `depth` of them read before they are asked for. Each is valid until the next."""
    free: SimpleQueue[memoryview | None] = SimpleQueue()
    ready: SimpleQueue[memoryview | BaseException | None] = SimpleQueue()

    def produce() -> None:
        try:
            for piece in plan.chunks(buffers=iter(free.get, None)):
                checksum.update(piece)
                ready.put(piece)
            ready.put(None)
        except BaseException as exc:  # raised where the pieces are used
            ready.put(exc)

    for _piece in range(max(2, depth)):
        free.put(memoryview(bytearray(CHUNK)))
    thread = threading.Thread(target=produce, daemon=True)
    thread.start()
    try:
        while (piece := ready.get()) is not None:
            if isinstance(piece, BaseException):
                raise piece
            yield piece
            free.put(memoryview(piece.obj))  # type: ignore[arg-type]  # the whole buffer again
    finally:
        free.put(None)
        thread.join()
