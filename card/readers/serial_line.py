"""An open serial port: bytes in, bytes out, every wait bounded."""

from __future__ import annotations

import errno
import math
import os
import select
import termios
from typing import Final

import serial

from card.errors import ReaderGone, SerialPortRefused
from crypto.closing import Closing
from firmware_profiles.serial_profile import Line, Parity

WRITE_SECONDS: Final = 2.0  # a line that takes nothing for so long is as good as unplugged
PARITIES: Final = {
    Parity.NONE: serial.PARITY_NONE,
    Parity.EVEN: serial.PARITY_EVEN,
    Parity.ODD: serial.PARITY_ODD,
}
# What opening says of a port that is not there, or whose device was pulled out an instant ago.
NOT_THERE: Final = frozenset((errno.ENOENT, errno.ENODEV, errno.ENXIO, errno.EIO))


class SerialLine(Closing):
    """One serial port, held for this program alone. `name`: the reader's, for errors.

    Raises ReaderGone and SerialPortRefused on opening.
    """

    def __init__(self, name: str, path: str, line: Line) -> None:
        self._name = name
        try:
            self._port = serial.Serial(
                path,
                line.baud,
                parity=PARITIES[line.parity],
                stopbits=line.stop_bits,
                timeout=0,
                write_timeout=WRITE_SECONDS,
                exclusive=True,
            )
        except (OSError, termios.error, ValueError) as error:
            number = getattr(error, "errno", None)
            if number in NOT_THERE:
                raise ReaderGone(reader=name) from error
            detail = os.strerror(number) if number else str(error)
            raise SerialPortRefused(path=path, detail=detail) from error
        self._poll = select.poll()
        self._poll.register(self._port.fileno(), select.POLLIN)

    def read(self, seconds: float) -> bytes:
        """What came, at least one byte; empty when nothing did in so many seconds. Raises ReaderGone."""
        if not self._poll.poll(math.ceil(seconds * 1000)):
            return b""
        try:
            # Where none are waiting the device is gone, and reading says so.
            received: bytes = self._port.read(self._port.in_waiting or 1)
        except OSError as error:
            raise ReaderGone(reader=self._name) from error
        return received

    def write(self, data: bytes) -> None:
        """Send all of it. Raises ReaderGone, also when the line takes nothing for WRITE_SECONDS."""
        try:
            self._port.write(data)
        except OSError as error:
            raise ReaderGone(reader=self._name) from error

    def discard(self) -> None:
        """Forget what came and was not read. Raises ReaderGone."""
        try:
            self._port.reset_input_buffer()
        except (OSError, termios.error) as error:
            raise ReaderGone(reader=self._name) from error

    def close(self) -> None:
        """Give the port back. Closing twice does nothing."""
        self._port.close()
