"""Type A cards in a reader's field up to their selection (ISO/IEC 14443-3), and CRC_A.

Clauses are those of the 2011 edition.
"""

from __future__ import annotations

from binascii import crc_hqx
from enum import Enum, auto
from typing import Final, Protocol

CRC_BYTES: Final = 2
HALT: Final = bytes.fromhex("50 00")  # HLTA, without CRC (§6.4.3)
SAK_ISO_14443_4: Final = 0x20  # the card goes on with part 4 (§6.5.3.4)

_MIRRORED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
_CRC_A_START: Final = 0xC6C6  # 6363 mirrored


def crc_a(data: bytes) -> bytes:
    """CRC_A as it is sent, low byte first (§6.2.4, annex B).

    Mirrored bit by bit, it is the CRC of binascii with another start, which is a hundred times faster than a
    loop over bits.
    """
    return crc_hqx(data.translate(_MIRRORED), _CRC_A_START).to_bytes(CRC_BYTES, "big").translate(_MIRRORED)


def without_crc(frame: bytes) -> bytes | None:
    """The frame's data, or None when its CRC_A is missing or wrong."""
    data = frame[:-CRC_BYTES]
    return data if data and crc_a(data) == frame[-CRC_BYTES:] else None


class PiccState(Enum):
    """States of a type A card (§6.3), and PROTOCOL of part 4. GONE: it left the field for good."""

    POWER_OFF = auto()
    IDLE = auto()
    ACTIVE = auto()
    HALT = auto()
    PROTOCOL = auto()
    GONE = auto()


class Picc(Protocol):
    """A card as the antenna sees it. Frames carry their CRC_A; None is silence."""

    @property
    def uid(self) -> bytes:
        """UID of 4, 7 or 10 bytes."""

    @property
    def atqa(self) -> bytes:
        """ATQA in the order in which it is sent."""

    @property
    def sak(self) -> int:
        """SAK of the last cascade level."""

    def field_on(self) -> None:
        """The field is there."""

    def field_off(self) -> None:
        """The field is gone, from any thread: whatever is under way is forgotten."""

    def select(self, *, wake_up: bool) -> bool:
        """REQA, or WUPA if `wake_up`, and anticollision; whether it is selected now."""

    def receive(self, frame: bytes) -> bytes | None:
        """The answer to one frame."""

    def close(self) -> None:
        """It is taken away. Closing twice does nothing."""


def atqa_for(uid: bytes) -> bytes:
    """ATQA with the UID's size and bit frame anticollision (§6.5.2)."""
    sizes = {4: 0x00, 7: 0x40, 10: 0x80}
    if len(uid) not in sizes:
        raise ValueError("a UID has 4, 7 or 10 bytes")
    return bytes((sizes[len(uid)] | 0x04, 0x00))
