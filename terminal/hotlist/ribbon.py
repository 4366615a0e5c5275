"""A ribbon: gives each of the cards it was built for its bits, and any other card arbitrary ones.

Dillinger and Walzer 2021, "Ribbon filter: practically smaller than Bloom and Xor" (arXiv 2103.02515): a
banded system of linear equations over GF(2), 64 coefficients each, solved by the builder (ribbon_solving.py).
A card's bit is the parity of its 64 coefficients AND the 64 solution bits at its place. Cards are dealt to
shards by their hash; each shard has a width and a seed of its own, so that one without a solution is tried
again alone.

    keys u32 | shards u32 | shards × width u16 in bytes, 8 or more | shards × seed u8
    | for each column: the shards' solution bits, little-endian within their bytes
"""

from __future__ import annotations

import struct
import sys
from array import array
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Final

from terminal.hotlist.card_hash import mix, tweak
from terminal.hotlist.errors import HotlistCountWrong

ROW_BITS: Final = 64
MIN_WIDTH: Final = ROW_BITS // 8
MAX_COLUMNS: Final = 32  # a card's fingerprint comes from 32 bits of its hash

_COUNTS: Final = struct.Struct(">II")


@dataclass(frozen=True)
class Ribbon:
    """Ends at `end` of `data`; `solution` is where its bits begin, `column` how many bytes a column has.

    `offsets` (bytes from the column's start) and `widths` are by shard. `stream` sets two ribbons over the
    same cards apart.
    """

    data: bytes = field(repr=False)
    end: int
    keys: int
    columns: int
    stream: int
    widths: array[int] = field(repr=False)
    offsets: array[int] = field(repr=False)
    seeds: bytes = field(repr=False)
    solution: int
    column: int

    @classmethod
    def parse(cls, data: bytes, start: int, limit: int, columns: int, stream: int) -> Ribbon:
        """The ribbon that begins at `start` and ends by `limit`. Raises HotlistCountWrong."""
        if start + _COUNTS.size > limit:
            raise HotlistCountWrong(detail=f"{limit - start} bytes left for a ribbon")
        keys, shards = _COUNTS.unpack_from(data, start)
        begun = start + _COUNTS.size
        if not 1 <= shards <= keys or begun + 3 * shards > limit:
            raise HotlistCountWrong(detail=f"{keys} cards in {shards} shards")
        widths = array("H", data[begun : begun + 2 * shards])
        if sys.byteorder == "little":
            widths.byteswap()
        column = sum(widths)
        solution = begun + 3 * shards
        end = solution + columns * column
        if min(widths) < MIN_WIDTH or end > limit:
            raise HotlistCountWrong(detail=f"{columns} x {column} bytes of solution")
        offsets = array("I", accumulate(widths, initial=0))
        offsets.pop()
        return cls(
            data=data,
            end=end,
            keys=keys,
            columns=columns,
            stream=stream,
            widths=widths,
            offsets=offsets,
            seeds=data[begun + 2 * shards : solution],
            solution=solution,
            column=column,
        )

    def bit(self, hashed: int) -> int:
        """The first column's bit of a card, given as `mix(card id)`."""
        shard = (hashed >> 32) * len(self.seeds) >> 32
        spread = mix(hashed ^ tweak(self.seeds[shard], self.stream))
        place = (spread >> 32) * (8 * self.widths[shard] - ROW_BITS + 1) >> 32
        byte = self.solution + self.offsets[shard] + (place >> 3)
        solved = int.from_bytes(self.data[byte : byte + 9], "little") >> (place & 7)
        return (solved & (mix(spread) | 1)).bit_count() & 1

    def has_fingerprint(self, hashed: int) -> bool:
        """Whether every column gives the card's fingerprint: always for one built in, else 1 in 2^columns."""
        shard = (hashed >> 32) * len(self.seeds) >> 32
        spread = mix(hashed ^ tweak(self.seeds[shard], self.stream))
        place = (spread >> 32) * (8 * self.widths[shard] - ROW_BITS + 1) >> 32
        row = mix(spread) | 1
        byte = self.solution + self.offsets[shard] + (place >> 3)
        for _column in range(self.columns):
            solved = int.from_bytes(self.data[byte : byte + 9], "little") >> (place & 7)
            if ((solved & row).bit_count() ^ spread) & 1:
                return False
            spread >>= 1
            byte += self.column
        return True


def ribbon_bytes(keys: int, widths: array[int], seeds: bytes, columns: list[bytes]) -> bytes:
    """A ribbon's bytes."""
    big = array("H", widths)
    if sys.byteorder == "little":
        big.byteswap()
    return b"".join((_COUNTS.pack(keys, len(seeds)), big.tobytes(), seeds, *columns))
