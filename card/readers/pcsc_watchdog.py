"""An end to calls that would not end: a card that never answers, a program that keeps its transaction.

libpcsclite waits for the service's answer without a limit, and no call of its own ends that. What does is the
end of the socket between the two; so a call that is overdue has its socket shut down, and returns with an
error. The context is lost by it and is made anew.
"""

from __future__ import annotations

import os
import socket
import stat
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Final

from crypto.closing import Closing

TICK_SECONDS: Final = 0.5
SOCKET_VARIABLE: Final = "PCSCLITE_CSOCK_NAME"
DEFAULT_SOCKET: Final = "/run/pcscd/pcscd.comm"
OPEN_FILES: Final = Path("/proc/self/fd")


class PcscWatchdog(Closing):
    """Watches the calls over one socket to the service; one call at a time, by one thread."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._due: float | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.has_cut = False

    def expect_end_within(self, seconds: float) -> None:
        """A call begins."""
        self._due = time.monotonic() + seconds
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="pcsc-watchdog", daemon=True)
            self._thread.start()

    def ended(self) -> None:
        """It has ended."""
        self._due = None

    def close(self) -> None:
        """Stop watching. Closing twice does nothing."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
        self._line.close()

    def _run(self) -> None:
        while not self._stopping.wait(TICK_SECONDS):
            due = self._due
            if due is not None and time.monotonic() > due:
                self.has_cut = True
                with suppress(OSError):  # the service was first
                    self._line.shutdown(socket.SHUT_RDWR)
                return


def lines_to_service() -> dict[int, int]:
    """Descriptors of this process's sockets to the service, by inode."""
    service = os.environ.get(SOCKET_VARIABLE, DEFAULT_SOCKET)
    found: dict[int, int] = {}
    for entry in list(OPEN_FILES.iterdir()):
        with suppress(OSError):  # closed meanwhile
            status = entry.stat()
            if stat.S_ISSOCK(status.st_mode) and _leads_to(int(entry.name), service):
                found[status.st_ino] = int(entry.name)
    return found


def duplicate(descriptor: int) -> socket.socket:
    """A socket of our own on the same line."""
    return socket.socket(fileno=os.dup(descriptor))


def _leads_to(descriptor: int, service: str) -> bool:
    line = socket.socket(fileno=descriptor)
    try:
        return line.family == socket.AF_UNIX and line.getpeername() == service
    finally:
        line.detach()  # it is somebody else's to close
