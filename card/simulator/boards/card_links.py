"""On which simulated reader a simulated card is put, and how a program addresses that reader."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Protocol

from card.errors import CardTorn
from card.simulator.boards.pn532_board import Pn532Board
from card.simulator.boards.serial_ccid_board import SerialCcidBoard
from card.simulator.boards.serial_command_response_board import SerialCommandResponseBoard
from card.simulator.chips.chip import Chip
from card.simulator.chips.wrapped_chip import WrappedChip


class Link(StrEnum):
    """A virtual reader behind pcscd, or one of the readers on a pseudo-terminal."""

    VPCD = "vpcd"
    PN532 = "pn532"
    CCID_SERIAL = "ccid-serial"
    STX_ETX_SERIAL = "stx-etx-serial"


class Board(Protocol):
    """A simulated reader on a pseudo-terminal, in a thread of its own."""

    @property
    def path(self) -> str:
        """The device that a program opens."""

    def put(self, chip: Chip) -> object:
        """Lay a card on it."""

    def close(self) -> None:
        """Take reader and card away."""


BOARDS: Final[Mapping[Link, Callable[[], Board]]] = MappingProxyType(
    {
        Link.PN532: Pn532Board,
        Link.CCID_SERIAL: SerialCcidBoard,
        Link.STX_ETX_SERIAL: SerialCommandResponseBoard,
    }
)
# As card.readers.address reads them.
ADDRESSES: Final[Mapping[Link, str]] = MappingProxyType(
    {
        Link.PN532: "nfc:{path}",
        Link.CCID_SERIAL: "serial:acs-ccid-serial:{path}",
        Link.STX_ETX_SERIAL: "serial:stx-etx-generic:{path}",
    }
)


class DepartingChip(WrappedChip):
    """A chip that tells when it leaves the field by itself: `departed`."""

    def __init__(self, chip: Chip) -> None:
        super().__init__(chip)
        self.departed: Final = threading.Event()

    def process(self, command: bytes) -> bytes:
        """The chip's answer. Raises CardTorn."""
        try:
            return super().process(command)
        except CardTorn:
            self.departed.set()
            raise
