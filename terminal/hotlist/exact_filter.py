"""A filter that knows for each card of a universe, without error, whether it belongs to a part of it.

Schanck 2025, "Clubcards for the WebPKI: smaller certificate revocation tests in theory and practice": the
smaller side (part or rest) goes into a ribbon of k columns that gives its cards their fingerprints; of the
larger side one card in 2^k passes it by accident; a ribbon of one column tells those apart from the smaller
side. Where neither side is much smaller, k is 0 and the second ribbon does it alone. About a card outside the
universe it says anything.

    universe u32 | part u32 | k u8 | 3 bytes 0
    | first ribbon, if k > 0 | second ribbon, if neither side is empty
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from math import floor, log, log2
from typing import Final

from terminal.hotlist.errors import HotlistCountWrong, HotlistMalformed
from terminal.hotlist.ribbon import MAX_COLUMNS, Ribbon

_HEADER: Final = struct.Struct(">IIB3s")

FIRST_STREAM: Final = 0
SECOND_STREAM: Final = 1


def best_columns(smaller: int, larger: int) -> int:
    """The k with the fewest bits: one more column would cost the smaller side more than it saves."""
    if not smaller:
        return 0
    return min(MAX_COLUMNS, max(0, floor(log2(max(1.0, log(2) * larger / smaller)))))


@dataclass(frozen=True)
class ExactFilter:
    """`universe` and `part`: how many cards. Its bytes end at `end` in the file."""

    universe: int
    part: int
    end: int
    first: Ribbon | None = field(repr=False)
    second: Ribbon | None = field(repr=False)

    @classmethod
    def parse(cls, data: bytes, start: int, limit: int) -> ExactFilter:
        """The filter from `start` on, by `limit` at most. Raises HotlistCountWrong, HotlistMalformed."""
        if start + _HEADER.size > limit:
            raise HotlistCountWrong(detail=f"{limit - start} bytes left for a filter")
        universe, part, columns, reserved = _HEADER.unpack_from(data, start)
        if any(reserved):
            raise HotlistMalformed(detail="reserved != 0")
        smaller = min(part, universe - part)
        if smaller < 0 or columns > (MAX_COLUMNS if smaller else 0):
            raise HotlistCountWrong(detail=f"{part} of {universe} cards, k = {columns}")
        end = start + _HEADER.size
        first = second = None
        if columns:
            first = Ribbon.parse(data, end, limit, columns, FIRST_STREAM)
            end = first.end
            if first.keys != smaller:
                raise HotlistCountWrong(detail=f"{first.keys} cards in the first ribbon, not {smaller}")
        if smaller:
            second = Ribbon.parse(data, end, limit, 1, SECOND_STREAM)
            end = second.end
            if not (smaller if first else universe) <= second.keys <= universe:
                raise HotlistCountWrong(detail=f"{second.keys} cards in the second ribbon")
        return cls(universe, part, end, first, second)

    @property
    def part_is_larger(self) -> bool:
        """Whether the ribbons hold the rest, and not the part."""
        return 2 * self.part > self.universe

    def holds(self, hashed: int) -> bool:
        """Whether a card of the universe, given as `mix(card id)`, belongs to the part."""
        if self.second is None or (self.first is not None and not self.first.has_fingerprint(hashed)):
            return self.part_is_larger
        return bool(self.second.bit(hashed)) is not self.part_is_larger


def filter_bytes(universe: int, part: int, columns: int, ribbons: bytes) -> bytes:
    """A filter's bytes around those of its ribbons."""
    return _HEADER.pack(universe, part, columns, bytes(3)) + ribbons
