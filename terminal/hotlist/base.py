"""hotlist/base.bin: whether a card is listed, for every card that was issued up to and including its date.

head (framing.py), magic 544B4842 ("TKHB") | exact filter (exact_filter.py) | CRC-32
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Final

from crypto.sm3 import sm3
from terminal.hotlist.errors import HotlistCountWrong
from terminal.hotlist.exact_filter import ExactFilter
from terminal.hotlist.framing import HEADER_BYTES, frame, unframe

MAGIC: Final = b"TKHB"


@dataclass(frozen=True)
class HotlistBase:
    """`digest`, SM3 over the file, is how deltas and reasons name the base they belong to."""

    version: int
    dated: date
    listed: ExactFilter
    digest: bytes = field(repr=False)

    @classmethod
    def from_bytes(cls, data: bytes) -> HotlistBase:
        """Raises HotlistMalformed and its kinds."""
        head = unframe(data, MAGIC)
        listed = ExactFilter.parse(data, HEADER_BYTES, head.end)
        if listed.end != head.end:
            raise HotlistCountWrong(detail=f"{head.end - listed.end} bytes too many")
        return cls(head.version, head.dated, listed, sm3(data))


def base_bytes(version: int, dated: date, listed: bytes) -> bytes:
    """The file around the filter's bytes. Raises HotlistMalformed for a version out of range."""
    return frame(MAGIC, version, dated, listed)
