"""hotlist/reasons.bin: why a base lists a card. For staff; a validator need not hold it.

    head (framing.py), magic 544B4852 ("TKHR"), version and date of its base | SM3 of the base, 32 bytes
    | count u8 | count × reason u8 | count − 1 exact filters | CRC-32

The first filter knows, of all listed cards, which are listed for the first reason; the second, of the rest,
which for the second; what passes all is listed for the last. The most frequent reason comes first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from terminal.hotlist.errors import HotlistCountWrong, HotlistMalformed
from terminal.hotlist.exact_filter import ExactFilter
from terminal.hotlist.framing import HEADER_BYTES, frame, unframe
from terminal.hotlist.reason import REASONS, HotlistReason

MAGIC: Final = b"TKHR"
DIGEST_BYTES: Final = 32


@dataclass(frozen=True)
class HotlistReasons:
    """`base`: SM3 of the base file; `listed`: how many cards it lists."""

    base: bytes = field(repr=False)
    listed: int
    reasons: tuple[HotlistReason, ...]
    filters: tuple[ExactFilter, ...] = field(repr=False)

    @classmethod
    def from_bytes(cls, data: bytes, listed: int) -> HotlistReasons:
        """The reasons for a base that lists so many cards. Raises HotlistMalformed and its kinds."""
        head = unframe(data, MAGIC)
        body = HEADER_BYTES + DIGEST_BYTES
        codes = data[body + 1 : body + 1 + data[body]] if body < head.end else b""
        place = body + 1 + len(codes)
        if place > head.end or len(codes) != data[body] or bool(codes) != bool(listed):
            raise HotlistCountWrong(detail=f"{len(codes)} reasons for {listed} cards")
        if len(set(codes)) != len(codes) or not set(codes) <= REASONS.keys():
            raise HotlistMalformed(detail=f"reasons {codes.hex()}")
        filters = []
        left = listed
        for _code in codes[1:]:
            one = ExactFilter.parse(data, place, head.end)
            if one.universe != left or not 0 < one.part < left:
                raise HotlistCountWrong(detail=f"{one.part} of {one.universe} cards, not of {left}")
            filters.append(one)
            place, left = one.end, left - one.part
        if place != head.end:
            raise HotlistCountWrong(detail=f"{head.end - place} bytes too many")
        return cls(data[HEADER_BYTES:body], listed, tuple(REASONS[code] for code in codes), tuple(filters))

    def reason(self, hashed: int) -> HotlistReason:
        """Why a listed card, given as `mix(card id)`, is listed."""
        for reason, one in zip(self.reasons, self.filters, strict=False):
            if one.holds(hashed):
                return reason
        return self.reasons[-1]


def reasons_bytes(version: int, dated: date, base: bytes, codes: bytes, filters: bytes) -> bytes:
    """The file; `base` is the base's digest."""
    return frame(MAGIC, version, dated, base + bytes([len(codes)]) + codes + filters)
