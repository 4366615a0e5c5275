"""A virtual card on vpcd, the virtual reader of the Virtual Smart Card project, over TCP.

vpcd listens; to connect is to put the card on the reader, to close is to take it away. Each message is a
length (2 bytes, big-endian) and a body. From vpcd, a body of one byte is a command to the reader's field, any
longer one a command APDU; answered are GET ATR and APDUs. vpcd hands on the pseudo-APDUs that a reader
answers itself; so the card's side plays that part of the reader too.
Source: virtualsmartcard, src/vpcd/vpcd.h and src/vpicc/virtualsmartcard/VirtualSmartcard.py.
"""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from enum import IntEnum
from types import TracebackType
from typing import Self

from card.errors import CardError, VirtualReaderUnreachable
from card.simulator.boards.contactless_reader import in_field
from card.simulator.chips.chip import Chip

CONNECT_SECONDS = 5.0
LENGTH_BYTES = 2


class VpcdControl(IntEnum):
    """Bodies of one byte that vpcd sends."""

    POWER_OFF = 0
    POWER_ON = 1
    RESET = 2
    GET_ATR = 4


class VpcdLink:
    """A card lying on a virtual reader for as long as the context lasts, or until it is torn away.

    A thread answers vpcd. Raises VirtualReaderUnreachable on entry when no vpcd listens on the port.
    `ended_by` tells why the card left by itself: CardTorn, the chip's own error, or the reader's end.
    """

    def __init__(self, chip: Chip, port: int, host: str = "127.0.0.1") -> None:
        self._chip = in_field(chip)
        self._address = (host, port)
        self._socket: socket.socket | None = None
        self._thread: threading.Thread | None = None
        self._gone = threading.Event()
        self.ended_by: CardError | None = None

    def __enter__(self) -> Self:
        try:
            connection = socket.create_connection(self._address, CONNECT_SECONDS)
        except OSError as error:
            raise VirtualReaderUnreachable(port=self._address[1]) from error
        connection.settimeout(None)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connection
        self._thread = threading.Thread(target=self._serve, args=(connection,), name="vpcd-card")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def wait_until_gone(self, timeout: float | None = None) -> bool:
        """Block until the card was torn away or vpcd ended; False when `timeout` seconds passed first."""
        return self._gone.wait(timeout)

    def remove(self) -> None:
        """Take the card away. Doing so twice does nothing."""
        if self._socket is None or self._thread is None:
            return
        with suppress(OSError):  # vpcd, or a tear, was first
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket = self._thread = None

    def _serve(self, connection: socket.socket) -> None:
        try:
            while (message := _receive(connection)) is not None:
                answer = self._answer(message)
                if answer is not None:
                    connection.sendall(len(answer).to_bytes(LENGTH_BYTES, "big") + answer)
        except CardError as error:
            self.ended_by = error
        except OSError:
            self.ended_by = VirtualReaderUnreachable(port=self._address[1])
        finally:
            connection.close()
            self._chip.power_off()
            self._gone.set()

    def _answer(self, message: bytes) -> bytes | None:
        if len(message) != 1:
            return self._chip.process(message)
        match message[0]:
            case VpcdControl.POWER_ON | VpcdControl.RESET:
                self._chip.power_on()
            case VpcdControl.POWER_OFF:
                self._chip.power_off()
            case VpcdControl.GET_ATR:
                return self._chip.atr
        return None


def _receive(connection: socket.socket) -> bytes | None:
    head = _receive_exactly(connection, LENGTH_BYTES)
    return None if head is None else _receive_exactly(connection, int.from_bytes(head, "big"))


def _receive_exactly(connection: socket.socket, count: int) -> bytes | None:
    received = b""
    while len(received) < count:
        # vpcd sends length and body apart. The kernel delays the ACK of the first and vpcd's the second
        # until it comes (Nagle), which costs 44 ms an APDU; Linux forgets this option after each use.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        part = connection.recv(count - len(received))
        if not part:
            return None
        received += part
    return received
