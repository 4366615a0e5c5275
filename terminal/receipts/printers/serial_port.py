"""A printer on a serial port, 8N1."""

from __future__ import annotations

import os
import termios
from typing import Final

import serial

from terminal.receipts.printers.line import SEND_SECONDS, HandleLine

BAUD: Final = 9600
_BITS_A_BYTE: Final = 10
_LONGEST_SLIP: Final = 16_384


class SerialPrinterLine(HandleLine):
    """The port, held for this program alone."""

    def __init__(self, port: serial.Serial) -> None:
        self._port = port
        seconds = SEND_SECONDS + _LONGEST_SLIP * _BITS_A_BYTE / port.baudrate
        super().__init__(port.fileno(), seconds)

    def close(self) -> None:
        """Let go of the port."""
        self._handle = -1
        self._port.close()


def open_serial(path: str, baud: int) -> SerialPrinterLine:
    """Open the port. Raises OSError."""
    try:
        port = serial.Serial(path, baud, timeout=0, exclusive=True)
    except (termios.error, ValueError) as error:
        raise OSError(None, str(error)) from error
    os.set_blocking(port.fileno(), False)
    return SerialPrinterLine(port)
