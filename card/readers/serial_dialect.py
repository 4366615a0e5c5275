"""What every command set of a serial reader offers."""

from __future__ import annotations

from typing import Protocol


class SerialDialect(Protocol):
    """One reader's commands over an open link. All of them may raise what SerialLink.exchange() raises."""

    @property
    def max_apdu(self) -> int:
        """The longest command or answer APDU, in bytes, that it carries."""

    def greet(self) -> None:
        """Make contact with a reader whose line was just opened. Raises DeviceSpeaksOtherwise."""

    def find(self) -> bytes | None:
        """Look for a card once, and power it: its ATR, or None where there is no card. Raises CardTorn."""

    def still_there(self) -> bool:
        """Whether the card that find() saw last is there. May reset it."""

    def transmit(self, command: bytes) -> bytes:
        """The response APDU to a command APDU. Raises CardTorn, AnswerMalformed and ForeignCard."""

    def release(self) -> None:
        """Let go of the card. Raises CardTorn."""
