"""A port for a server that another process will open in a moment. For tests."""

from __future__ import annotations

import os
import socket
from itertools import count

# Below those that the system hands out (from 32,768 on): in the moment between, nobody else's connection gets
# one of them. Test processes that run side by side begin at different ones.
FIRST, LAST = 20_000, 32_000
_next = count(os.getpid() * 97)


def free_port() -> int:
    """One that nobody listens on, and that this process was not given before."""
    while True:
        port = FIRST + next(_next) % (LAST - FIRST)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        return port
