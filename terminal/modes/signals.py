"""Sound and light at a tap: one signal for every benefit, and another that says "look at the screen".

Whoever stands by hears the same for every category, every fare and every companion card. Readers whose lamps
and beepers a profile describes would be one more `Signals`; no profile describes any yet.
"""

from __future__ import annotations

import queue
import threading
import time
from contextlib import suppress
from enum import Enum, auto
from typing import Final, Protocol, TextIO

from crypto.closing import Closing
from terminal.events.outcome import Outcome
from terminal.return_windows import ReturnWindows

_BELL: Final = "\a"
_PAUSE_SECONDS: Final = 0.25


class Signal(Enum):
    """All that is ever signalled."""

    GO_AHEAD = auto()
    LOOK_AT_SCREEN = auto()

    @classmethod
    def of(cls, outcome: Outcome, windows: ReturnWindows) -> Signal:
        """The signal for what came of a tap at a terminal with these windows."""
        goes_ahead = windows.admits(outcome) or outcome is Outcome.RECORDED
        return cls.GO_AHEAD if goes_ahead else cls.LOOK_AT_SCREEN


class Signals(Protocol):
    """Gives signals, and does not keep the tap waiting for it."""

    def give(self, signal: Signal) -> None:
        """Signal, at once or, while an earlier one is still being given, not at all."""


class NoSignals:
    """For a terminal whose gate or screen signals by itself."""

    def give(self, signal: Signal) -> None:
        """Nothing."""


class BellSignals(Closing):
    """The bell of a screen: once for "go ahead", twice for "look at the screen"; silent into a file.

    A thread of its own rings it, so that a screen that takes nothing more holds up no tap.
    """

    def __init__(self, screen: TextIO) -> None:
        self._screen = screen
        self._asked: queue.Queue[Signal | None] = queue.Queue(maxsize=1)
        self._thread = threading.Thread(target=self._ring, name="bell", daemon=True)
        self._thread.start()

    def give(self, signal: Signal) -> None:
        """Ring, unless it is ringing."""
        if self._screen.isatty():
            with suppress(queue.Full):
                self._asked.put_nowait(signal)

    def close(self) -> None:
        """Ring no more; a screen that hangs is not waited for."""
        with suppress(queue.Full):
            self._asked.put_nowait(None)
        self._thread.join(timeout=1.0)

    def _ring(self) -> None:
        while (signal := self._asked.get()) is not None:
            try:
                self._write()
                if signal is Signal.LOOK_AT_SCREEN:
                    time.sleep(_PAUSE_SECONDS)
                    self._write()
            except (OSError, ValueError):  # the screen is gone
                return

    def _write(self) -> None:
        self._screen.write(_BELL)
        self._screen.flush()
