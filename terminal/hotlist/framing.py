"""What the three hotlist files have in common: how they begin, and the checksum they end with.

    magic, 4 bytes | format u8 = 2 | 3 bytes 0 | version u32 | date u32 as YYYYMMDD | ... | CRC-32 u32

All numbers are big-endian. The CRC-32 (IEEE 802.3) over everything before it tells a torn file from one that
is wrong; it proves nothing: the signature lies outside (the content manifest).
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from datetime import date
from typing import Final

from terminal.hotlist.errors import HotlistFormatUnknown, HotlistMalformed, HotlistTorn

FORMAT_VERSION: Final = 2
MAX_FILE_BYTES: Final = 1 << 28  # thirty times what 60 million cards need

_HEADER: Final = struct.Struct(">4sB3sII")
_CHECKSUM: Final = struct.Struct(">I")
HEADER_BYTES: Final = _HEADER.size
CHECKSUM_BYTES: Final = _CHECKSUM.size


@dataclass(frozen=True)
class Frame:
    """The head of a file, and where its body lies in it: from HEADER_BYTES up to `end`."""

    version: int
    dated: date
    end: int


def unframe(data: bytes, magic: bytes) -> Frame:
    """Check head and checksum. Raises HotlistFormatUnknown, HotlistTorn, HotlistMalformed."""
    if not HEADER_BYTES + CHECKSUM_BYTES <= len(data) <= MAX_FILE_BYTES:
        raise HotlistTorn(detail=f"{len(data)} bytes")
    found, form, reserved, version, day = _HEADER.unpack_from(data)
    if found != magic or form != FORMAT_VERSION:
        raise HotlistFormatUnknown(detail=f"{found.hex()} {form}, not {magic.hex()} {FORMAT_VERSION}")
    end = len(data) - CHECKSUM_BYTES
    if zlib.crc32(memoryview(data)[:end]) != _CHECKSUM.unpack_from(data, end)[0]:
        raise HotlistTorn(detail="CRC-32")
    if any(reserved):
        raise HotlistMalformed(detail="reserved != 0")
    return Frame(version, _day(day), end)


def frame(magic: bytes, version: int, dated: date, body: bytes) -> bytes:
    """The whole file around `body`. Raises HotlistMalformed for a version that the format can't hold."""
    if not 0 <= version <= 0xFFFF_FFFF:
        raise HotlistMalformed(detail=f"version {version}")
    day = dated.year * 10_000 + dated.month * 100 + dated.day
    head = _HEADER.pack(magic, FORMAT_VERSION, bytes(3), version, day)
    return head + body + _CHECKSUM.pack(zlib.crc32(body, zlib.crc32(head)))


def _day(number: int) -> date:
    try:
        return date(number // 10_000, number // 100 % 100, number % 100)
    except ValueError as error:
        raise HotlistMalformed(detail=f"date {number}") from error
