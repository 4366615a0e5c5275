"""A standing list: which of all cards issued belong to a group, exactly; known by its name (ADR 0020).

A rule may ask for what must not stand on a card that anybody can read: that its holder is a minor, that the
annual review is overdue. So the list is made as the hotlist's base is, and no card can be read out of it: not
out of what changed since, either, which is a filter too, and not a list of ids.

    lists/NAME/base.bin    head (framing.py), magic 544B4C42 ("TKLB") | name | members filter | CRC-32
    lists/NAME/delta.bin   head, magic 544B4C44 ("TKLD") | name | SM3 of the base, 32 bytes | members u32
                           | named filter | on filter | CRC-32

A name is its length u8 and its ASCII bytes. `members` filter: of every card issued up to the base's date,
those on the list. `named`: of every card issued up to the delta's date, those about which the base alone
would be wrong, or might be; `on`: of these, those on the list. A delta holds all that changed since its base;
the next one takes its place. Its `members` says how many cards are on the list now.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from crypto.explained import Text
from crypto.sm3 import sm3
from terminal.hotlist.errors import (
    HotlistCountWrong,
    HotlistFormatUnknown,
    HotlistMalformed,
    HotlistTorn,
    StandingListDeltaForeign,
    StandingListForeign,
    StandingListMalformed,
)
from terminal.hotlist.exact_filter import ExactFilter
from terminal.hotlist.framing import HEADER_BYTES, Frame, frame, unframe

BASE_MAGIC: Final = b"TKLB"
DELTA_MAGIC: Final = b"TKLD"
DIGEST_BYTES: Final = 32

_COUNT: Final = struct.Struct(">I")
_PROBLEMS: Final = (
    (HotlistTorn, Text(zh="不完整或已损坏", en="it is torn or damaged")),
    (HotlistFormatUnknown, Text(zh="不是常设名单，或本版本不认识其格式", en="no standing list, or unknown")),
    (HotlistCountWrong, Text(zh="数目与内容不符", en="its counts do not fit what it holds")),
    (HotlistMalformed, Text(zh="内容无效", en="it holds what it can't")),
)


@dataclass(frozen=True)
class _Changes:
    """What a delta says."""

    version: int
    dated: date
    members: int
    named: ExactFilter = field(repr=False)
    on: ExactFilter = field(repr=False)


@dataclass(frozen=True)
class StandingList:
    """A list as a terminal holds it. `dated`: the day whose knowledge it has; `version` only rises.

    `count`: how many cards are on it. `digest`: SM3 of the base, by which a delta names it.
    """

    name: str
    version: int
    dated: date
    count: int
    digest: bytes = field(repr=False)
    base_dated: date
    members: ExactFilter = field(repr=False)
    changes: _Changes | None = field(repr=False)

    @classmethod
    def from_files(cls, name: str, base: bytes, delta: bytes | None = None) -> StandingList:
        """The list that must be called `name`.

        Raises StandingListMalformed: StandingListForeign for another list's file, StandingListDeltaForeign.
        """
        try:
            head, place = _opened(base, BASE_MAGIC, name)
            members = ExactFilter.parse(base, place, head.end)
            _require_end(members, head)
            digest = sm3(base)
            changes = None if delta is None else _changes(delta, name, digest)
        except HotlistMalformed as error:
            problem = next(text for kind, text in _PROBLEMS if isinstance(error, kind))
            detail = error.facts.get("detail", "")
            raise StandingListMalformed(name=name, problem=problem, detail=detail) from error
        if changes is not None and (changes.version <= head.version or changes.dated < head.dated):
            raise StandingListDeltaForeign(name=name, detail=f"{head.version}, {changes.version}")
        return cls(
            name=name,
            version=head.version if changes is None else changes.version,
            dated=head.dated if changes is None else changes.dated,
            count=members.part if changes is None else changes.members,
            digest=digest,
            base_dated=head.dated,
            members=members,
            changes=changes,
        )

    def holds(self, hashed: int, issued: date) -> bool:
        """Whether a card, given as `mix(card id)` and its day of issue, is on the list.

        A card issued after the list's date is not: of a card that it does not know, a filter says anything.
        """
        changes = self.changes
        if changes is not None and issued <= changes.dated and changes.named.holds(hashed):
            return changes.on.holds(hashed)
        return issued <= self.base_dated and self.members.holds(hashed)

    def age(self, today: date) -> int:
        """How many days old the list is on `today`; negative if it is dated later."""
        return (today - self.dated).days


def base_bytes(name: str, version: int, dated: date, members: bytes) -> bytes:
    """The base around its filter's bytes. Raises HotlistMalformed for a version out of range."""
    return frame(BASE_MAGIC, version, dated, _name_bytes(name) + members)


def delta_bytes(held: StandingList, version: int, dated: date, members: int, filters: bytes) -> bytes:
    """A delta on the base of `held`, around the bytes of its two filters. Raises as `base_bytes`."""
    body = _name_bytes(held.name) + held.digest + _COUNT.pack(members) + filters
    return frame(DELTA_MAGIC, version, dated, body)


def _name_bytes(name: str) -> bytes:
    data = name.encode("ascii")
    return bytes([len(data)]) + data


def _opened(data: bytes, magic: bytes, name: str) -> tuple[Frame, int]:
    """The head, and where the name ends. Raises HotlistMalformed, StandingListForeign."""
    head = unframe(data, magic)
    end = HEADER_BYTES + 1 + data[HEADER_BYTES]
    if end > head.end:
        raise HotlistCountWrong(detail=f"{head.end - HEADER_BYTES} bytes left for a name")
    found = data[HEADER_BYTES + 1 : end]
    if found != name.encode("ascii"):
        raise StandingListForeign(name=name, found=found.decode("ascii", "backslashreplace"))
    return head, end


def _changes(data: bytes, name: str, base: bytes) -> _Changes:
    head, place = _opened(data, DELTA_MAGIC, name)
    counted = place + DIGEST_BYTES
    if counted + _COUNT.size > head.end:
        raise HotlistCountWrong(detail=f"{head.end - place} bytes left for changes")
    if data[place:counted] != base:
        raise StandingListDeltaForeign(name=name, detail=head.version)
    members = _COUNT.unpack_from(data, counted)[0]
    named = ExactFilter.parse(data, counted + _COUNT.size, head.end)
    on = ExactFilter.parse(data, named.end, head.end)
    _require_end(on, head)
    if on.universe != named.part or not on.part <= members <= named.universe:
        raise HotlistCountWrong(detail=f"{on.part} of {on.universe}, {named.part} of {named.universe}")
    return _Changes(head.version, head.dated, members, named, on)


def _require_end(last: ExactFilter, head: Frame) -> None:
    if last.end != head.end:
        raise HotlistCountWrong(detail=f"{head.end - last.end} bytes too many")
