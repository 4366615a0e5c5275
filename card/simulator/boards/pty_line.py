"""A serial line that is a pseudo-terminal: what a simulated device on /dev/tty… is made of."""

from __future__ import annotations

import contextlib
import os
import select
import termios
import tty
from typing import Final

from crypto.closing import Closing

CHUNK_BYTES: Final = 4096
_SPEEDS: Final = {
    getattr(termios, f"B{speed}"): speed
    for speed in (9600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600)
}


class PtyLine(Closing):
    """The device's end of the line; the host opens `path`. One thread reads, any may write, wake or close."""

    def __init__(self) -> None:
        self._device, self._host = os.openpty()
        # The host's end is kept open here too: otherwise reading fails whenever no host has it open.
        tty.setraw(self._host)
        os.set_blocking(self._device, False)
        self.path: Final = os.ttyname(self._host)
        self._wake = os.eventfd(0, os.EFD_NONBLOCK)
        self._handles: tuple[int, ...] = (self._device, self._host, self._wake)
        self._poll = select.poll()
        self._poll.register(self._device, select.POLLIN)
        self._poll.register(self._wake, select.POLLIN)

    @property
    def speed(self) -> int:
        """Bits per second that the host has set; 0 for one that no UART here knows."""
        return _SPEEDS.get(termios.tcgetattr(self._host)[5], 0)

    def read(self, seconds: float | None = None) -> bytes | None:
        """What the host sent; empty after wake(), None when `seconds` passed without anything."""
        ready = self._poll.poll(None if seconds is None else seconds * 1000)
        if not ready:
            return None
        if any(handle == self._wake for handle, _event in ready):
            os.eventfd_read(self._wake)
        with contextlib.suppress(BlockingIOError):  # nothing but the call to wake, or the host took it back
            return os.read(self._device, CHUNK_BYTES)
        return b""

    def has_input(self) -> bool:
        """Whether something is there to be read, or wake() was called."""
        return bool(self._poll.poll(0))

    def write(self, data: bytes) -> None:
        """Send to the host. A host that does not read loses bytes, as there is no flow control."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._device, data)

    def wake(self) -> None:
        """End the read() under way, or the next one."""
        os.eventfd_write(self._wake, 1)

    def close(self) -> None:
        """Hang up, once nobody reads any more. Closing twice does nothing."""
        handles, self._handles = self._handles, ()
        for handle in handles:
            os.close(handle)
