"""A card that is not ours: it knows no application of that name."""

from __future__ import annotations

from card.apdu import StatusWord
from card.simulator.atr import contactless_atr


class ForeignCardChip:
    """A chip that answers every command with 6A82, as most bank and transit cards do to our SELECT."""

    @property
    def atr(self) -> bytes:
        """A contactless card's ATR without historical bytes."""
        return contactless_atr(b"")

    def power_on(self) -> None:
        """It keeps no state."""

    def power_off(self) -> None:
        """It keeps no state."""

    def process(self, command: bytes) -> bytes:
        """FILE_NOT_FOUND."""
        return StatusWord.FILE_NOT_FOUND.to_bytes(2, "big")
