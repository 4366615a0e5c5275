"""A printer on the network: a TCP connection, port 9100 on most (JetDirect)."""

from __future__ import annotations

import os
import socket
from typing import Final

from terminal.receipts.printers.line import HandleLine

CONNECT_SECONDS: Final = 3.0
PORT: Final = 9100


def open_network(host: str, port: int) -> HandleLine:
    """Connect. Raises OSError."""
    with socket.create_connection((host, port), CONNECT_SECONDS) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        handle = os.dup(connection.fileno())
    os.set_blocking(handle, False)
    return HandleLine(handle)
