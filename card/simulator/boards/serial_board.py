"""What the simulated readers on a serial line have in common: a place for a card, a cable, and faults."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import deque
from enum import StrEnum
from typing import Final

from card.errors import CardTorn
from card.simulator.boards.serial_cable import SerialCable
from card.simulator.chips.chip import Chip
from crypto.closing import Closing

MANY: Final = 100  # more than any host should bear


class LineFault(StrEnum):
    """What goes wrong with one command or its answer."""

    NONE = "none"
    NOISE = "noise"
    HALF_FRAME = "half-frame"
    WRONG_CHECKSUM = "wrong-checksum"
    NAK = "nak"
    DUPLICATE = "duplicate"
    MORE_TIME = "more-time"
    ENDLESS_TIME = "endless-time"
    SILENCE = "silence"
    UNPLUG = "unplug"


class SerialBoard(Closing, ABC):
    """A reader at `path` that answers in a thread of its own."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._chip: Chip | None = None
        self._is_powered = False
        self._faults: deque[LineFault] = deque()
        self._buffer = bytearray()
        self._last_answer = b""
        self._cable = SerialCable(self._received)

    @property
    def path(self) -> str:
        """Where a program opens it; stays the same when it is unplugged and put back."""
        return self._cable.path

    def put(self, chip: Chip) -> None:
        """Lay a card on the reader, in place of the one that lies there."""
        with self._lock:
            self.remove()
            self._chip = chip

    def remove(self) -> None:
        """Take the card away. Does nothing without one."""
        with self._lock:
            self._power_off()
            self._chip = None

    def inject(self, *faults: LineFault) -> None:
        """Let each of these spoil one of the next commands, in this order."""
        with self._lock:
            self._faults.extend(faults)

    def unplug(self) -> None:
        """Pull the reader out; a card that lies on it stays."""
        self._cable.unplug()
        with self._lock:
            self._power_off()
            self._buffer.clear()

    def plug(self) -> None:
        """Put the reader back."""
        self._cable.plug()

    def close(self) -> None:
        """Take reader and card away. Closing twice does nothing."""
        self._cable.close()
        self.remove()

    @abstractmethod
    def _take_commands(self) -> None:
        """Take whole commands from the buffer and answer them."""

    @abstractmethod
    def _noise(self) -> bytes:
        """Bytes before a frame that look as if one began."""

    def _received(self, data: bytes) -> None:
        with self._lock:
            self._buffer += data
            self._take_commands()

    def _is_refused(self) -> bool:
        """Whether the command that came shall be answered with a NAK."""
        if self._faults and self._faults[0] is LineFault.NAK:
            self._faults.popleft()
            return True
        return False

    def _send(self, answer: bytes, more_time: bytes) -> None:
        """The answer, or what a fault leaves of it; `more_time` is the frame that asks for it."""
        self._last_answer = answer
        half, damaged = answer[: len(answer) // 2], answer[:-2] + bytes((answer[-2] ^ 0x55,)) + answer[-1:]
        match self._faults.popleft() if self._faults else None:
            case LineFault.NOISE:
                self._cable.send(self._noise() + answer)
            case LineFault.HALF_FRAME:
                self._cable.send(half)
            case LineFault.WRONG_CHECKSUM:
                self._cable.send(damaged)
            case LineFault.DUPLICATE:
                self._cable.send(answer + answer)
            case LineFault.MORE_TIME:
                self._cable.send(more_time + answer)
            case LineFault.ENDLESS_TIME:
                self._cable.send(more_time * MANY)
            case LineFault.SILENCE:
                pass
            case LineFault.UNPLUG:
                self._cable.send(half)
                self.unplug()
            case _:
                self._cable.send(answer)

    def _power_on(self, chip: Chip) -> bytes:
        """The chip's ATR."""
        chip.power_on()
        self._is_powered = True
        return chip.atr

    def _power_off(self) -> None:
        if self._chip is not None and self._is_powered:
            self._chip.power_off()
        self._is_powered = False

    def _process(self, command: bytes) -> bytes | None:
        """The card's answer; None when there is no card under power, or it left."""
        if self._chip is None or not self._is_powered:
            return None
        try:
            return self._chip.process(command)
        except CardTorn:
            self.remove()
            return None
