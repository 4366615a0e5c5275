"""Makes the standing lists of the next publication from the centre's registers (ADR 0020).

A list is published as a base and, from then on, a delta that holds all that changed since; a new base comes
when the old one is a month old, or when a delta would be no smaller. A list not made anew stays as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from crypto.explained import Text
from sync.errors import ContentInvalid
from terminal.content.manifest import LIST_BASE, LIST_DELTA, LISTS, list_file
from terminal.hotlist.building import Issued
from terminal.hotlist.bulk_hash import Numbers
from terminal.hotlist.registers import read_issued, read_members
from terminal.hotlist.standing_list import StandingList
from terminal.hotlist.standing_list_building import build_list, build_list_delta

BASE_SERVES: Final = timedelta(days=31)
_NOT_THERE: Final = Text(zh="没有发布过这份名单", en="no such list was published")


@dataclass(frozen=True)
class ListRegisters:
    """`issued`: all cards issued up to `dated`, that day included. `members`: a list's cards, by its name."""

    issued: Path
    dated: date
    members: Mapping[str, Path]


@dataclass(frozen=True)
class ListChanges:
    """What becomes of the lists: made anew, dropped; and which of them may lose many of their cards."""

    registers: ListRegisters | None = None
    dropped: frozenset[str] = frozenset()
    may_shrink: frozenset[str] = frozenset()

    def applied(
        self, files: Mapping[str, bytes], held: Mapping[str, StandingList], version: int
    ) -> dict[str, bytes]:
        """The lists' files in publication `version`; `files` and `held` are those of the one before it.

        A list made anew gets the publication's number: one that was dropped and comes back can't be older
        than what a terminal has. Raises ContentInvalid for a list dropped that there is not; FileNotRead,
        HotlistEntryRefused, HotlistColumnsMissing, HotlistNotBuilt, StandingListDeltaForeign.
        """
        for name in sorted(self.dropped - held.keys()):
            raise ContentInvalid(name=LISTS + name, detail=_NOT_THERE)
        made = {
            name: data
            for name, data in files.items()
            if name.startswith(LISTS) and name.split("/")[1] not in self.dropped
        }
        if self.registers is None:
            return made
        issued = read_issued(self.registers.issued)
        for name, path in self.registers.members.items():
            news = _News(issued, read_members(path, issued), version, self.registers.dated)
            base = made.pop(list_file(name, LIST_BASE), b"")
            made.pop(list_file(name, LIST_DELTA), None)
            delta = news.delta(held[name]) if base else None
            if delta is None or len(delta) >= len(base):
                made[list_file(name, LIST_BASE)] = news.base(name)
            else:
                made |= {list_file(name, LIST_BASE): base, list_file(name, LIST_DELTA): delta}
        return made


@dataclass(frozen=True)
class _News:
    """What is known of a list now."""

    issued: Issued
    members: Numbers
    version: int
    dated: date

    def base(self, name: str) -> bytes:
        """It as a new base."""
        return build_list(name, self.issued, self.members, self.version, self.dated)

    def delta(self, held: StandingList) -> bytes | None:
        """It on the base that is held; None if that has served its time."""
        if self.dated - held.base_dated > BASE_SERVES:
            return None
        return build_list_delta(held, self.issued, self.members, self.version, self.dated)


UNCHANGED: Final = ListChanges()
