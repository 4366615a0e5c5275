"""What a link needs of a card's chip."""

from __future__ import annotations

from typing import Protocol


class Chip(Protocol):
    """A chip as the reader's field sees it: bytes in, bytes out, and nothing kept without power."""

    @property
    def atr(self) -> bytes:
        """Answer to reset."""

    def power_on(self) -> None:
        """The field is there, or the reader reset the chip: start anew, nothing selected."""

    def power_off(self) -> None:
        """The field is gone."""

    def process(self, command: bytes) -> bytes:
        """The response APDU to one command APDU. Raises CardTorn when the card leaves before it answers."""
