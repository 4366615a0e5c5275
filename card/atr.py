"""Answer to reset: the contact card's own, and those that a PC/SC reader makes for contactless cards.

ISO/IEC 7816-3 clause 8 gives the form; PC/SC part 3 §3.1.3.2.3 says what a reader fills in for a card that
has no answer to reset.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import reduce
from operator import xor
from typing import Final, Self

from card.errors import AnswerMalformed

MAX_ATR_BYTES: Final = 33  # TS and at most 32 characters
MAX_HISTORICAL_BYTES: Final = 15
CONVENTIONS: Final = (0x3B, 0x3F)  # TS: direct, inverse

TA, TB, TC, TD = 0x10, 0x20, 0x40, 0x80  # which interface bytes follow T0 or TDi

STORAGE_CARD_AID: Final = bytes.fromhex("A0 00 00 03 06")  # the PC/SC workgroup
ISO_14443_A_PART_3: Final = 0x03


class StorageCard(IntEnum):
    """Card names of the PC/SC workgroup that a type A card shows by its SAK. PC/SC part 3, supplement."""

    NOT_KNOWN = 0x0000
    MIFARE_CLASSIC_1K = 0x0001
    MIFARE_CLASSIC_4K = 0x0002
    MIFARE_ULTRALIGHT = 0x0003
    MIFARE_MINI = 0x0026

    @classmethod
    def of_sak(cls, sak: int) -> StorageCard:
        """The card that answers this SAK (NXP AN10833)."""
        by_sak = {
            0x00: cls.MIFARE_ULTRALIGHT,
            0x08: cls.MIFARE_CLASSIC_1K,
            0x09: cls.MIFARE_MINI,
            0x18: cls.MIFARE_CLASSIC_4K,
        }
        return by_sak.get(sak, cls.NOT_KNOWN)


@dataclass(frozen=True)
class InterfaceBytes:
    """TAi, TBi, TCi of one i; None where absent."""

    ta: int | None = None
    tb: int | None = None
    tc: int | None = None

    def present(self) -> int:
        """The bits of Yi that say so."""
        members = ((self.ta, TA), (self.tb, TB), (self.tc, TC))
        return sum(bit for value, bit in members if value is not None)

    def to_bytes(self) -> bytes:
        """Those present, in order."""
        return bytes(value for value in (self.ta, self.tb, self.tc) if value is not None)


@dataclass(frozen=True)
class Atr:
    """An answer to reset.

    `interface[i]` are the interface bytes i + 1 and `protocols[i]` the T of TD(i + 1), so there is one
    protocol less than groups of interface bytes. `historical` has 0 to 15 bytes.
    """

    interface: tuple[InterfaceBytes, ...] = (InterfaceBytes(),)
    protocols: tuple[int, ...] = ()
    historical: bytes = b""
    convention: int = CONVENTIONS[0]

    @classmethod
    def from_bytes(cls, encoded: bytes) -> Self:
        """Parse an answer; whether TCK is right or left out is not looked at, as the reader did.

        Raises AnswerMalformed.
        """
        if not 2 <= len(encoded) <= MAX_ATR_BYTES or encoded[0] not in CONVENTIONS:
            raise AnswerMalformed(what="ATR", detail=f"no TS, or {len(encoded)} bytes")
        interface: list[InterfaceBytes] = []
        protocols: list[int] = []
        following, position = encoded[1], 2
        while True:
            count = (following >> 4).bit_count()
            values = iter(encoded[position : position + count])
            if len(encoded) < position + count:
                raise AnswerMalformed(what="ATR", detail="the interface bytes are cut off")
            ta, tb, tc, td = (next(values) if following & bit else None for bit in (TA, TB, TC, TD))
            interface.append(InterfaceBytes(ta, tb, tc))
            position += count
            if td is None:
                break
            protocols.append(td & 0x0F)
            following = td
        end = position + (encoded[1] & 0x0F)
        if not end <= len(encoded) <= end + 1:
            raise AnswerMalformed(what="ATR", detail=f"{len(encoded)} bytes do not fit T0")
        return cls(tuple(interface), tuple(protocols), encoded[position:end], encoded[0])

    def to_bytes(self) -> bytes:
        """The answer as the card sends it."""
        body = bytearray()
        low = len(self.historical)
        for group, protocol in zip(self.interface, (*self.protocols, None), strict=True):
            body.append(group.present() | (TD if protocol is not None else 0) | low)
            body += group.to_bytes()
            low = protocol or 0
        body += self.historical
        # TCK is there unless T=0 is the only protocol (ISO/IEC 7816-3 §8.2.5).
        check = bytes((reduce(xor, body),)) if any(self.protocols) else b""
        return bytes((self.convention,)) + body + check


def contactless_atr(historical: bytes) -> bytes:
    """What a PC/SC reader makes of an ATS's historical bytes: 3B 8n 80 01, the bytes, TCK.

    Raises ValueError for more than 15 bytes. Source: PC/SC part 3 §3.1.3.2.3.1.
    """
    if len(historical) > MAX_HISTORICAL_BYTES:
        raise ValueError("an ATR carries at most 15 historical bytes")
    return Atr((InterfaceBytes(),) * 3, (0, 1), historical).to_bytes()


def storage_card_atr(card: StorageCard) -> bytes:
    """What a PC/SC reader makes for a card that speaks ISO/IEC 14443-3 type A and no more.

    Its historical bytes are 80, 4F 0C, the workgroup's AID, the standard, the card's name, 4 bytes RFU.
    Source: PC/SC part 3 §3.1.3.2.3.2.
    """
    name = bytes((ISO_14443_A_PART_3,)) + card.to_bytes(2, "big")
    return contactless_atr(bytes.fromhex("80 4F 0C") + STORAGE_CARD_AID + name + bytes(4))
