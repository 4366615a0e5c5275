"""A line to a printer: bytes go, and on most lines bytes come back; every wait is bounded."""

from __future__ import annotations

import os
import select
import time
from abc import abstractmethod
from typing import Final

from crypto.closing import Closing

#: A printer that takes no byte for so long is out of paper, paused or gone.
SEND_SECONDS: Final = 10.0
_CHUNK: Final = 4096


class PrinterLine(Closing):
    """An open line. Whatever is wrong with it is an OSError: TimeoutError for one that stands still."""

    #: Whether something at the other end may answer; a file does not.
    answers: bool = True

    @abstractmethod
    def send(self, data: bytes) -> None:
        """Give all of it away. Raises OSError."""

    @abstractmethod
    def receive(self, seconds: float) -> bytes:
        """What came; empty when nothing did in so many seconds. Raises OSError where the line is cut."""


class HandleLine(PrinterLine):
    """A line that is one non-blocking file handle; the handle is closed with it."""

    def __init__(self, handle: int, seconds: float = SEND_SECONDS) -> None:
        self._handle, self._seconds = handle, seconds

    def send(self, data: bytes) -> None:
        """Give all of it away in time. Raises OSError."""
        until = time.monotonic() + self._seconds
        rest = memoryview(data)
        while rest:
            self._wait(select.POLLOUT, until)
            try:
                rest = rest[os.write(self._handle, rest[:_CHUNK]) :]
            except BlockingIOError:
                continue

    def receive(self, seconds: float) -> bytes:
        """What came. Raises ConnectionResetError where the other end hung up."""
        try:
            self._wait(select.POLLIN, time.monotonic() + seconds)
            data = os.read(self._handle, _CHUNK)
        except (TimeoutError, BlockingIOError):
            return b""
        if not data:
            raise ConnectionResetError
        return data

    def close(self) -> None:
        """Let go of it. Closing twice does nothing."""
        handle, self._handle = self._handle, -1
        if handle >= 0:
            os.close(handle)

    def _wait(self, event: int, until: float) -> None:
        # The time is looked at even when poll() returns at once, as it does for ever on a faulty device.
        left = until - time.monotonic()
        poll = select.poll()
        poll.register(self._handle, event)
        if left <= 0 or not poll.poll(left * 1000):
            raise TimeoutError
