"""What a MAC of the method `psam-cipher` is made over; docs/reference-psam-card.md has it byte by byte."""

from __future__ import annotations

from typing import Final

from card.apdu import CommandApdu
from card.secure_messaging import pad
from crypto.sm4 import BLOCK_BYTES

MAC_BYTES: Final = 8  # the first of the 16 that the PSAM gives
PROPRIETARY_SECURE_MESSAGING: Final = 0x04  # CLA bit 3 (ISO/IEC 7816-4 §5.4.1)


def mac_message(random: bytes, command: CommandApdu, data: bytes) -> bytes:
    """Whole blocks: the padded random, the command's header with the data's length, the padded data.

    `random` has at most 15 bytes. As the length stands before the data, no message is the beginning of
    another, without which CBC-MAC is not safe (ISO/IEC 9797-1 annex B).
    """
    header = bytes((command.cla, command.ins, command.p1, command.p2)) + len(data).to_bytes(2, "big")
    return pad(random) + header.ljust(BLOCK_BYTES, b"\x00") + pad(data)
