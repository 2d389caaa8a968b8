# Copyright (c) 2026, bentobox.platform contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bad network: a TCP proxy on loopback that cuts connections in the middle of requests and of answers."""

from __future__ import annotations

import random
import selectors
import socket
import struct
import threading


class Cutter:
    """Passes on what it gets to a port on loopback. Each connection ends, reset or orderly, after some bytes in one of
    the two directions, as long as there are cuts left; then the network is good. Use it as a context manager."""

    def __init__(self, port: int, *, seed: int, most_bytes: int = 12_000) -> None:
        self.target, self.left, self.most_bytes = port, 0, most_bytes
        self.cut = {"request": 0, "answer": 0}
        self._random, self._lock = random.Random(seed), threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])

    def __enter__(self) -> Cutter:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self.target)) as server:
            with self._lock:
                where, room = self._random.choice(("request", "answer")), self._random.randrange(self.most_bytes)
                reset = self._random.random() < 0.5
            selector = selectors.DefaultSelector()
            selector.register(client, selectors.EVENT_READ, ("request", server))
            selector.register(server, selectors.EVENT_READ, ("answer", client))
            while True:
                for key, _events in selector.select():
                    direction, other = key.data
                    try:
                        data = key.fileobj.recv(4096)  # type: ignore[union-attr]
                        if not data:
                            return
                        if direction == where and self.left > 0:
                            room -= len(data)
                            if room < 0 and self._cut(direction):
                                if reset:
                                    _reset(client)
                                return
                        other.sendall(data)
                    except OSError:
                        return

    def _cut(self, direction: str) -> bool:
        with self._lock:
            if self.left <= 0:
                return False
            self.left -= 1
            self.cut[direction] += 1
            return True


def _reset(connection: socket.socket) -> None:
    """Closing it sends a reset instead of an orderly end."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
