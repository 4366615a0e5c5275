"""nfcpy's serial transport, made safe for a line that sends nonsense, hangs up, or is somebody else's.

nfcpy's own lets errors through that its callers do not expect, and keeps the port open after some of them.
"""

from __future__ import annotations

import errno
import os
import termios
from typing import Final

import serial
from nfc.clf.pn53x import Chipset
from nfc.clf.transport import TTY

WRITE_SECONDS: Final = 2.0  # a line that takes nothing for so long is as good as unplugged
MAX_ACKS: Final = 4  # nfcpy skips any number of them when it waits for an answer
ACK_MILLISECONDS: Final = 100

HIGH_SPEEDS: Final = (921_600, 460_800, 230_400)  # those that nfcpy chooses from
LONG_PREAMBLE: Final = bytes(10)  # wakes the chip
# SetSerialBaudRate to 115,200 and its answer (PN532 User Manual, §7.2.8).
SET_115200: Final = bytes.fromhex("00 00 FF 03 FD D4 10 04 18 00")
SPEED_SET: Final = bytes.fromhex("00 00 FF 02 FE D5 11 1A 00")


class NfcLine(TTY):  # type: ignore[misc] # nfcpy has no types
    """A transport for nfcpy's drivers whose every trouble is an OSError. Raises OSError on opening."""

    def __init__(self, port: str) -> None:
        self._acks = 0
        super().__init__(port)

    def open(self, port: str, baudrate: int = 115_200) -> None:
        """Open the port for this program alone, the way nfcpy does in place of changing its speed."""
        self.close()
        try:
            self.tty = serial.Serial(
                port, baudrate, timeout=0.05, write_timeout=WRITE_SECONDS, exclusive=True
            )
        except termios.error as error:
            raise OSError(*error.args) from error

    def read(self, timeout: float) -> bytearray:
        """One frame, within `timeout` milliseconds."""
        try:
            frame: bytearray = super().read(timeout)
        except IndexError as error:  # the frame ends before its length
            raise OSError(errno.EIO, os.strerror(errno.EIO)) from error
        if frame == Chipset.ACK:
            self._acks += 1
            if self._acks > MAX_ACKS:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
        return frame

    def write(self, frame: bytes) -> None:
        """One frame."""
        self._acks = 0
        try:
            super().write(frame)
        except termios.error as error:  # it hung up
            raise OSError(*error.args) from error

    def close(self) -> None:
        """Give the port back. Closing twice does nothing."""
        port, self.tty = self.tty, None
        if port is not None:
            port.close()

    def slow_down(self) -> None:
        """Bring a chip back to 115,200 bit/s that a program left at another speed when it was killed.

        Nothing happens when no chip answers. Raises OSError.
        """
        for speed in HIGH_SPEEDS:
            self.open(self.port, speed)
            self.write(LONG_PREAMBLE + SET_115200)
            if self._answers(bytes(Chipset.ACK)) and self._answers(SPEED_SET):
                self.write(Chipset.ACK)
                return

    def _answers(self, expected: bytes) -> bool:
        try:
            return bytes(self.read(ACK_MILLISECONDS)) == expected
        except OSError:
            return False
