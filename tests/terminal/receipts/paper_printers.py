"""Receipt printers in software at the far end of a TCP connection or a serial line, faults included."""

from __future__ import annotations

import contextlib
import socket
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from card.simulator.boards.pty_line import PtyLine
from tests.terminal.receipts.escpos_renderer import EscposRenderer

READY = {1: 0x12, 2: 0x12, 4: 0x12}
PAPER_OUT = {1: 0x1A, 2: 0x32, 4: 0x72}
COVER_OPEN = {1: 0x1A, 2: 0x16, 4: 0x12}
OFFLINE = {1: 0x1A, 2: 0x12, 4: 0x12}


@dataclass
class PrinterBoard:
    """What the printer's controller does: answers at once what is asked in real time, prints the rest.

    `status`: its answers to DLE EOT; empty for a printer that never answers. `runs_out`: paper ends while it
    prints.
    """

    renderer: EscposRenderer
    status: dict[int, int] = field(default_factory=lambda: dict(READY))
    runs_out: bool = False
    pending: bytes = b""
    printed: bytes = b""

    def take(self, data: bytes) -> bytes:
        """Bytes from the host; the answer."""
        self.pending += data
        answer = b""
        while self.pending:
            if self.pending.startswith(b"\x10"):
                if len(self.pending) < 3:
                    break
                if self.status:
                    answer += bytes((0x14, self.status[self.pending[2]]))  # a byte of its own accord before
                self.pending = self.pending[3:]
            elif self.pending.startswith(b"\x1dr"):
                if len(self.pending) < 3:
                    break
                answer += b"\x0c" if self.runs_out else b"\x00"
                self.pending = self.pending[3:]
            else:
                end = self._end_of_slip()
                if not end:
                    break
                self.printed += self.pending[:end]
                self.renderer.feed(self.pending[:end])
                self.pending = self.pending[end:]
        return answer

    def _end_of_slip(self) -> int:
        """Slips are printed whole: raster data hold any bytes, and look like commands."""
        cut = self.pending.find(b"\x1dV\x01")
        return 0 if cut < 0 else cut + 3


class NetworkPrinter:
    """A printer on a TCP port of this machine; serves one connection after the other."""

    def __init__(self, board: PrinterBoard, cut_after: int | None = None, *, reads: bool = True) -> None:
        self.board, self._cut_after, self._reads = board, cut_after, reads
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._connection: socket.socket | None = None
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def address(self) -> str:
        """As `--printer` takes it."""
        return f"network://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in (self._socket, self._connection):
            if one is not None:
                with contextlib.suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()
        self._thread.join(5)

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._connection, _peer = self._socket.accept()
                self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                if self._reads:
                    self._talk(self._connection)

    def _talk(self, connection: socket.socket) -> None:
        taken = 0
        with connection:
            while data := connection.recv(512):
                taken += len(data)
                if self._cut_after is not None and taken > self._cut_after:
                    # Unread bytes at close make it a reset, as a cable pulled at a switch does.
                    return
                connection.sendall(self.board.take(data))


class SerialPrinter:
    """A printer on a serial line."""

    def __init__(self, board: PrinterBoard) -> None:
        self.board = board
        self._line = PtyLine()
        self._is_open = True
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def path(self) -> str:
        """The port."""
        return self._line.path

    @property
    def speed(self) -> int:
        """Bits per second that the host has set."""
        return self._line.speed

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_open = False
        self._line.wake()
        self._thread.join(5)
        self._line.close()

    def _serve(self) -> None:
        while self._is_open:
            data = self._line.read()
            if data:
                self._line.write(self.board.take(data))
