"""hotlist/delta-NNNN.bin: what changed since the base or the delta before, card by card.

head (framing.py), magic 544B4844 ("TKHD"), own version and date | SM3 of the base, 32 bytes | count u32
| count × card id, 8 bytes, strictly ascending | count × state u8: 0 in force, else the reason | CRC-32
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from operator import lt
from typing import Final

from terminal.hotlist.errors import HotlistCountWrong, HotlistMalformed
from terminal.hotlist.framing import HEADER_BYTES, frame, unframe
from terminal.hotlist.reason import IN_FORCE, REASONS, UNSTATED_CODE

MAGIC: Final = b"TKHD"
DIGEST_BYTES: Final = 32
MAX_CHANGES: Final = 5_000_000  # 45 MB: time for a new base

_COUNT: Final = struct.Struct(">I")
_STATES: Final = bytes([IN_FORCE, *REASONS, UNSTATED_CODE])


@dataclass(frozen=True)
class HotlistDelta:
    """`base`: SM3 of the base file. `cards`: ids as numbers, ascending, beside their `states`."""

    version: int
    dated: date
    base: bytes = field(repr=False)
    cards: array[int] = field(repr=False)
    states: bytes = field(repr=False)

    @classmethod
    def from_bytes(cls, data: bytes) -> HotlistDelta:
        """Raises HotlistMalformed and its kinds."""
        head = unframe(data, MAGIC)
        body = HEADER_BYTES + DIGEST_BYTES
        if body + _COUNT.size > head.end:
            raise HotlistCountWrong(detail=f"{head.end - body} bytes left for changes")
        count = _COUNT.unpack_from(data, body)[0]
        begun = body + _COUNT.size
        if count > MAX_CHANGES or begun + 9 * count != head.end:
            raise HotlistCountWrong(detail=f"{count} changes in {head.end - begun} bytes")
        cards = _swapped(array("Q", data[begun : begun + 8 * count]))
        states = data[begun + 8 * count : head.end]
        if not all(lt(*pair) for pair in pairwise(cards)):
            raise HotlistMalformed(detail="card ids out of order")
        if states.strip(_STATES):
            raise HotlistMalformed(detail="unknown state")
        return cls(head.version, head.dated, data[HEADER_BYTES:body], cards, states)


def delta_bytes(version: int, dated: date, base: bytes, changes: Mapping[bytes, int]) -> bytes:
    """The file; `base` is the base's digest, `changes` card id → state."""
    cards = sorted(changes)
    body = (base, _COUNT.pack(len(cards)), *cards, bytes(changes[card] for card in cards))
    return frame(MAGIC, version, dated, b"".join(body))


def _swapped(numbers: array[int]) -> array[int]:
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers
