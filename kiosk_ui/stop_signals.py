"""SIGTERM and Ctrl-C in a program whose time is spent in Qt's event loop.

Python runs a signal's handler only between its own instructions, and Qt's loop has none; so the signal also
writes a byte to a socket that the loop watches.
"""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Final, Self

from PyQt6.QtCore import QSocketNotifier
from PyQt6.sip import voidptr

STOPPING: Final = (signal.SIGINT, signal.SIGTERM)
_CHUNK: Final = 64


class StopSignals:
    """Calls `stop` in the event loop when the process is asked to end; puts everything back on exit."""

    def __init__(self, stop: Callable[[], object]) -> None:
        self._stop = stop
        self._inner, self._outer = socket.socketpair()
        self._inner.setblocking(False)
        self._outer.setblocking(False)
        self._notifier = QSocketNotifier(voidptr(self._inner.fileno()), QSocketNotifier.Type.Read)
        self._notifier.activated.connect(self._wake)
        self._previous_fd = -1
        self._previous: dict[signal.Signals, Callable[[int, FrameType | None], object] | int | None] = {}

    def __enter__(self) -> Self:
        self._previous_fd = signal.set_wakeup_fd(self._outer.fileno())
        for number in STOPPING:
            self._previous[number] = signal.signal(number, lambda _number, _frame: None)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._previous_fd)
        self._notifier.setEnabled(False)
        self._inner.close()
        self._outer.close()

    def _wake(self) -> None:
        if any(number in STOPPING for number in self._inner.recv(_CHUNK)):
            self._stop()
