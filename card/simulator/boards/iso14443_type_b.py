"""A type B card that answers the call and nothing after it (ISO/IEC 14443-3 §7), as China's resident ID card.

That card speaks a protocol of its own from then on, which only its own readers know.
"""

from __future__ import annotations

from typing import Final

from card.simulator.boards.iso14443_3 import PiccState
from crypto.closing import Closing

# ATQB: 50, PUPI, application data, protocol information (§7.9). The last seven bytes are those of a resident
# ID card in pcsc-tools' smartcard_list.txt.
RESIDENT_ID_ATQB: Final = bytes.fromhex("50 00 00 00 00 D1 03 86 05 00 80 80")


class TypeBCard(Closing):
    """A card with this ATQB, 12 bytes."""

    def __init__(self, atqb: bytes = RESIDENT_ID_ATQB) -> None:
        self.atqb: Final = atqb
        self._state = PiccState.POWER_OFF

    def field_on(self) -> None:
        """Wait to be asked for."""
        if self._state is PiccState.POWER_OFF:
            self._state = PiccState.IDLE

    def field_off(self) -> None:
        """Nothing is selected any more."""
        if self._state is not PiccState.GONE:
            self._state = PiccState.POWER_OFF

    def select(self, *, wake_up: bool) -> bool:
        """REQB or WUPB, and ATTRIB; whether it answered."""
        if self._state is not PiccState.IDLE:
            return False
        self._state = PiccState.ACTIVE
        return True

    def receive(self, frame: bytes) -> bytes | None:
        """Silence."""
        return None

    def close(self) -> None:
        """Taken away."""
        self._state = PiccState.GONE
