"""A type 2 tag of the NFC Forum: a foreign card that ends at ISO/IEC 14443-3.

Source: NFC Forum, Type 2 Tag Operation Specification 1.2, §5.
"""

from __future__ import annotations

import secrets
from typing import Final

from card.simulator.boards.iso14443_3 import HALT, PiccState, atqa_for, crc_a, without_crc
from crypto.closing import Closing

READ: Final = 0x30
PAGE_BYTES: Final = 4
PAGES_READ: Final = 4
DATA_PAGE: Final = 3  # the capability container
NAK: Final = bytes((0x00,))  # four bits, without CRC
MANUFACTURER: Final = 0x02
CAPABILITY_CONTAINER: Final = bytes.fromhex("E1 10 06 00")  # NDEF, version 1.0, 48 bytes, read and write
EMPTY_NDEF: Final = bytes.fromhex("03 00 FE 00")


class Type2Tag(Closing):
    """A tag with an empty NDEF message. A `Picc`."""

    def __init__(self, uid: bytes | None = None) -> None:
        self.uid: Final = uid or bytes((MANUFACTURER,)) + secrets.token_bytes(6)
        self.atqa: Final = atqa_for(self.uid)
        self.sak: Final = 0x00
        self._state = PiccState.POWER_OFF
        self._memory = bytes(DATA_PAGE * PAGE_BYTES) + CAPABILITY_CONTAINER + EMPTY_NDEF + bytes(44)

    def field_on(self) -> None:
        """Wait to be asked for."""
        if self._state is PiccState.POWER_OFF:
            self._state = PiccState.IDLE

    def field_off(self) -> None:
        """Nothing is selected any more."""
        if self._state is not PiccState.GONE:
            self._state = PiccState.POWER_OFF

    def select(self, *, wake_up: bool) -> bool:
        """Whether it is selected now."""
        if self._state not in {PiccState.IDLE, *({PiccState.HALT} if wake_up else ())}:
            return False
        self._state = PiccState.ACTIVE
        return True

    def receive(self, frame: bytes) -> bytes | None:
        """READ gives four pages, from the first again after the last; anything else but HLTA a NAK."""
        body = without_crc(frame)
        if body is None or self._state is not PiccState.ACTIVE:
            return None
        if body == HALT:
            self._state = PiccState.HALT
            return None
        pages = len(self._memory) // PAGE_BYTES
        if len(body) != 2 or body[0] != READ or body[1] >= pages:
            self._state = PiccState.IDLE
            return NAK
        start = body[1] * PAGE_BYTES
        data = (self._memory * 2)[start : start + PAGES_READ * PAGE_BYTES]
        return data + crc_a(data)

    def close(self) -> None:
        """Taken away."""
        self._state = PiccState.GONE
