"""Answer to select: what a contactless card says of itself when it enters ISO/IEC 14443-4 (§5.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

from card.errors import AnswerMalformed

CARRIER_HZ: Final = 13_560_000
FRAME_SIZES: Final = (16, 24, 32, 40, 48, 64, 96, 128, 256)  # by FSCI or FSDI; larger ones count as 256
DEFAULT_FSCI: Final = 2
DEFAULT_FWI: Final = 4
RESERVED: Final = 15  # FWI and SFGI
MAX_ATS_BYTES: Final = 254

TA_FOLLOWS, TB_FOLLOWS, TC_FOLLOWS = 0x10, 0x20, 0x40


def frame_size(code: int) -> int:
    """Bytes of the longest frame, prologue and CRC included, that FSCI or FSDI stands for."""
    return FRAME_SIZES[min(code, len(FRAME_SIZES) - 1)]


@dataclass(frozen=True)
class Ats:
    """TL, T0, TA(1), TB(1), TC(1) and the historical bytes, with the standard's defaults for what is absent.

    `bit_rates` is TA(1) and `options` TC(1) as they are; `fsci`, `fwi`, `sfgi` are the four-bit codes.
    """

    fsci: int = DEFAULT_FSCI
    bit_rates: int = 0
    fwi: int = DEFAULT_FWI
    sfgi: int = 0
    options: int = 0x02
    historical: bytes = b""

    @classmethod
    def from_bytes(cls, encoded: bytes) -> Self:
        """Parse an ATS without its CRC. Raises AnswerMalformed."""
        if not 1 <= len(encoded) <= MAX_ATS_BYTES or encoded[0] != len(encoded):
            raise AnswerMalformed(what="ATS", detail=f"its length byte does not fit {len(encoded)} bytes")
        if len(encoded) == 1:
            return cls()
        t0, rest = encoded[1], encoded[2:]
        announced = (t0 & (TA_FOLLOWS | TB_FOLLOWS | TC_FOLLOWS)).bit_count()
        if len(rest) < announced:
            raise AnswerMalformed(what="ATS", detail="its interface bytes are cut off")
        values = iter(rest)
        ta = next(values) if t0 & TA_FOLLOWS else cls.bit_rates
        tb = next(values) if t0 & TB_FOLLOWS else cls.fwi << 4
        tc = next(values) if t0 & TC_FOLLOWS else cls.options
        return cls(t0 & 0x0F, ta, tb >> 4, tb & 0x0F, tc, rest[announced:])

    def to_bytes(self) -> bytes:
        """The ATS with all its interface bytes, without its CRC."""
        t0 = TA_FOLLOWS | TB_FOLLOWS | TC_FOLLOWS | self.fsci
        body = bytes((t0, self.bit_rates, self.fwi << 4 | self.sfgi, self.options)) + self.historical
        return bytes((len(body) + 1,)) + body

    @property
    def frame_size(self) -> int:
        """FSC: bytes of the longest frame that the card takes, prologue and CRC included."""
        return frame_size(self.fsci)

    @property
    def frame_waiting_seconds(self) -> float:
        """FWT: within it the card begins to answer (§7.2). A reserved code counts as the default."""
        fwi = DEFAULT_FWI if self.fwi == RESERVED else self.fwi
        return (4096 << fwi) / CARRIER_HZ

    @property
    def guard_seconds(self) -> float:
        """SFGT: for so long after its ATS the card is not ready for a frame (§5.2.5)."""
        return (4096 << self.sfgi) / CARRIER_HZ if 0 < self.sfgi < RESERVED else 0.0
