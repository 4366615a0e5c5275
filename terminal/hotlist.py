"""The hotlist: which cards must not be accepted, exactly and without an index.

One file, big-endian, signed as a whole outside of it (content context "hotlist"):

    magic 544B484C ("TKHL") | format u8 = 1 | list version u32 | date u32 as YYYYMMDD | count u32
    count × ( card id, 8 bytes | reason u8 ), card ids strictly ascending

The list stays the bytes it came as; a lookup is a binary search over them.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from crypto.credential import CARD_ID_BYTES
from terminal.errors import HotlistMalformed

MAGIC: Final = b"TKHL"
FORMAT_VERSION: Final = 1
MAX_ENTRIES: Final = 5_000_000  # 45 MB: a file beyond it is no list of this format

_HEADER: Final = struct.Struct(">4sBIII")
_ENTRY: Final = struct.Struct(f">{CARD_ID_BYTES}sB")


class HotlistReason(StrEnum):
    """Why a card is listed; for staff only."""

    LOST = "lost"
    WITHDRAWN = "withdrawn"
    DECEASED = "deceased"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"  # by a reissue
    MISUSE = "misuse"


# The byte that stands for a reason in the file: 1 for the first member, and so on; new ones go to the end.
_REASONS: Final = MappingProxyType(dict(enumerate(HotlistReason, start=1)))
_CODES: Final = MappingProxyType({reason: code for code, reason in _REASONS.items()})


@dataclass(frozen=True)
class Hotlist:
    """A list of cards; `dated` is the day whose knowledge it holds. Made by `from_bytes` or `of`."""

    version: int
    dated: date
    count: int
    _entries: memoryview = field(repr=False)

    @classmethod
    def from_bytes(cls, data: bytes) -> Hotlist:
        """The list in a hotlist file, every entry checked. Raises HotlistMalformed."""
        if len(data) < _HEADER.size:
            raise HotlistMalformed(detail=f"{len(data)} bytes are too few")
        magic, form, version, day, count = _HEADER.unpack_from(data)
        if magic != MAGIC:
            raise HotlistMalformed(detail="it does not begin with TKHL")
        if form != FORMAT_VERSION:
            raise HotlistMalformed(detail=f"format {form} is not known")
        if count > MAX_ENTRIES:
            raise HotlistMalformed(detail=f"{count} entries are too many")
        entries = memoryview(data)[_HEADER.size :]
        if len(entries) != count * _ENTRY.size:
            raise HotlistMalformed(detail=f"{len(entries)} bytes of entries are not {count} entries")
        _check_entries(entries)
        return cls(version=version, dated=_day(day), count=count, _entries=entries)

    @classmethod
    def of(cls, version: int, dated: date, cards: Mapping[bytes, HotlistReason]) -> Hotlist:
        """The list of `cards` (card id → reason). Raises HotlistMalformed if the format can't hold it."""
        if not 0 <= version <= 0xFFFF_FFFF:
            raise HotlistMalformed(detail=f"version {version} is out of range")
        if wrong := {len(card_id) for card_id in cards} - {CARD_ID_BYTES}:
            raise HotlistMalformed(detail=f"a card id has {min(wrong)} bytes, not {CARD_ID_BYTES}")
        entries = b"".join(_ENTRY.pack(card_id, _CODES[reason]) for card_id, reason in sorted(cards.items()))
        return cls.from_bytes(_header(version, dated, len(cards)) + entries)

    def to_bytes(self) -> bytes:
        """The file; equal lists give equal bytes."""
        return _header(self.version, self.dated, self.count) + bytes(self._entries)

    def status(self, card_id: bytes) -> HotlistReason | None:
        """Why the card with this id (8 bytes) is listed, or None if it is not."""
        place = bisect_left(range(self.count), card_id, key=self._card_id)
        if place == self.count or self._card_id(place) != card_id:
            return None
        return _REASONS[self._entries[place * _ENTRY.size + CARD_ID_BYTES]]

    def age(self, today: date) -> int:
        """How many days old the list is on `today`; negative if it is dated later."""
        return (today - self.dated).days

    def _card_id(self, place: int) -> bytes:
        start = place * _ENTRY.size
        return bytes(self._entries[start : start + CARD_ID_BYTES])


def _header(version: int, dated: date, count: int) -> bytes:
    day = dated.year * 10_000 + dated.month * 100 + dated.day
    return _HEADER.pack(MAGIC, FORMAT_VERSION, version, day, count)


def _day(number: int) -> date:
    try:
        return date(number // 10_000, number // 100 % 100, number % 100)
    except ValueError as error:
        raise HotlistMalformed(detail=f"{number} is no date") from error


def _check_entries(entries: memoryview) -> None:
    previous = b""
    for place, (card_id, code) in enumerate(_ENTRY.iter_unpack(entries)):
        if card_id <= previous:
            fault = "stands twice" if card_id == previous else "is out of order"
            raise HotlistMalformed(detail=f"entry {place} {fault}")
        if code not in _REASONS:
            raise HotlistMalformed(detail=f"entry {place} has the unknown reason {code}")
        previous = card_id
